// SPDX-License-Identifier: Apache-2.0

//go:build unix

package daemon

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/effects"
	"github.com/quietsetup/quietsetup/internal/opsiscript"
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
	if _, err := s.Start(t.Context(), w); !errors.Is(err, effects.ErrNotNow) || !errors.Is(err, opsiscript.ErrChanged) || looked != 1 {
		t.Errorf("a changed row: %v, looked %d times", err, looked)
	}
}
