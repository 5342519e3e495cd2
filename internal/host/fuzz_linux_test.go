// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/binary"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// FuzzStat: whatever a process calls itself, the fields behind its name are read.
func FuzzStat(f *testing.F) {
	const tail = " S 7 1 1 34816 1 4194304 0 0 0 0 0 0 0 0 20 0 3 0 4242 0"
	for _, name := range []string{"sh", "a) R 1 1 1 0 (", "\n) Z 0", ")", "", "(((", "x\x00y"} {
		f.Add([]byte(name), []byte(tail))
	}
	f.Add([]byte("sh"), []byte(" S 99999999999 1"))
	f.Fuzz(func(t *testing.T, name, rest []byte) {
		text := slices.Concat([]byte("42 ("), name, []byte(")"), []byte(tail))
		if s, err := parseStat(text); err != nil || s.parent != 7 || s.start != 4242 || s.threads != 3 || s.state != 'S' {
			t.Fatalf("%q: %+v, %v", text, s, err)
		}
		if s, err := parseStat(slices.Concat([]byte("42 (x)"), rest)); err != nil && s != (stat{}) {
			t.Fatalf("%q: %+v beside %v", rest, s, err)
		}
	})
}

// FuzzUtmp: a session that is read is one whose terminal is safe to look at.
func FuzzUtmp(f *testing.F) {
	row := make([]byte, 384)
	binary.NativeEndian.PutUint16(row, utmpUser)
	binary.NativeEndian.PutUint32(row[utmpPID:], 42)
	copy(row[utmpLine:], "/dev/pts/3")
	copy(row[utmpName:], "anna")
	f.Add(row, false)
	evil := slices.Clone(row)
	copy(evil[utmpLine:], "../../etc/shadow\x00")
	copy(evil[utmpName:], strings.Repeat("a", 32))
	f.Add(append(slices.Clone(row), evil...), false)
	f.Add(row[:383], true)
	f.Fuzz(func(t *testing.T, b []byte, long bool) {
		size := 384
		if long {
			size = 400
		}
		rows, used := parseUtmp(b, size)
		if len(rows) > len(b)/size || len(rows) > 0 && !used {
			t.Fatalf("%d rows of %d bytes, used %v", len(rows), len(b), used)
		}
		for _, r := range rows {
			if r.user == "" || len(r.user) > 32 || len(r.line) > 32 || !validSession(r.line) {
				t.Fatalf("%+v", r)
			}
			if p := filepath.Join("/dev", r.line); !strings.HasPrefix(p, "/dev/") || strings.ContainsAny(r.line, "\n\x1b\x00") {
				t.Fatalf("%+v leads to %s", r, p)
			}
		}
	})
}

// FuzzCgroup: a session is believed only where systemd alone can write.
func FuzzCgroup(f *testing.F) {
	f.Add("0::/user.slice/user-1000.slice/session-2.scope\n")
	f.Add("0::/user.slice/user-1000.slice/user@1000.service/user-0.slice/session-2.scope\n")
	f.Add("0::user.slice/user-1000.slice/session-2.scope")
	f.Add("9:name=systemd:/system.slice/a.service\n0::/\n")
	f.Add("0::/user.slice/user--1.slice/session-../../x.scope\n")
	f.Fuzz(func(t *testing.T, text string) {
		group := parseCgroup(text)
		if !strings.Contains(text, group) {
			t.Fatalf("%q is not in %q", group, text)
		}
		id, uid, ok := scopeSession(group)
		if ok && (id == "" || !validSession(id) || strings.ContainsAny(id, "/\n") || !strings.HasPrefix(group, "/user.slice/user-")) {
			t.Fatalf("%q is session %q of %d", group, id, uid)
		}
		if ok && managedGroup(group) {
			t.Fatalf("%q is a session and a service", group)
		}
	})
}

// FuzzScripts: what an interpreter is said to run is a straight absolute path.
func FuzzScripts(f *testing.F) {
	f.Add("/usr/bin/python3", "python3\x00-W\x00x\x00app.py", "/opt/app")
	f.Add("/usr/bin/java", "java\x00-cp\x00a.jar:../lib:/x/*\x00-jar\x00../../x.jar", "/opt/app")
	f.Add("/bin/busybox", "busybox", "/")
	f.Add("/bin/busybox", "sh\x00", "")
	f.Add("/usr/bin/dotnet", "dotnet\x00exec", "x")
	f.Add("/bin/sh (deleted)", "sh\x00--\x00", "/a/../b")
	f.Fuzz(func(t *testing.T, exe, args, dir string) {
		for _, p := range scriptsOf(exe, strings.Split(args, "\x00"), func() string { return dir }) {
			if !filepath.IsAbs(p) || filepath.Clean(p) != p {
				t.Fatalf("%q in %q runs %q", args, dir, p)
			}
		}
	})
}
