// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// control is a good control file for a product.
func control(id string) string {
	return "[Package]\nversion = \"3\"\n[Product]\ntype = \"LocalbootProduct\"\nid = \"" + id + "\"\nname = \"Some " + id + "\"\nversion = \"1.2\"\npriority = 10\nsetupScript = \"setup.opsiscript\"\n"
}

// write writes files below dir, making folders; a path is slashed.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// anyDir lets every directory be searched but one, so that tests see who asks.
func anyDir(dir string) error {
	if dir == "/usr" || strings.EqualFold(dir, `C:\Windows`) {
		return fmt.Errorf("directory %q belongs to the system", dir)
	}
	return nil
}

// depotWith makes a depot with one package "p" whose metadata file is meta; ""
// leaves it out.
func depotWith(t testing.TB, meta string) Reader {
	t.Helper()
	r := Reader{Depot: t.TempDir(), Machine: Machine{"linux", "x64"}, Constants: MachineConstants(Machine{"linux", "x64"}), CheckDir: anyDir}
	files := map[string]string{"p/OPSI/control.toml": control("p"), "p/CLIENT_DATA/setup.sh": "#!/bin/sh\n"}
	if meta != "" {
		files["p/CLIENT_DATA/opsi-meta-data.toml"] = meta
	}
	write(t, r.Depot, files)
	return r
}

// good loads package p, which must be usable.
func good(t *testing.T, r Reader) Package {
	t.Helper()
	p, problem, err := r.Load("p")
	if err != nil || problem != nil {
		t.Fatalf("cannot load: %v, %+v", err, problem)
	}
	return p
}

// bad loads package p, which must have a Problem; it returns "code: message".
func bad(t *testing.T, r Reader) string {
	t.Helper()
	_, problem, err := r.Load("p")
	if err != nil || problem == nil {
		t.Fatalf("no problem: %v", err)
	}
	if strings.ContainsAny(problem.Message, "\n\x1b") {
		t.Errorf("not one line: %q", problem.Message)
	}
	return problem.Code + ": " + problem.Message
}

func TestPackageWithoutMetadata(t *testing.T) {
	p := good(t, depotWith(t, ""))
	if p.Metadata || p.Product != "p" || p.Name != "Some p" || p.ProductVersion != "1.2" || p.PackageVersion != "3" || p.Priority != 10 {
		t.Errorf("%+v", p)
	}
	if filepath.Base(p.Folder) != "CLIENT_DATA" || !filepath.IsAbs(p.Folder) || len(p.Digest) != 64 {
		t.Errorf("folder %q, digest %q", p.Folder, p.Digest)
	}
	if got := p.CheckAction("setup"); got == nil || got.Code != CodeNoCommand ||
		got.Message != "p/CLIENT_DATA/opsi-meta-data.toml: quietsetup.command: is not set, so there is nothing to run for setup" {
		t.Errorf("%+v", got)
	}
}

func TestMissingPackageAndMissingDepotDiffer(t *testing.T) {
	r := depotWith(t, "")
	for _, id := range []string{"q", "..", "../p", "P", "p/OPSI", "", "con", "p\x00", strings.Repeat("p", 200)} {
		_, problem, err := r.Load(id)
		if err != nil || problem == nil || problem.Code != CodeMissing {
			t.Errorf("%q: %+v, %v", id, problem, err)
		}
	}
	for _, depot := range []string{filepath.Join(r.Depot, "gone"), t.TempDir(), filepath.Join(r.Depot, "p/OPSI/control.toml")} {
		r.Depot = depot
		if _, problem, err := r.Load("p"); !errors.Is(err, ErrDepotUnreachable) || problem != nil {
			t.Errorf("%s: %+v, %v", depot, problem, err)
		}
	}
	if err := r.Reachable(); !errors.Is(err, ErrDepotUnreachable) {
		t.Errorf("reachable: %v", err)
	}
}

func TestFilesAreLost(t *testing.T) {
	r := depotWith(t, "")
	if err := os.Remove(filepath.Join(r.Depot, "p/OPSI/control.toml")); err != nil {
		t.Fatal(err)
	}
	if got := bad(t, r); got != "metadata_unreadable: p/OPSI/control.toml: is missing" {
		t.Error(got)
	}
	r = depotWith(t, "")
	if err := os.RemoveAll(filepath.Join(r.Depot, "p/CLIENT_DATA")); err != nil {
		t.Fatal(err)
	}
	if got := bad(t, r); got != "metadata_unreadable: p/CLIENT_DATA: is not there, or not a plain folder" {
		t.Error(got)
	}
}

func TestDigestSeesEveryFile(t *testing.T) {
	r := depotWith(t, "[[installers]]\ninstall_dir = '/opt/p'\n")
	r.Overlay = t.TempDir()
	seen := map[string]bool{good(t, r).Digest: true}
	for _, change := range []struct{ dir, name, text string }{
		{r.Depot, "p/OPSI/control.toml", control("p") + "\n# changed\n"},
		{r.Depot, "p/CLIENT_DATA/opsi-meta-data.toml", "[[installers]]\ninstall_dir = '/opt/q'\n"},
		{r.Overlay, "p.toml", "[quietsetup]\n"},
	} {
		write(t, change.dir, map[string]string{change.name: change.text})
		d := good(t, r).Digest
		if seen[d] {
			t.Errorf("a change of %s does not show", change.name)
		}
		if d != good(t, r).Digest {
			t.Error("the digest is not stable")
		}
		seen[d] = true
	}
}

func TestOverlayBeatsThePackage(t *testing.T) {
	r := depotWith(t, `
[[installers]]
install_dir = '/opt/package'
processes = ['package']
[installers.quietsetup]
command = ['./installer.sh']
repeatable = true
[quietsetup]
command = ['./package.sh']
uninstall_command = ['./remove.sh']
[quietsetup.policy]
max_defer = 1
DIALOG_TIMEOUT = '30s'
`)
	r.Overlay = filepath.Join(t.TempDir(), "none yet")
	p := good(t, r)
	if p.Command[0] != "./installer.sh" || p.Uninstall[0] != "./remove.sh" || !p.Repeatable || p.Dirs[0] != "/opt/package" {
		t.Errorf("without overlay: %+v", p.Package)
	}
	write(t, r.Overlay, map[string]string{"p.toml": "[quietsetup]\ncommand = ['/site.sh']\n[quietsetup.policy]\nmax_defer = 2\n", "q.toml": "broken"})
	p = good(t, r)
	if p.Command[0] != "/site.sh" || p.Uninstall[0] != "./remove.sh" || p.Dirs[0] != "/opt/package" {
		t.Errorf("with commands in the overlay: %+v", p.Package)
	}
	effective, warnings := policy.Resolve(p.Policy)
	if effective.MaxDefer != 2 || effective.DialogTimeout != 30_000 || effective.Origin["max_defer"] != "metadata" || warnings != nil {
		t.Errorf("policy %+v, %v", effective, warnings)
	}
	write(t, r.Overlay, map[string]string{"p.toml": "[[installers]]\ninstall_dir = '/opt/site'\n"})
	p = good(t, r)
	if p.Command[0] != "./package.sh" || p.Dirs[0] != "/opt/site" || p.Processes != nil || p.Repeatable {
		t.Errorf("with installers in the overlay: %+v", p.Package)
	}
	write(t, r.Overlay, map[string]string{"p.toml": "[quietsetup]\ncommand = 'x'\n"})
	want := "metadata_unreadable: " + filepath.Join(r.Overlay, "p.toml") + ":2: quietsetup.command: must be a list, is a string"
	if got := bad(t, r); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCheckStart(t *testing.T) {
	r := depotWith(t, "[quietsetup]\ncommand = ['./setup.sh']\nuninstall_command = [\n  './remove.sh',\n]\n")
	p := good(t, r)
	var asked []string
	refuse := func(folder string, argv []string) error {
		asked = append(asked, folder+" "+argv[0])
		return errors.New("cannot\nrun")
	}
	for action, want := range map[events.Action]string{
		"setup":     "p/CLIENT_DATA/opsi-meta-data.toml:2: quietsetup.command[0]: cannot?run",
		"uninstall": "p/CLIENT_DATA/opsi-meta-data.toml:4: quietsetup.uninstall_command[0]: cannot?run",
	} {
		asked = nil
		got := p.CheckStart(action, refuse)
		if got == nil || got.Code != CodeNoCommand || got.Message != want {
			t.Errorf("%s: %+v, want %s", action, got, want)
		}
		if len(asked) != 1 || asked[0] != p.Folder+" "+p.CommandFor(action)[0] {
			t.Errorf("%s: asked %q", action, asked)
		}
		if got := p.CheckStart(action, func(string, []string) error { return nil }); got != nil {
			t.Errorf("%s: %+v", action, got)
		}
		if got := p.CheckStart(action, nil); got == nil || !strings.Contains(got.Message, "cannot be judged") {
			t.Errorf("%s without a check: %+v", action, got)
		}
	}
	p = good(t, depotWith(t, ""))
	if got := p.CheckStart("setup", refuse); got == nil || !strings.Contains(got.Message, "is not set") {
		t.Errorf("without a command: %+v", got)
	}
}

func TestAnOverlayThatOthersCanWrite(t *testing.T) {
	r := depotWith(t, "")
	r.Overlay = t.TempDir()
	r.CheckOverlay = func(path string, info fs.FileInfo) error {
		return errors.New(path + ": others can write " + info.Name())
	}
	good(t, r) // no file there, nothing to judge
	write(t, r.Overlay, map[string]string{"p.toml": "[quietsetup]\ncommand = ['/bin/true']\n"})
	if got, want := bad(t, r), "metadata_unreadable: "+filepath.Join(r.Overlay, "p.toml")+": others can write p.toml"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r.CheckOverlay = func(string, fs.FileInfo) error { return nil }
	if p := good(t, r); p.Command[0] != "/bin/true" {
		t.Errorf("%+v", p)
	}
}
