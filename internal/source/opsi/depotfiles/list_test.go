// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
)

const (
	someMD5  = "5d41402abc4b2a76b9719d911017c592" // of hello
	otherMD5 = "d41d8cd98f00b204e9800998ecf8427e" // of nothing
)

var (
	windows = Names{Windows: true, FoldCase: true}
	linux   = Names{}
)

func line(name string) string { return "f '" + name + "' 5 " + someMD5 + "\n" }

func TestParseList(t *testing.T) {
	text := "d 'a' 0 \nf 'a/b/it\\'s' 5 " + someMD5 + "\nf 'p.files' 9 " + otherMD5 + "\n" +
		"f 'Z ä.txt' 0 " + strings.ToUpper(otherMD5) + "\nl 'a/link' 0 'b/it\\'s'\nl 'second' 0 './a/link'\n"
	for _, names := range []Names{linux, windows} {
		got, err := ParseList("p", []byte(text), names, 100)
		want := List{Folders: []string{"a", "a/b"}, Bytes: 15, Sum: sum([]byte(text)), Files: []File{
			{"Z ä.txt", 0, otherMD5, "Z ä.txt"}, {"a/b/it's", 5, someMD5, "a/b/it's"}, {"a/link", 5, someMD5, "a/b/it's"}, {"second", 5, someMD5, "a/b/it's"}}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: %+v %v", names, got, err)
		}
	}
	if got, err := ParseList("p", nil, windows, 0); err != nil || got.Files != nil {
		t.Errorf("nothing: %+v %v", got, err)
	}
	// What only Windows takes amiss is a name elsewhere.
	for _, name := range []string{"aux", "Con.txt", "a.", "a ", "what?", "xx:y", "lpt1/a"} {
		if _, err := ParseList("p", []byte(line(name)), linux, 100); err != nil {
			t.Errorf("%q on Linux: %v", name, err)
		}
	}
	if _, err := ParseList("p", []byte(line("A")+line("a")), linux, 100); err != nil {
		t.Errorf("two cases on Linux: %v", err)
	}
}

// TestHostileNames: each of these names refuses the whole list, and is named.
func TestHostileNames(t *testing.T) {
	long := strings.Repeat("x", 256)
	everywhere := []string{
		"", ".", "..", "../x", "a/../b", "a/..", "a/./b", "./a", "/etc/passwd", "/", "a/", "a//b", "//server/share", `\\server\share`, `a\b`, `..\x`,
		"C:", "c:x", "C:/x", "z:\\x", "a\x00b", "a\x01", "a\x1b[2Jb", "a\tb", "a\rb", "a\x7f", "a\u0085b", "a\u202eb", "a\u200bb", "a\u2028b", "\ufeffa",
		long, "a/" + long, strings.Repeat("a/", maxDepth) + "a", strings.Repeat(strings.Repeat("y", 200)+"/", 6) + "a", "...//..", "a/..//b",
	}
	onWindows := []string{
		"con", "CON", "Con.txt", "nul", "a/NUL", "aux/x", "prn.a.b", "com1", "COM0", "com9.exe", "lpt1", "LPT9.x", "com¹", "lpt³.txt", "conin$", "CONOUT$", "nul ", "nul .txt",
		"a.", "a..", "a ", "a /b", "a./b", "a:b", "x:stream", "file:$DATA", "a<b", "a>b", `a"b`, "a|b", "a?b", "a*b",
	}
	for _, names := range []Names{linux, windows} {
		all := everywhere
		if names.Windows {
			all = append(all, onWindows...)
		}
		for _, name := range all {
			for _, kind := range []string{"f '%s' 5 " + someMD5, "d '%s' 0 ", "l '%s' 0 'good'"} {
				text := line("good") + fmt.Sprintf(kind, strings.ReplaceAll(name, "'", `\'`)) + "\n"
				got, err := ParseList("firefox", []byte(text), names, 1000)
				if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "firefox") || len(got.Files) != 0 {
					t.Errorf("%+v: %.80q is taken: %v", names, text, err)
				} else if strings.ContainsFunc(err.Error(), func(c rune) bool { return unicode.IsControl(c) || unicode.In(c, unicode.Cf) }) {
					t.Errorf("%q moves a cursor", err)
				}
			}
		}
	}
}

// TestHostileLists are lists whose names are good.
func TestHostileLists(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		says string
	}{
		"twice":                {line("a") + line("a"), "twice"},
		"file and folder":      {line("a") + "d 'a' 0 \n", "folder"},
		"folder as file":       {line("a/b") + line("a"), "folder"},
		"file as folder":       {line("a") + line("a/b"), "folder"},
		"link as folder":       {line("x") + "l 'a' 0 'x'\n" + line("a/b"), "folder"},
		"case alone":           {line("Setup.exe") + line("setup.EXE"), "same"},
		"case of folders":      {line("A/x") + line("a/y"), "same"},
		"kelvin":               {line("k") + line("\u212a"), "same"},
		"too large":            {"f 'a' 1001 " + someMD5 + "\n", "larger"},
		"together too large":   {"f 'a' 600 " + someMD5 + "\nf 'b' 600 " + someMD5 + "\n", "larger"},
		"overflow":             {"f 'a' 9223372036854775807 " + someMD5 + "\nf 'b' 9223372036854775807 " + someMD5 + "\n", "larger"},
		"larger than a number": {"f 'a' 99999999999999999999 " + someMD5 + "\n", "number"},
		"negative":             {"f 'a' -1 " + someMD5 + "\n", "size"},
		"no size":              {"f 'a' " + someMD5 + "\n", "size"},
		"no md5":               {"f 'a' 5 \n", "MD5"},
		"short md5":            {"f 'a' 5 5d41\n", "MD5"},
		"md5 of something":     {"f 'a' 5 " + strings.Repeat("g", 32) + "\n", "MD5"},
		"more behind":          {"f 'a' 5 " + someMD5 + " x\n", "MD5"},
		"carriage return":      {"f 'a' 5 " + someMD5 + "\r\n", "MD5"},
		"no end":               {"f 'a 5 " + someMD5 + "\n", "end"},
		"no apostrophe":        {"f a 5 " + someMD5 + "\n", "apostrophe"},
		"unknown kind":         {"x 'a' 5 " + someMD5 + "\n", "begin"},
		"no kind":              {"hello", "begin"},
		"html":                 {"<!DOCTYPE html><html>", "begin"},
		"not UTF-8":            {"f '\xff' 5 " + someMD5 + "\n", "UTF-8"},
		"utf-16":               {"\xff\xfef\x00", "UTF-8"},
		"folder with size":     {"d 'a' 4096 \n", "size"},
		"link out":             {"l 'a' 0 '../b'\n", "leads out"},
		"link out from below":  {line("x/y") + "l 'x/a' 0 '../../b'\n", "leads out"},
		"link to the root":     {"l 'a' 0 '/etc/passwd'\n", "leads out"},
		"link to a drive":      {"l 'a' 0 'c:x'\n", "leads out"},
		"link by backslash":    {"l 'a' 0 '..\\b'\n", "leads out"},
		"link to nothing":      {"l 'a' 0 ''\n", "leads out"},
		"link to no file":      {"l 'a' 0 'b'\n", "no file"},
		"link to a folder":     {line("b/c") + "l 'a' 0 'b'\n", "no file"},
		"link to itself":       {"l 'a' 0 'a'\n", "no file"},
		"links in a ring":      {"l 'a' 0 'b'\nl 'b' 0 'a'\n", "no file"},
		"link through a link":  {line("d/x") + "l 'e' 0 'd'\nl 'a' 0 'e/x'\n", "no file"},
		"more behind a link":   {line("b") + "l 'a' 0 'b' x\n", "behind"},
		"huge":                 {strings.Repeat("\n", maxList+1), "larger"},
		"too many":             {strings.Repeat("d 'a' 0 \n", 2) + many(), "entries"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseList("firefox", []byte(c.text), windows, 1000)
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "firefox") || got.Files != nil {
				t.Errorf("%v", err)
			}
		})
	}
}

func many() string {
	var out strings.Builder
	for i := range maxFiles {
		fmt.Fprintf(&out, "d 'f%d' 0 \n", i)
	}
	return out.String()
}

// FuzzParseList: whatever a list says, what is taken of it lies below the folder and
// is one file for each name.
func FuzzParseList(f *testing.F) {
	f.Add([]byte("d 'a' 0 \nf 'a/b' 5 "+someMD5+"\nl 'c' 0 'a/b'\n"), true)
	f.Add([]byte("f 'it\\'s' 5 "+someMD5+"\n"), false)
	f.Add([]byte("l 'a' 0 '../b'\nf '..' 1 "+someMD5+"\n"), true)
	f.Add([]byte("f 'A' 5 "+someMD5+"\nf 'a' 5 "+someMD5+"\n"), true)
	f.Fuzz(func(t *testing.T, text []byte, onWindows bool) {
		names := Names{Windows: onWindows, FoldCase: onWindows}
		l, err := ParseList("p", text, names, 1<<20)
		if err != nil {
			if !errors.Is(err, ErrRefused) {
				t.Fatalf("of no class: %v", err)
			}
			return
		}
		seen, bytes := map[string]bool{}, int64(0)
		look := func(name string) {
			if clean := path.Clean("/" + name); clean != "/"+name || strings.ContainsAny(name, "\\\x00\n") || names.Check(name) != nil {
				t.Errorf("%q is taken", name)
			}
			key := name
			if onWindows {
				key = strings.ToLower(strings.ToUpper(name))
			}
			if seen[key] {
				t.Errorf("%q is there twice", name)
			}
			seen[key] = true
			if above := path.Dir(name); above != "." {
				if _, found := slices.BinarySearch(l.Folders, above); !found {
					t.Errorf("%q has no folder", name)
				}
			}
		}
		for _, d := range l.Folders {
			look(d)
		}
		for _, x := range l.Files {
			look(x.Name)
			bytes += x.Size
			if x.Size < 0 || len(x.MD5) != 32 {
				t.Errorf("%+v", x)
			}
		}
		if bytes != l.Bytes || bytes > 1<<20 {
			t.Errorf("%d bytes, it says %d", bytes, l.Bytes)
		}
	})
}
