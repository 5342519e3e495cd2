// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const tail = " S 7 1 1 34816 1 4194304 0 0 0 0 0 0 0 0 20 0 3 0 12345 0 0"
	for _, comm := range []string{"(sh)", "(a b)", "(a) R 1 (b)", "()", "(\n)"} {
		s, err := parseStat([]byte("42 " + comm + tail))
		if err != nil || s != (stat{state: 'S', parent: 7, tty: 34816, flags: 4194304, threads: 3, start: 12345}) {
			t.Errorf("%q: %+v, %v", comm, s, err)
		}
	}
	for _, bad := range []string{"", "42", "42 (sh)", "42 (sh) S 1 2", "42 (sh) SS" + tail[2:], "42 (sh) S x 1 1 0 1 0 0 0 0 0 0 0 0 0 20 0 3 0 1 0", "42 (sh) S 1 1 1 0 1 0 0 0 0 0 0 0 0 0 20 0 3 0 99999999999999999999 0"} {
		if s, err := parseStat([]byte(bad)); !errors.Is(err, errStat) {
			t.Errorf("%q: %+v, %v", bad, s, err)
		}
	}
	for device, want := range map[int64]string{0: "", 34816: "pts/0", 34819: "pts/3", 34816 | 1<<20: "pts/256", 137 << 8: "pts/256", 4<<8 | 2: "tty2", 4<<8 | 64: "ttyS0", 4 << 8: "", 5 << 8: ""} {
		if got := ttyName(device); got != want {
			t.Errorf("ttyName(%#x) = %q, want %q", device, got, want)
		}
	}
}

func TestCgroups(t *testing.T) {
	for text, want := range map[string]string{
		"0::/user.slice/user-1000.slice/session-2.scope\n": "/user.slice/user-1000.slice/session-2.scope",
		"9:name=systemd:/\n4:memory:/x\n0::/\n":            "/",
		"9:name=systemd:/system.slice/a.service\n0::/\n":   "/system.slice/a.service",
		"12:cpu,cpuacct:/docker/x\n":                       "",
		"0::/a:b\n":                                        "/a:b",
		"":                                                 "", "x": "", "0:\n": "",
	} {
		if got := parseCgroup(text); got != want {
			t.Errorf("parseCgroup(%q) = %q, want %q", text, got, want)
		}
	}
	for group, want := range map[string]string{
		"/user.slice/user-1000.slice/session-2.scope":                   "2",
		"/user.slice/user-1000.slice/session-c12.scope/x":               "c12",
		"/user.slice/user-1000.slice/user@1000.service/session-9.scope": "",
		"/user.slice/user-1000.slice/user@1000.service/app.slice/x":     "",
		"/user.slice/session-2.scope":                                   "",
		"/system.slice/session-2.scope":                                 "",
		"/user.slice/user-x.slice/session-2.scope":                      "",
		"/user.slice/user-1.slice/session-.scope":                       "",
		"/user.slice/user-1.slice/session-..scope":                      "",
		"/user.slice/user-1.slice/session-a\nb.scope":                   "",
		"/": "", "": "",
	} {
		if got, _, ok := scopeSession(group); ok != (want != "") || ok && got != want {
			t.Errorf("scopeSession(%q) = %q, %v, want %q", group, got, ok, want)
		}
	}
	for group, want := range map[string]bool{
		"/system.slice/cups.service":                                 true,
		"/system.slice/system-getty.slice/getty@tty1.service":        true,
		"/system.slice/docker-0123.scope":                            true,
		"/system.slice/x.mount":                                      false,
		"/user.slice/user-1000.slice/user@1000.service/a.service":    false,
		"/user.slice/user-1000.slice/session-2.scope":                false,
		"/machine.slice/libpod-0123.scope":                           true,
		"/docker/0123":                                               true,
		"/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope": true,
		"/lxc.payload.web/init.scope":                                true,
		"/":                                                          false, "": false, "/init.scope": false, "/docker": false, "/machine.slice": false,
	} {
		if got := managedGroup(group); got != want {
			t.Errorf("managedGroup(%q) = %v", group, got)
		}
	}
}

func TestService(t *testing.T) {
	self := int32(os.Getpid())
	const cups, docker = "/system.slice/cups.service", "/system.slice/docker-0123.scope"
	for _, c := range []struct {
		name       string
		group, our string
		uid        int
		tty        int64
		want       bool
	}{
		{"a container", docker, "", 1000, 34816, true},
		{"everything in one group", cups, cups, 0, 0, false},
		{"no group known", "", "", 0, 0, false},
		{"a person's session", "/user.slice/user-1000.slice/session-2.scope", "", 1000, 0, false},
		{"a login on a terminal without a session manager", "/system.slice/ssh.service", "", 1000, 34816, false},
		{"a service", cups, "/system.slice/quietsetup.service", 0, 0, !loggedIn(self)},
		{"a service's dynamic user", cups, "", 61200, 0, !loggedIn(self)},
	} {
		if got := service(self, c.group, c.our, c.uid, stat{tty: c.tty}); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	dir := room(t)
	desktop, daemon := sleeper(t, dir, "desktop"), sleeper(t, dir, "daemon")
	t.Setenv("DISPLAY", ":7")
	vnc := run(t, "", desktop, "100")
	os.Unsetenv("DISPLAY")
	os.Unsetenv("WAYLAND_DISPLAY")
	jenkins := run(t, "", daemon, "100")
	if service(int32(vnc.Process.Pid), "/system.slice/vnc.service", "", 1000, stat{}) {
		t.Error("a person's desktop that was started as a service is a service")
	}
	if got := service(int32(jenkins.Process.Pid), "/system.slice/jenkins.service", "", 1000, stat{}); got == loggedIn(self) {
		t.Errorf("a service of an ordinary user: %v", got)
	}
}

func TestScriptsOf(t *testing.T) {
	for _, c := range []struct{ exe, args, want string }{
		{"/usr/bin/dash", "sh /opt/foo/run.sh", "/opt/foo/run.sh"},
		{"/usr/bin/dash (deleted)", "sh /opt/foo/run.sh", "/opt/foo/run.sh"},
		{"/usr/bin/bash", "/bin/bash -e -o pipefail /opt/foo/run.sh x", "/opt/foo/run.sh"},
		{"/usr/bin/bash", "bash --norc ./run.sh", "/site/run.sh"},
		{"/usr/bin/bash", "bash ../a/./run.sh", "/a/run.sh"},
		{"/usr/bin/bash", "bash -e -- -run.sh x", "/site/-run.sh"},
		{"/usr/bin/bash", "bash -c /opt/foo/run.sh", ""},
		{"/usr/bin/bash", "bash -ec /opt/foo/run.sh", ""},
		{"/usr/bin/bash", "-bash", ""},
		{"/usr/bin/bash", "bash -s /opt/foo/x", ""},
		{"/usr/bin/python3.11", "python3 -u /opt/foo/x.py /opt/bar", "/opt/foo/x.py"},
		{"/usr/bin/python3.11", "python3 -W ignore x.py", "/site/x.py"},
		{"/usr/bin/python3", "python3 -m http.server /opt/foo", ""},
		{"/usr/bin/python3", "python3 - /opt/foo/x", ""},
		{"/usr/bin/perl", "perl -w -I /opt/lib /opt/foo/x.pl", "/opt/foo/x.pl"},
		{"/usr/bin/perl", "perl -lne print /opt/foo/x", ""},
		{"/usr/bin/perl", "perl -Mstrict::refs /opt/foo/x", "/opt/foo/x"},
		{"/usr/bin/node", "node --max-old-space-size=9 -r x /opt/foo/app.js", "/opt/foo/app.js"},
		{"/usr/bin/node", "node -e 1 /opt/foo/x", ""},
		{"/usr/bin/busybox", "busybox sh /opt/foo/x", "/opt/foo/x"},
		{"/bin/busybox", "sh /opt/foo/x", "/opt/foo/x"},
		{"/bin/busybox", "cat /opt/foo/x", ""},
		{"/usr/lib/jvm/j/bin/java", "java -Xmx1g -jar /opt/foo/foo.jar /opt/bar", "/opt/foo/foo.jar"},
		{"/usr/lib/jvm/j/bin/java", "java -cp /opt/foo/a.jar:lib/*:/opt/foo com.Main /opt/bar", "/opt/foo/a.jar /site/lib/* /opt/foo/*"},
		{"/usr/lib/jvm/j/bin/java", "java --class-path=/opt/foo/a.jar com.Main", "/opt/foo/a.jar"},
		{"/usr/bin/mono-sgen", "mono /opt/foo/foo.exe", "/opt/foo/foo.exe"},
		{"/usr/bin/dotnet", "dotnet exec /opt/foo/foo.dll", "/opt/foo/foo.dll"},
		{"/usr/bin/vim", "vim /opt/foo/x", ""},
		{"/usr/bin/sleep", "sleep /opt/foo/x", ""},
		{"/usr/bin/bash", "bash", ""},
		{"/usr/bin/busybox", "busybox sh", ""},
		{"/usr/bin/bash", "bash " + strings.Repeat("-e ", 400) + "/opt/foo/x", ""},
	} {
		got := scriptsOf(c.exe, strings.Fields(c.args), func() string { return "/site" })
		if want := strings.Fields(c.want); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", c.args, got, want)
		}
	}
	if got := scriptsOf("/bin/sh", []string{"sh", "run.sh"}, func() string { return "" }); len(got) != 0 {
		t.Errorf("relative to nothing known: %q", got)
	}
	for _, args := range [][]string{nil, {""}, {"sh", ""}, {"sh", "", ""}} {
		for _, exe := range []string{"/bin/sh", "/bin/busybox", "/usr/bin/java", "/usr/bin/dotnet"} {
			scriptsOf(exe, args, func() string { return "/" })
		}
	}
}

func TestClock(t *testing.T) {
	c, err := NewClock()
	if err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	wall, boot, first := c.Now()
	_, again, second := c.Now()
	if len(boot) != 36 || boot != again || first <= 0 || second < first || wall.Location() != time.UTC || wall.Before(before.Round(0)) || !strings.HasSuffix(wall.String(), "UTC") {
		t.Errorf("%v %q %d, then %q %d", wall, boot, first, again, second)
	}
	if awake := awakeTime().Milliseconds(); awake <= 0 || awake > bootTime().Milliseconds()+1000 {
		t.Errorf("awake for %d of %d ms", awake, bootTime().Milliseconds())
	}
}

func TestFreeSpace(t *testing.T) {
	dir := t.TempDir()
	here, err := FreeSpace(dir)
	if err != nil || here == 0 {
		t.Errorf("%d, %v", here, err)
	}
	if _, err := FreeSpace(filepath.Join(dir, "not", "yet")); err != nil {
		t.Error(err)
	}
	if _, err := FreeSpace("/x\x00y"); err == nil {
		t.Error("a path that is none")
	}
}
