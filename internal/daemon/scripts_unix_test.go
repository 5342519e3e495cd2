// SPDX-License-Identifier: Apache-2.0

//go:build unix

package daemon

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/effects"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/opsiscript"
	"github.com/quietsetup/quietsetup/internal/source/packages"
)

// noRows is a server whose row wants something else by now.
type noRows struct{}

func (noRows) Row(context.Context, string) (events.Report, bool, error) {
	return events.Report{ActionRequest: events.ActionUninstall}, true, nil
}
func (noRows) Mark(context.Context, string, events.Action, string) error { return nil }
func (noRows) Restore(context.Context, string, events.Action) error      { return nil }

type noWishes struct{}

func (noWishes) Look() (opsiscript.Wish, error) { return opsiscript.NoWish, nil }
func (noWishes) Clear() error                   { return nil }

// TestNotNow: a program that is not there and a row that wants something else are
// waits, and the second has the source looked at.
func TestNotNow(t *testing.T) {
	looked := 0
	dir := t.TempDir()
	s := scripts{runner: opsiscript.Runner{Program: filepath.Join(dir, "none"), System: "linux", Folder: dir, Rows: noRows{}, Wishes: noWishes{},
		Site: opsiscript.Site{URL: "https://opsi.site.test:4447/rpc", ClientID: "pc1.site.test"}}, soon: func() { looked++ }}
	w := fsm.RunInstaller{Token: "t", Action: events.ActionSetup, Package: events.Package{Product: "p", Script: "setup.opsiscript"}}
	if _, err := s.Start(t.Context(), w); !errors.Is(err, effects.ErrNotNow) || !errors.Is(err, opsiscript.ErrNoProgram) || !strings.Contains(err.Error(), s.runner.Program) {
		t.Errorf("no program: %v", err)
	}
	s.runner.Program = "/bin/true"
	s.runner.Site.Depot = dir // unmounted since people were asked
	if _, err := s.Start(t.Context(), w); !errors.Is(err, effects.ErrNotNow) || !errors.Is(err, fs.ErrNotExist) || looked != 0 {
		t.Errorf("no depot: %v, looked %d times", err, looked)
	}
	s.runner.Site.Depot = ""
	if _, err := s.Start(t.Context(), w); !errors.Is(err, effects.ErrNotNow) || !errors.Is(err, opsiscript.ErrChanged) || looked != 1 {
		t.Errorf("a changed row: %v, looked %d times", err, looked)
	}
}

// TestObservedScript: who only observes looks for a script where a run would, and waits
// where that would wait.
func TestObservedScript(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("a", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := openDepot(t.Context(), parts{config: config.Config{Source: config.Source{Kind: config.Opsi, URL: "https://opsi.site.test:4447", KeyFile: key, HostID: "pc1.site.test", OpsiScript: "/bin/true"}}}, state, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	s := d.source.(*server)
	s.runner.Site.Depot = dir
	pkg := metadata.Package{Package: events.Package{Product: "p"}, Scripts: map[events.Action]string{events.ActionSetup: "setup.opsiscript"}}
	for name, r := range map[string]packages.Reader{"a run": s.packages, "an observer": s.glances} {
		if _, problem, err := r.Script(pkg, events.ActionSetup); !errors.Is(err, fs.ErrNotExist) || problem != nil {
			t.Errorf("%s: %v, %v", name, problem, err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "p"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "p", "setup.opsiscript"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]packages.Reader{"a run": s.packages, "an observer": s.glances} {
		if got, problem, err := r.Script(pkg, events.ActionSetup); err != nil || problem != nil || got.Script != "setup.opsiscript" {
			t.Errorf("%s: %+v, %v, %v", name, got, problem, err)
		}
	}
}
