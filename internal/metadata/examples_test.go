// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/checks"
)

// TestTheExampleDepotIsGood reads examples/depot, which people copy from.
func TestTheExampleDepotIsGood(t *testing.T) {
	depot, err := filepath.Abs("../../examples/depot")
	if err != nil {
		t.Fatal(err)
	}
	m := Machine{"linux", "arm64"}
	r := Reader{Depot: depot, Machine: m, Constants: MachineConstants(m),
		CheckDir: func(dir string) error { return checks.CheckDir(checks.Unix(), dir) }}
	for id, dirs := range map[string][]string{"notes": {"/tmp/quietsetup-example/notes"}, "fonts": nil} {
		p, problem, err := r.Load(id)
		if err != nil || problem != nil {
			t.Errorf("%s: %+v, %v", id, problem, err)
			continue
		}
		if !slices.Equal(p.Dirs, dirs) || p.Metadata != (dirs != nil) || !p.Repeatable || p.Policy.Empty() || p.Command[1] != p.ProductVersion {
			t.Errorf("%s: %+v", id, p)
		}
		for _, w := range p.Warnings {
			if !strings.Contains(w, "names no directory and no process") {
				t.Errorf("%s: %s", id, w)
			}
		}
		if _, err := os.Stat(filepath.Join(p.Folder, p.Command[0])); err != nil {
			t.Errorf("%s: its command: %v", id, err)
		}
	}
}

func TestHostileDirectoriesAreRefused(t *testing.T) {
	for _, dir := range []string{"/", "//", "/.", "/usr", "/usr/bin", "/bin/", "/etc", "/proc/self", "/home/alice", "/opt", "/opt/p/..", "/opt/../usr", "/tmp", "/root",
		"/usr//bin", "/usr/./bin", "/home", "/var/tmp", "~/p", "$HOME/p", ".", "p", "file:///opt/p"} {
		r := depotWith(t, "[[installers]]\ncheck_processes_from_dirs = ['/opt/fine', '"+dir+"']\n")
		r.CheckDir = func(dir string) error { return checks.CheckDir(checks.Unix(), dir) }
		if got := bad(t, r); !strings.HasPrefix(got, "bad_directory: p/CLIENT_DATA/opsi-meta-data.toml:2: installers[0].check_processes_from_dirs[1]: ") {
			t.Errorf("%q: %s", dir, got)
		}
	}
}

func TestWithoutAJudgeNoDirectoryIsSearched(t *testing.T) {
	r := depotWith(t, "[[installers]]\ninstall_dir = '/opt/p'\n")
	r.CheckDir = nil
	if got := bad(t, r); !strings.Contains(got, `bad_directory: p/CLIENT_DATA/opsi-meta-data.toml:2: installers[0].install_dir: directory "/opt/p" cannot be judged`) {
		t.Error(got)
	}
}
