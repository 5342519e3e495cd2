// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
)

// systems of paths that CheckDir knows, by a machine's word.
func rulesOf(os string) checks.PathRules {
	if os == "windows" {
		return checks.Windows()
	}
	return checks.Unix()
}

// wired is a reader with the daemon's own check of directories.
func wired(os string) Reader {
	m := Machine{os, "x64"}
	r := Reader{Depot: "/depot", Machine: m, Constants: MachineConstants(m), CheckDir: func(dir string) error { return checks.CheckDir(rulesOf(os), dir) }}
	if os == "windows" {
		r.Depot, r.Constants = `C:\depot`, windows()
	}
	return r
}

// FuzzText reads metadata of any text on both systems: what is wrong names its
// file and is one line, and what is used is safe to use.
func FuzzText(f *testing.F) {
	names, err := filepath.Glob("testdata/examples/*.toml")
	if err != nil || len(names) == 0 {
		f.Fatalf("no examples: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("[[installers]]\ninstall_dir='/opt/%ScriptPath%/../..'\nprocesses=['../sshd','/usr/sbin/sshd',\"a\\u202eb\"]\n")
	f.Add("[[installers]]\ninstall_dir='C:\\Windows\\..\\x'\n[quietsetup]\ncommand=[\"a\\u0000b\",'$(id)']\ndetect={kind='dpkg',name='a*'}\n")
	f.Add("[quietsetup.policy]\ndialog_timeout='99999999999999999999s'\nmax_defer=-9223372036854775808\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, os := range []string{"linux", "windows"} {
			r := wired(os)
			x := r.ExamineText("p", "p.toml", []byte(text))
			for _, m := range slices.Concat(x.Mistakes, x.Doubts) {
				if m.File != "p.toml" || m.Code == "" || m.Line < 0 || m.Line > 1+strings.Count(text, "\n") || strings.ContainsAny(m.Error(), "\n\r\x1b\u202e\x00") {
					t.Fatalf("%s: %+v", os, m)
				}
			}
			if x.problem() != nil {
				continue
			}
			for _, d := range x.Package.Dirs {
				if err := r.CheckDir(d); err != nil {
					t.Fatalf("%s: %v", os, err)
				}
			}
			if _, err := checks.NewMatcher(rulesOf(os), x.Package.Dirs, x.Package.Processes, nil); err != nil {
				t.Fatalf("%s: the metadata is good, but nothing can be looked for: %v", os, err)
			}
			for _, a := range slices.Concat(x.Package.Command, x.Package.Uninstall) {
				if strings.ContainsRune(a, 0) {
					t.Fatalf("%s: argument %q", os, a)
				}
			}
		}
	})
}

// FuzzControl reads control files of both forms.
func FuzzControl(f *testing.F) {
	f.Add(oldForm, true)
	f.Add(control("p"), false)
	f.Add("[Product]\nid='../p'\nname=\"a\\u001b[31m\"\nversion='1/2'\npriority=101\n[[ProductDependency]]\nrequiredProductId='/etc'\nrequirementType='x'\n", false)
	f.Add("[Package]\nversion: 1\ndepends: \n[Product]\nid: p\n id: q\n[ProductDependency]\naction: setup\nrequiredProduct: ..\n", true)
	f.Fuzz(func(t *testing.T, text string, old bool) {
		x := ExamineControl("control", []byte(text), old)
		for _, m := range slices.Concat(x.Mistakes, x.Doubts) {
			if m.File != "control" || m.Code == "" || m.Line < 0 || m.Line > 1+strings.Count(text, "\n") || strings.ContainsAny(m.Error(), "\n\r\x1b\u202e\x00") {
				t.Fatalf("%+v", m)
			}
		}
		if x.problem() != nil {
			return
		}
		p := x.Package
		for _, v := range []string{p.ProductVersion, p.PackageVersion} {
			if strings.ContainsAny(v, "/\\\n ") || len(v) > 32 {
				t.Fatalf("version %q", v)
			}
		}
		if p.Priority < -100 || p.Priority > 100 || strings.ContainsAny(p.Name, "\n\r\x1b\x00") {
			t.Fatalf("%+v", p)
		}
		for _, d := range p.Dependencies {
			if err := productid.Check(d.Product); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzAbsolute: a directory is written in one way, and writing it again changes
// nothing.
func FuzzAbsolute(f *testing.F) {
	for _, s := range []string{"/opt//x/.", `C:\x\.\y\`, `c:/x`, `C:\..\x`, "/..", `\\server\share`, `C:x`, "//x", `C:\x:y`, "/opt/\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, os := range []string{"linux", "windows"} {
			m := Machine{os, "x64"}
			got, err := m.absolute(s)
			if err != nil {
				continue
			}
			if again, err := m.absolute(got); err != nil || again != got {
				t.Fatalf("%s: %q is %q, and that %q, %v", os, s, got, again, err)
			}
			if checks.CheckDir(rulesOf(os), s) == nil != (checks.CheckDir(rulesOf(os), got) == nil) && !strings.Contains(s, ".") && !strings.HasPrefix(s, "//") {
				t.Fatalf("%s: whether %q is safe depends on how it is written: %q", os, s, got)
			}
		}
	})
}

// TestDeepTextsStaySmall: what is nested or repeated as deep as a file can hold
// is refused within the memory of a small service.
func TestDeepTextsStaySmall(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	for name, text := range deepTexts() {
		for kind, examine := range map[string]func(){
			"metadata":    func() { wired("linux").ExamineText("p", "f", []byte(text)) },
			"control":     func() { ExamineControl("f", []byte(text), false) },
			"old control": func() { ExamineControl("f", []byte(text), true) },
		} {
			if grew := grows(examine); grew > 64<<20 {
				t.Errorf("%s as %s takes %d MB", name, kind, grew>>20)
			}
		}
	}
}

func deepTexts() map[string]string {
	const n = 1 << 20
	fill := func(s string) string { return strings.Repeat(s, n/len(s)) }
	return map[string]string{
		"lists":        "a = " + strings.Repeat("[", n-10),
		"tables":       "a = " + fill("{b="),
		"dotted keys":  fill("a.") + "b = 1",
		"headers":      "[" + fill("a.") + "b]",
		"array tables": fill("[[a]]\n"),
		"open strings": fill("a = \"\"\"\n"),
		"many keys":    fill("[x]\n"),
		"one line":     fill("a"),
		"old sections": fill("[Product]\nid: p\n"),
		"old lists":    "[ProductProperty]\nvalues: " + strings.Repeat("[", n-40),
		"continued":    "[Product]\ndescription: x\n" + fill(" y\n"),
	}
}

// grows is how many bytes heap and stacks grew at most while f ran, as far as a
// look now and then can tell.
func grows(f func()) uint64 {
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	debug.SetMemoryLimit(int64(before.HeapAlloc) + 32<<20) // collect early
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	most := uint64(0)
	for {
		select {
		case <-done:
			return most
		default:
			runtime.ReadMemStats(&now)
			if is, was := now.HeapAlloc+now.StackInuse, before.HeapAlloc+before.StackInuse; is > was {
				most = max(most, is-was)
			}
			runtime.Gosched()
		}
	}
}
