// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/canon"
	"github.com/quietsetup/quietsetup/internal/metadata/draft/depottest"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

func makeIn(t *testing.T, depot, id string) (Draft, error) {
	t.Helper()
	root, err := os.OpenRoot(filepath.Join(depot, id))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	return Make(root, id)
}

// TestDepot drafts thirty packages, and has the metadata's own reader load each
// draft for the machine it is for.
func TestDepot(t *testing.T) {
	depot, all := depottest.Make(t)
	if len(all) < 30 {
		t.Errorf("%d packages, want 30", len(all))
	}
	for _, p := range all {
		t.Run(p.ID, func(t *testing.T) {
			d, err := makeIn(t, depot, p.ID)
			switch p.Want.Result {
			case "failed":
				if !errors.Is(err, ErrBroken) {
					t.Errorf("got %v, want ErrBroken", err)
				}
				return
			case "skipped":
				if !errors.Is(err, ErrNetboot) {
					t.Errorf("got %v, want ErrNetboot", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.Want.Result == "kept" {
				return // drafted only when forced
			}
			if runtime.GOOS == "windows" && slices.Contains([]string{"linux-sh", "linux-deb", "links-out"}, p.ID) {
				return // the right to run a file, and links, are not to be had there
			}
			compare(t, d, p.Want)
			loads(t, depot, d, p.Want)
		})
	}
}

func compare(t *testing.T, d Draft, want depottest.Want) {
	t.Helper()
	var machines, dirs, processes []string
	for _, in := range d.Installers {
		m := in.OS + " " + in.Arch + " background"
		if !in.Background {
			m = in.OS + " " + in.Arch + " held"
		}
		machines = append(machines, m)
		dirs = append(dirs, strings.Join(in.Dirs, ";"))
		processes = append(processes, strings.Join(in.Processes, ";"))
	}
	bad := false
	differ := func(what string, got, want any) { t.Errorf("%s:\n got %q\nwant %q", what, got, want); bad = true }
	if string(d.Sure) != want.Sure {
		differ("sure", d.Sure, want.Sure)
	}
	if !slices.Equal(machines, want.Machines) {
		differ("machines", machines, want.Machines)
	}
	if !slices.Equal(dirs, want.Dirs) {
		differ("dirs", dirs, want.Dirs)
	}
	if len(want.Processes) > 0 && !slices.Equal(processes, want.Processes) || len(want.Processes) == 0 && strings.Join(processes, "") != "" {
		differ("processes", processes, want.Processes)
	}
	if got := strings.Join(d.Command, " "); got != want.Command {
		differ("command", got, want.Command)
	}
	if want.Notes != nil {
		var codes []string
		for _, n := range d.Notes {
			codes = append(codes, string(n.Code))
		}
		slices.Sort(codes)
		codes = slices.Compact(codes)
		sorted := slices.Sorted(slices.Values(want.Notes))
		if !slices.Equal(codes, sorted) {
			differ("notes", codes, sorted)
		}
	}
	if bad {
		t.Logf("%s", d.Text)
	}
}

// loads has the reader that the service uses read the draft.
func loads(t *testing.T, depot string, d Draft, want depottest.Want) {
	t.Helper()
	os_, arch, _ := strings.Cut(want.LoadsOn, " ")
	if _, err := tomlfile.Parse("draft", d.Text); err != nil {
		t.Fatalf("%v\n%s", err, d.Text)
	}
	if formatted, err := canon.Format("draft", d.Text); err != nil || string(formatted) != string(d.Text) {
		t.Errorf("meta fmt would change it, %v:\n%s\nto\n%s", err, d.Text, formatted)
	}
	overlay := t.TempDir()
	if err := os.WriteFile(filepath.Join(overlay, d.Product+".toml"), d.Text, 0o600); err != nil {
		t.Fatal(err)
	}
	machine := metadata.Machine{OS: os_, Arch: arch}
	r := metadata.Reader{Depot: depot, Overlay: overlay, Machine: machine, Constants: metadata.StandardConstants(machine), CheckDir: func(dir string) error {
		rules := checks.Unix()
		if os_ == "windows" {
			rules = checks.Windows()
		}
		return checks.CheckDir(rules, dir)
	}}
	p, problem, err := r.Load(d.Product)
	if err != nil || problem != nil {
		t.Fatalf("does not load: %v %v\n%s", problem, err, d.Text)
	}
	if p.Metadata != want.HoldsThere {
		t.Errorf("names something: %v, want %v\n%s", p.Metadata, want.HoldsThere, d.Text)
	}
	for _, w := range p.Warnings {
		if !strings.Contains(w, "names no directory and no process") {
			t.Errorf("the reader warns: %s", w)
		}
	}
}
