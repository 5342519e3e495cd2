// SPDX-License-Identifier: Apache-2.0

//go:build unix

package installer

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/needs"
)

func script(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	d := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(d, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	command := func(name, text string) string {
		path := filepath.Join(d, name)
		script(t, path, text)
		return path
	}
	if err := syscall.Mkfifo(filepath.Join(d, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nothing", filepath.Join(d, "dangling")); err != nil {
		t.Fatal(err)
	}
	version := file("VERSION", "2.0\nmore\n")
	marker := file("marker", "installed by us\n")
	binary := file("binary", "\x7fELF\x00\x01")
	mixed := file("mixed", "My Program 2.0\r\n")
	full := file("full", "2.0-3")
	long := file("long", strings.Repeat("1", 100000))
	says := command("says", "#!/bin/sh\necho 2.0\necho more\n")
	words := command("words", "#!/bin/sh\n[ \"$1\" = --version ] && echo \"Program 2.0\"\n")
	silent := command("silent", "#!/bin/sh\nexit 0\n")
	not := command("not", "#!/bin/sh\necho 2.0\nexit 1\n")
	killed := command("killed", "#!/bin/sh\nkill -9 $$\n")
	broken := command("broken", "#!/no/such/interpreter\n")
	chatty := command("chatty", "#!/bin/sh\necho 2.0\nhead -c 1000000 /dev/zero\n")
	literal := command("literal", "#!/bin/sh\necho \"$1$2\"\n")
	yes, no := true, false
	for _, c := range []struct {
		kind, name, version string
		action              events.Action
		known, installed    bool
		found               string
		matches             bool
	}{
		{"file", version, "", "setup", yes, yes, "2.0", yes},
		{"file", version, "2.0", "setup", yes, yes, "2.0", yes},
		{"file", version, "2.1", "setup", yes, yes, "2.0", no},
		{"file", version, "", "uninstall", yes, yes, "2.0", no},
		{"file", full, "", "update", yes, yes, "2.0-3", yes},
		{"file", full, "2.0", "update", yes, yes, "2.0-3", no},
		{"file", marker, "", "always", yes, yes, "", yes},
		{"file", marker, "2.0", "setup", yes, yes, "installed by us", no},
		{"file", marker, "installed by us", "setup", yes, yes, "installed by us", yes},
		{"file", mixed, "", "setup", yes, yes, "", yes},
		{"file", mixed, "My Program 2.0", "setup", yes, yes, "My Program 2.0", yes},
		{"file", binary, "", "setup", yes, yes, "", yes},
		{"file", binary, "2.0", "setup", yes, yes, " ELF  ", no},
		{"file", long, "", "setup", yes, yes, "", yes},
		{"file", d, "", "once", yes, yes, "", yes},
		{"file", d, "2.0", "once", yes, yes, "", no},
		{"file", d + "/pipe", "", "setup", yes, yes, "", yes},
		{"file", d + "/none", "", "setup", yes, no, "", no},
		{"file", d + "/none", "", "uninstall", yes, no, "", yes},
		{"file", version + "/below", "", "uninstall", yes, no, "", yes},
		{"file", d + "/dangling", "", "uninstall", yes, no, "", yes},
		{"file", "relative", "", "uninstall", no, no, "", no},
		{"file", d + "/" + strings.Repeat("x", 300), "", "uninstall", no, no, "", no},
		{"file", "", "", "uninstall", no, no, "", no},
		{"file", "/x\x00y", "", "uninstall", no, no, "", no},
		{"command", says, "", "setup", yes, yes, "2.0", yes},
		{"command", says, "3", "setup", yes, yes, "2.0", no},
		{"command", words + " --version", "", "setup", yes, yes, "", yes},
		{"command", words + "  --version ", "Program 2.0", "setup", yes, yes, "Program 2.0", yes},
		{"command", silent, "", "custom", yes, yes, "", yes},
		{"command", silent, "", "uninstall", yes, yes, "", no},
		{"command", not, "", "setup", yes, no, "", no},
		{"command", not, "", "uninstall", yes, no, "", yes},
		{"command", d + "/none --version", "", "uninstall", yes, no, "", yes},
		{"command", killed, "", "uninstall", no, no, "", no},
		{"command", broken, "", "uninstall", no, no, "", no},
		{"command", version, "", "uninstall", no, no, "", no},
		{"command", "true", "", "uninstall", no, no, "", no},
		{"command", " ", "", "uninstall", no, no, "", no},
		{"command", chatty, "", "setup", yes, yes, "2.0", yes},
		{"command", literal + " $(id) ;false", "$(id);false", "setup", yes, yes, "$(id);false", yes},
		{"dpkg", "bad name", "", "uninstall", no, no, "", no},
		{"dpkg", "*", "", "uninstall", no, no, "", no},
		{"dpkg", "relative!bash", "", "uninstall", no, no, "", no},
		{"dpkg", d + "!bash", "", "uninstall", no, no, "", no},
		{"dpkg", d + "!--help", "", "uninstall", no, no, "", no},
		{"registry", `HKLM\Software\X`, "", "uninstall", no, no, "", no},
		{"msi", "{0000}", "", "uninstall", no, no, "", no},
		{"magic", "x", "", "uninstall", no, no, "", no},
		{"", "", "", "setup", no, no, "", no},
	} {
		rule := events.Detect{Kind: c.kind, Name: c.name, Version: c.version}
		pkg := events.Package{Product: "x", ProductVersion: "2.0", PackageVersion: "3"}
		got := Detect(t.Context(), rule, pkg, c.action, "2.0-3")
		if got.Known == (got.Reason != "") {
			t.Errorf("%+v %s: known %v with reason %q", rule, c.action, got.Known, got.Reason)
		}
		got.Reason = ""
		if want := (events.Detection{Known: c.known, Installed: c.installed, Version: c.found, Matches: c.matches}); got != want {
			t.Errorf("%+v %s:\n got %+v\nwant %+v", rule, c.action, got, want)
		}
	}
}

func TestDetectEndsInTime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hangs")
	script(t, path, "#!/bin/sh\nsleep 600 & sleep 600\n")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	got := Detect(ctx, events.Detect{Kind: "command", Name: path}, events.Package{}, events.ActionSetup, "1")
	if got.Known || !strings.Contains(got.Reason, "deadline") || time.Since(begin) > 20*time.Second {
		t.Errorf("%+v after %v", got, time.Since(begin))
	}
}

func TestWanted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rule, product, pkg, target, want string }{
		{"", "2.0", "3", "2.0-3", "2.0"},
		{"9", "2.0", "3", "2.0-3", "9"},
		{"", "2.0", "3", "2.1-1", "2.1"},
		{"", "1-2", "3", "1-2-3", "1-2"},
		{"", "2.0", "", "2.0", "2.0"},
		{"", "", "", "2.0", "2.0"},
		{"", "", "", "", ""},
	} {
		got := wanted(events.Detect{Version: c.rule}, events.Package{ProductVersion: c.product, PackageVersion: c.pkg}, c.target)
		if got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// Every state that dpkg can leave a package in, read by the real dpkg-query.
func TestDetectDpkgStates(t *testing.T) {
	needs.Tool(t, "dpkg-query")
	t.Parallel()
	root := t.TempDir()
	admin := filepath.Join(root, "var/lib/dpkg")
	if err := os.MkdirAll(filepath.Join(admin, "info"), 0o700); err != nil {
		t.Fatal(err)
	}
	var status strings.Builder
	for _, p := range [][3]string{
		{"plain", "install ok installed", "2.0"},
		{"revised", "install ok installed", "1:2.0-1"},
		{"older", "install ok installed", "1.0"},
		{"pending", "install ok triggers-pending", "2.0"},
		{"half", "install ok half-configured", "2.0"},
		{"unpacked", "install ok unpacked", "2.0"},
		{"reinst", "install reinstreq half-installed", "2.0"},
		{"removed", "deinstall ok config-files", "2.0"},
	} {
		status.WriteString("Package: " + p[0] + "\nStatus: " + p[1] + "\nMaintainer: x <x@example.org>\nArchitecture: all\nVersion: " + p[2] + "\nDescription: x\n")
		if strings.HasPrefix(p[1], "install ok triggers") {
			status.WriteString("Triggers-Pending: x\n")
		}
		status.WriteString("\n")
	}
	if err := os.WriteFile(filepath.Join(admin, "status"), []byte(status.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]events.Detection{
		"plain":    {Known: true, Installed: true, Version: "2.0", Matches: true},
		"revised":  {Known: true, Installed: true, Version: "1:2.0-1", Matches: true},
		"older":    {Known: true, Installed: true, Version: "1.0"},
		"pending":  {Known: true, Installed: true, Version: "2.0", Matches: true},
		"half":     {Known: true, Installed: true, Version: "2.0", Reason: "the package is half-configured"},
		"unpacked": {Known: true, Installed: true, Version: "2.0", Reason: "the package is unpacked"},
		"reinst":   {Known: true, Installed: true, Version: "2.0", Reason: "the package is half-installed, reinstreq"},
		"removed":  {Known: true},
		"unheard":  {Known: true},
	} {
		rule := events.Detect{Kind: "dpkg", Name: root + "!" + name}
		if got := Detect(t.Context(), rule, events.Package{}, events.ActionSetup, "2.0-4"); got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
		want.Matches = !want.Installed
		if got := Detect(t.Context(), rule, events.Package{}, events.ActionUninstall, "2.0-4"); got != want {
			t.Errorf("uninstall %s: got %+v, want %+v", name, got, want)
		}
	}
}

// A package built, installed and removed below another root.
func TestDetectDpkgReal(t *testing.T) {
	needs.Root(t)
	needs.Tool(t, "dpkg", "dpkg-deb")
	t.Parallel()
	base := t.TempDir()
	root, deb := filepath.Join(base, "root"), filepath.Join(base, "demo.deb")
	for _, d := range []string{"root/var/lib/dpkg/info", "root/var/lib/dpkg/updates", "build/DEBIAN", "build/opt/demo"} {
		if err := os.MkdirAll(filepath.Join(base, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for path, text := range map[string]string{
		"root/var/lib/dpkg/status": "",
		"build/DEBIAN/control":     "Package: demo\nVersion: 2.0\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n",
		"build/opt/demo/VERSION":   "2.0\n",
	} {
		if err := os.WriteFile(filepath.Join(base, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(argv ...string) {
		t.Helper()
		if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", argv, err, out)
		}
	}
	rule := events.Detect{Kind: "dpkg", Name: root + "!demo"}
	check := func(action events.Action, want events.Detection) {
		t.Helper()
		if got := Detect(t.Context(), rule, events.Package{}, action, "2.0-1"); got != want {
			t.Errorf("%s: got %+v, want %+v", action, got, want)
		}
	}
	run("dpkg-deb", "--root-owner-group", "-b", filepath.Join(base, "build"), deb)
	check(events.ActionSetup, events.Detection{Known: true})
	run("dpkg", "--root="+root, "--force-depends", "-i", deb)
	check(events.ActionSetup, events.Detection{Known: true, Installed: true, Version: "2.0", Matches: true})
	run("dpkg", "--root="+root, "-r", "demo")
	check(events.ActionUninstall, events.Detection{Known: true, Matches: true})
}
