// SPDX-License-Identifier: Apache-2.0

package checks

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"pgregory.net/rapid"
)

func id(pid int) events.ProcessID { return events.ProcessID{PID: pid, Start: int64(pid) * 10} }

// fakeHost is a machine whose running programs are a list.
type fakeHost struct {
	running   []Program
	findErr   error
	people    People
	peopleErr error
}

func (h fakeHost) Rules() PathRules                       { return Unix() }
func (h fakeHost) Resolve(p string) (string, error)       { return p, nil }
func (h fakeHost) People(context.Context) (People, error) { return h.people, h.peopleErr }
func (h fakeHost) Find(_ context.Context, m *Matcher) (out []Program, err error) {
	for _, p := range h.running {
		if rule, ok := m.Match(p.Path); ok {
			p.Rule = rule
			out = append(out, p)
		}
	}
	return out, h.findErr
}

func TestLook(t *testing.T) {
	h := fakeHost{
		running: []Program{
			{ID: id(30), Path: "/home/ann/fox/x", Owner: "uid:1000", Sessions: []string{"pts/9"}},
			{ID: id(20), Path: "/opt/fox/fox", Owner: "uid:1000", Sessions: []string{"2", "pts/3"}},
			{ID: id(21), Path: "/opt/fox/tray", Owner: "uid:1000", Display: DisplayNone},
			{ID: id(22), Path: "/opt/fox/named", Owner: "uid:1001", Display: DisplayNone},
			{ID: id(23), Path: "/opt/fox/served", Service: true},
			{ID: id(24), Path: "/opt/fox/shell", Owner: "uid:1001"},
			{ID: id(25), Path: "/usr/bin/dbus-daemon", Owner: "uid:0"},
			{ID: id(26), Path: "/opt/foxes/fox2"},
		},
		people: People{Known: true, Leaders: []int{24}, Leaving: true, ResumedMS: 7, Sessions: []events.Session{
			{ID: "5", Owner: "uid:1000", Kind: KindTerminal}, {ID: "2", Owner: "uid:1000", Kind: KindGraphical}, {ID: "c3", Owner: "uid:1001"}}},
	}
	p := events.Package{Product: "fox", Metadata: true, Dirs: []string{"/opt/fox", "/home/ann/fox"}, Processes: []string{"named", "dbus-daemon"}}
	o := Look(context.Background(), h, p)
	if !o.Scanned || !o.Complete || o.Reason != "" || !o.SessionsKnown || len(o.Sessions) != 3 || !o.Leaving || o.ResumedMS != 7 {
		t.Errorf("observation %+v", o)
	}
	var got []string
	for _, p := range o.Programs {
		got = append(got, strings.Join([]string{p.Name, string(p.Class), p.Session, p.Rule}, " "))
		if private := p.PID == 30; p.Path.IsSecret() != private {
			t.Errorf("%s: private = %v", p.Path, !private)
		}
	}
	want := []string{"fox window 2 dir /opt/fox", "tray background 2 dir /opt/fox", "named named c3 process named", "served service  dir /opt/fox",
		"shell vital c3 dir /opt/fox", "dbus-daemon vital  process dbus-daemon", "x window 2 dir /home/ann/fox"}
	if !slices.Equal(got, want) {
		t.Errorf("programs\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if b := o.Blocking(); len(b) != 3 {
		t.Errorf("%d programs block, want 3", len(b))
	}
}

func TestLookThatFails(t *testing.T) {
	ctx, p := context.Background(), events.Package{Dirs: []string{"/opt/fox"}}
	broken := errors.New("cannot read pid 7")
	o := Look(ctx, fakeHost{findErr: broken, running: []Program{{ID: id(20), Path: "/opt/fox/fox"}}}, p)
	if !o.Scanned || o.Complete || o.Reason == "" || len(o.Programs) != 1 {
		t.Errorf("partial look: %+v", o)
	}
	o = Look(ctx, fakeHost{}, events.Package{Dirs: []string{"/usr/bin"}})
	if o.Complete || !strings.Contains(o.Reason, "/usr/bin") {
		t.Errorf("unsafe directory: %+v", o)
	}
	o = Look(ctx, fakeHost{findErr: broken}, events.Package{})
	if !o.Complete || !o.Scanned {
		t.Errorf("nothing to look for: %+v", o)
	}
	o = LookAtPeople(ctx, fakeHost{peopleErr: broken, people: People{Known: true, ResumedMS: -1, Sessions: []events.Session{{ID: "1"}}}})
	if o.Scanned || o.Complete || o.SessionsKnown || len(o.Sessions) != 0 || o.Reason == "" {
		t.Errorf("people not known: %+v", o)
	}
	if o = LookAtPeople(ctx, fakeHost{people: People{Known: true}}); o.Scanned || !o.SessionsKnown {
		t.Errorf("nobody there: %+v", o)
	}
}

// TestLookAtTooMany: what cannot stand in a record is not closed in part. The
// look counts as incomplete, so nothing is decided on it.
func TestLookAtTooMany(t *testing.T) {
	p := events.Package{Metadata: true, Dirs: []string{"/opt/fox"}}
	for n, complete := range map[int]bool{3000: true, 30_000: false} {
		var h fakeHost
		for i := range n {
			h.running = append(h.running, Program{ID: id(100 + i), Path: "/opt/fox/" + strings.Repeat("x", 50), Owner: "uid:1000"})
		}
		o := Look(context.Background(), h, p)
		if o.Complete != complete || complete != (len(o.Programs) == n) || complete != (o.Reason == "") {
			t.Errorf("%d programs: %d listed, complete %v, %q", n, len(o.Programs), o.Complete, o.Reason)
		}
		m, err := events.EncodeInput(events.ChecksObserved{Seen: o})
		if err != nil || len(m.Data) > 2*maxFound {
			t.Errorf("%d programs take %d bytes, %v", n, len(m.Data), err)
		}
	}
}

func TestVital(t *testing.T) {
	for _, c := range []struct {
		rules PathRules
		p     Program
		want  bool
	}{
		{Unix(), Program{ID: id(1), Path: "/opt/foo/foo"}, true},
		{Unix(), Program{ID: id(50), Path: "/opt/foo/foo", Own: true}, true},
		{Unix(), Program{ID: id(50), Kernel: true}, true},
		{Unix(), Program{ID: id(50), Path: "/usr/sbin/sshd", Owner: "uid:1000"}, true},
		{Unix(), Program{ID: id(50), Path: "/usr/sbin/sshd (deleted)"}, true},
		{Unix(), Program{ID: id(50), Path: "/usr/lib/x86_64-linux-gnu/sddm/sddm-helper"}, true},
		{Unix(), Program{ID: id(50), Path: "/opt/foo/sshd"}, false},
		{Unix(), Program{ID: id(50), Path: "/home/bob/systemd"}, false},
		{Unix(), Program{ID: id(50), Path: "/usr/bin/SSHD"}, false},
		{Unix(), Program{ID: id(50), Path: "/usr/bin/sshd2"}, false},
		{Unix(), Program{ID: id(50), Path: "/usr/lib/x86_64-linux-gnu/foo/sshd"}, false},
		{Unix(), Program{ID: id(50), Path: "sshd"}, true},
		{Windows(), Program{ID: id(4), Path: `C:\Foo\x.exe`}, true},
		{Windows(), Program{ID: id(50), Path: `C:\Windows\explorer.exe`, Owner: "sid:S-1-5-21-1"}, true},
		{Windows(), Program{ID: id(50), Path: `\\?\d:/WINDOWS/system32/LSASS.exe`}, true},
		{Windows(), Program{ID: id(50), Path: `C:\Users\bob\explorer.exe`, Owner: "sid:S-1-5-21-1", Sessions: []string{"1"}}, false},
		{Windows(), Program{ID: id(50), Path: `C:\Odd\csrss.exe`, Owner: "sid:S-1-5-18"}, true},
		{Windows(), Program{ID: id(50), Path: `C:\Odd\csrss.exe`, Sessions: []string{"0"}}, true},
		{Windows(), Program{ID: id(50), Path: `csrss.exe`}, true},
		{Windows(), Program{ID: id(50), Path: `C:\Windows\notepad.exe`}, false},
		{Windows(), Program{ID: id(50), Path: `C:\WindowsApps\explorer.exe`}, false},
	} {
		if got := vital(c.rules, c.p); got != c.want {
			t.Errorf("vital(%+v) = %v", c.p, got)
		}
	}
}

// Whatever a package names, a vital program blocks nothing and so is never closed.
func TestVitalNeverBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, folders, names, sep := Unix(), vitalFolders(), vitalUnix(), "/"
		if rapid.Bool().Draw(t, "windows") {
			rules, folders, names, sep = Windows(), []string{`C:\Windows\System32`, `c:\WINDOWS`, `D:\Windows\SysWOW64`}, vitalWindows(), `\`
		}
		p := Program{
			ID:      id(rapid.IntRange(0, 1<<22).Draw(t, "pid")),
			Path:    rapid.SampledFrom(folders).Draw(t, "folder") + sep + rapid.SampledFrom(names).Draw(t, "name"),
			Owner:   rapid.SampledFrom([]string{"", "uid:0", "uid:1000"}).Draw(t, "owner"),
			Service: rapid.Bool().Draw(t, "service"),
			Display: Display(rapid.IntRange(0, 2).Draw(t, "display")),
		}
		m, err := NewMatcher(rules, nil, []string{p.Path, rules.Base(p.Path)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		rule, ok := m.Match(p.Path)
		if !ok {
			t.Fatalf("%s named is not found", p.Path)
		}
		p.Rule = rule
		if c := Classify(rules, p); c != events.ClassVital {
			t.Fatalf("%s is of class %s", p.Path, c)
		}
	})
}

func TestPathRules(t *testing.T) {
	for path, want := range map[string]bool{"/home/bob/x": true, "/home": false, "/home/": false, "/root/x": true, "/Users/a/b": true, "/var/home/x/y": true,
		"/opt/home/x": false, "/media/bob/stick/x": true, "/run/media/bob/x": true, "/homes/x": false, "": false} {
		if got := Unix().Private(path); got != want {
			t.Errorf("Private(%q) = %v", path, got)
		}
	}
	for path, want := range map[string]bool{`C:\Users\bob\x.exe`: true, `\\?\d:/users/x`: true, `C:\Users`: false, `C:\Program Files\Users\x`: false, `C:\Documents and settings\x\y`: true, "": false} {
		if got := Windows().Private(path); got != want {
			t.Errorf("Private(%q) = %v", path, got)
		}
	}
	for path, want := range map[string]string{"/a/b (deleted)": "b", "b": "b", "/a/": "", "": ""} {
		if got := Unix().Base(path); got != want {
			t.Errorf("Base(%q) = %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]string{`C:\a\b.exe`: "b.exe", `C:/a/b`: "b", `\\?\C:\b`: "b"} {
		if got := Windows().Base(path); got != want {
			t.Errorf("Base(%q) = %q, want %q", path, got, want)
		}
	}
	if !Windows().Same(`C:\A\b`, `\\?\c:/a//B/`) || Unix().Same("/a/B", "/a/b") || !Unix().Same("/a//b/", "/a/b") {
		t.Error("Same")
	}
}
