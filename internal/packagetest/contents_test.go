// SPDX-License-Identifier: Apache-2.0

//go:build packaged && linux

package packagetest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (the test writes it with -update): got\n%swant\n%s", path, got, want)
	}
}

// commandPage is the manual page of a subcommand. They come and go with the
// commands, so they are listed as one.
var commandPage = regexp.MustCompile(`/quietsetup-[a-z-]+\.1\.gz$`)

// installed lists what the package has brought, as it lies on the disk: mode,
// owner, group, name. Directories that every system has are left out.
func (m *machine) installed(p manager) string {
	m.t.Helper()
	var names []string
	for name := range strings.Lines(p.list(m).stdout) {
		name = strings.TrimSpace(name)
		if strings.Contains(name, "quietsetup") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []string
	for _, line := range strings.Split(m.must(append([]string{"stat", "--format", "%A %U %G %n"}, names...)...), "\n") {
		if !strings.Contains(line, "-prompt.1.gz") {
			line = commandPage.ReplaceAllString(line, "/quietsetup-COMMAND.1.gz")
		}
		if !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n") + "\n"
}

// TestManualPages renders every page as a reader would, and takes no warning.
func TestManualPages(t *testing.T) {
	needs.Tool(t, "man", "dpkg-deb")
	dir := t.TempDir()
	if out, err := exec.Command("dpkg-deb", "--extract", find(t, dist, "deb"), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "usr/share/man/man*/*.gz"))
	if err != nil || len(pages) < 4 {
		t.Fatalf("found %d pages (%v)", len(pages), err)
	}
	for _, page := range pages {
		cmd := exec.Command("man", "--warnings", "--encoding=UTF-8", "-l", page)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANROFFSEQ=", "MANWIDTH=80", "MANPAGER=cat")
		var warnings strings.Builder
		cmd.Stderr = &warnings
		text, err := cmd.Output()
		if err != nil || warnings.Len() > 0 || !strings.Contains(string(text), "NAME") {
			t.Errorf("%s: %v\n%s\n%s", filepath.Base(page), err, warnings.String(), text)
		}
	}
}

// TestDescriptions holds what the packages say of themselves.
func TestDescriptions(t *testing.T) {
	needs.Tool(t, "dpkg-deb", "rpm")
	deb := exec.Command("dpkg-deb", "--field", find(t, dist, "deb"), "Package", "Section", "Priority", "Depends", "Pre-Depends", "Recommends", "Conflicts")
	rpm := exec.Command("rpm", "-qp", "--qf", "%{NAME}\nrequires [%{REQUIRES} ]\nrecommends [%{RECOMMENDS} ]\nconflicts [%{CONFLICTS} ]\n%{LICENSE}\n", find(t, dist, "rpm"))
	for cmd, want := range map[*exec.Cmd]string{
		deb: "Package: quietsetup\nSection: admin\nPriority: optional\nRecommends: zenity, dbus\n",
		rpm: "quietsetup\nrequires /bin/sh \nrecommends zenity dbus \nconflicts \nApache-2.0\n",
	} {
		got, err := cmd.Output()
		if err != nil || string(got) != want {
			t.Errorf("%v: %v\n%swant\n%s", cmd.Args, err, got, want)
		}
	}
}

func TestLintian(t *testing.T) {
	needs.Tool(t, "lintian")
	cmd := exec.Command("lintian", "--allow-root", "--fail-on", "error,warning", find(t, dist, "deb"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestScriptsAreClean(t *testing.T) {
	needs.Tool(t, "shellcheck")
	scripts := []string{"build", "version", "deb/postinst", "deb/prerm", "deb/postrm", "rpm/post", "rpm/preun", "rpm/postun"}
	for i, s := range scripts {
		scripts[i] = filepath.Join(top, "packaging", s)
	}
	if out, err := exec.Command("shellcheck", append([]string{"--shell=sh"}, scripts...)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestVersions: git's words become versions that both package managers order as
// they are meant. Each is older than the next.
func TestVersions(t *testing.T) {
	needs.Tool(t, "dpkg", "rpm")
	const day = 1700000000
	last := ""
	for _, c := range []struct {
		described string
		seconds   int
		want      string
	}{
		{"dev", day - 1, "0~20231114221319.dev"},
		{"abc1234", day, "0~20231114221320.abc1234"},
		{"abc1234-dirty", day, "0~20231114221320.abc1234+dirty"},
		{"0001234", day + 1, "0~20231114221321.0001234"},
		{"v0.1.0-alpha", day, "0.1.0~alpha"},
		{"v0.1.0", day, "0.1.0"},
		{"v1.2.0-rc.1", day, "1.2.0~rc.1"},
		{"v1.2.0-rc.1-9-gabc1234", day, "1.2.0~rc.1+9.gabc1234"},
		{"v1.2.0-rc.1-10-gabc1234", day, "1.2.0~rc.1+10.gabc1234"},
		{"v1.2.0-rc.2", day, "1.2.0~rc.2"},
		{"v1.2.0", day, "1.2.0"},
		{"v1.2.0-3-g0bc1234", day, "1.2.0+3.g0bc1234"},
		{"v1.2.0-3-g0bc1234-dirty", day, "1.2.0+3.g0bc1234+dirty"},
		{"v1.2.1", day, "1.2.1"},
		{"v1.10.0", day, "1.10.0"},
	} {
		out, err := exec.Command(top+"/packaging/version", c.described, fmt.Sprint(c.seconds)).CombinedOutput()
		got := strings.TrimSpace(string(out))
		if err != nil || got != c.want {
			t.Errorf("%s: %q (%v), want %q", c.described, got, err, c.want)
		}
		if last != "" {
			if err := exec.Command("dpkg", "--compare-versions", last+"-1", "lt", got+"-1").Run(); err != nil {
				t.Errorf("dpkg: %s is not older than %s", last, got)
			}
			cmp, err := exec.Command("rpm", "--eval", fmt.Sprintf("%%{lua:print(rpm.vercmp(%q, %q))}", last, got)).Output()
			if err != nil || strings.TrimSpace(string(cmp)) != "-1" {
				t.Errorf("rpm: %s is not older than %s: %s (%v)", last, got, cmp, err)
			}
		}
		last = got
	}
	for _, bad := range []string{"v1.2.0_x", "v1/2", "v1 2"} {
		if out, err := exec.Command(top+"/packaging/version", bad, "1").CombinedOutput(); err == nil {
			t.Errorf("%q became %s", bad, out)
		}
	}
}
