// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

const client = "pc1.site.test"

// bench is a site with a cache.
type bench struct {
	t     *testing.T
	depot *opsitest.Server
	dir   string
	opt   Options
	warns []string
	*Cache
}

func newBench(t *testing.T, change func(*Options)) *bench {
	t.Helper()
	b := &bench{t: t, depot: opsitest.Start(t, opsitest.Options{}), dir: filepath.Join(t.TempDir(), "depot")}
	key, err := opsi.ParseKey(b.depot.AddClient(client))
	if err != nil {
		t.Fatal(err)
	}
	b.opt = Options{Dir: b.dir, HTTP: opsi.NewHTTP(b.depot.Roots()), Credentials: opsi.Credentials{HostID: client, Key: key},
		Server: func(context.Context) (string, error) {
			return strings.Replace(b.depot.URL(), "https://", "webdavs://", 1) + "/depot", nil
		},
		Warn: func(product, line string) { b.warns = append(b.warns, product+": "+line) }}
	if change != nil {
		change(&b.opt)
	}
	b.open()
	t.Cleanup(func() { b.Cache.Close(); b.opt.HTTP.CloseIdleConnections() })
	return b
}

// open is a start, after a crash or not.
func (b *bench) open() {
	b.t.Helper()
	if b.Cache != nil {
		b.Cache.Close()
	}
	c, err := New(b.opt)
	if err != nil {
		b.t.Fatal(err)
	}
	c.pause = time.Millisecond
	b.Cache = c
}

// put makes a product of the depot, with its list.
func (b *bench) put(product string, files map[string]string) {
	b.depot.RemoveFile(product)
	for name, text := range files {
		b.depot.WriteFile(product+"/"+name, []byte(text))
	}
	b.depot.ListFiles(product)
}

// want compares what is visible of a product.
func (b *bench) want(product string, files map[string]string) {
	b.t.Helper()
	got, err := visible(b.dir, product)
	if err != nil {
		b.t.Fatal(err)
	}
	if !same(got, files) {
		b.t.Fatalf("there is %q, want %q", got, files)
	}
}

// visible is what a reader finds in CLIENT_DATA; nil = there is no product.
func visible(dir, product string) (map[string]string, error) {
	root := filepath.Join(dir, product)
	if _, err := os.Lstat(root); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	out := map[string]string{}
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(p)
		rel, _ := filepath.Rel(root, p)
		rel = filepath.ToSlash(rel)
		if name, ok := strings.CutPrefix(rel, "CLIENT_DATA/"); ok {
			out[name] = string(text)
		} else if rel != recordFile {
			out["../"+rel] = string(text)
		}
		return err
	})
	return out, err
}

func same(a, b map[string]string) bool {
	if (a == nil) != (b == nil) || len(a) != len(b) {
		return false
	}
	for name, text := range a {
		if other, ok := b[name]; !ok || other != text {
			return false
		}
	}
	return true
}

// downloads counts the files that were asked for since the last look, lists apart.
func (b *bench) downloads() (n int) {
	for _, r := range b.depot.Requests() {
		if strings.HasPrefix(r.Path, "/depot/") && !strings.HasSuffix(r.Path, ".files") {
			n++
		}
	}
	b.depot.ForgetRequests()
	return n
}

func (b *bench) whole(product string) {
	b.t.Helper()
	if err := b.Whole(b.t.Context(), product); err != nil {
		b.t.Fatal(err)
	}
}

var firefox = map[string]string{
	"opsi-meta-data.toml": "[[installers]]\nprocesses = [\"firefox\"]\n", "setup.sh": "#!/bin/sh\necho hello\n", "data/it's ä 100% #1?.txt": "hello",
	"data/deep/er/twin": "hello", "data/empty": "", "data/big.bin": strings.Repeat("0123456789", 50_000), "bin/elf": "\x7fELF\x02\x01",
}

func TestWhole(t *testing.T) {
	if runtime.GOOS == "windows" {
		delete(firefox, "data/it's ä 100% #1?.txt")
	}
	b := newBench(t, nil)
	b.put("firefox", firefox)
	if err := b.Verify(t.Context(), "firefox"); !errors.Is(err, ErrNotHere) {
		t.Errorf("before: %v", err)
	}
	b.whole("firefox")
	b.want("firefox", firefox)
	if n := b.downloads(); n > len(firefox) {
		t.Errorf("%d downloads", n)
	}
	if err := b.Verify(t.Context(), "firefox"); err != nil {
		t.Error(err)
	}
	// Nothing is fetched twice, over a start too.
	b.open()
	b.whole("firefox")
	if err := b.Metadata(t.Context(), "firefox"); err != nil {
		t.Error(err)
	}
	if n := b.downloads(); n != 0 {
		t.Errorf("%d downloads of what is here", n)
	}
	// Another version: what stayed the same is not fetched again.
	next := map[string]string{"data/big.bin": firefox["data/big.bin"], "new": "new"}
	b.put("firefox", next)
	b.whole("firefox")
	b.want("firefox", next)
	if n := b.downloads(); n != 1 {
		t.Errorf("%d downloads, want the new file alone", n)
	}
	// The same, told by a look at the metadata first.
	b.put("firefox", firefox)
	if err := b.Metadata(t.Context(), "firefox"); err != nil {
		t.Error(err)
	}
	b.want("firefox", map[string]string{metaFile: firefox[metaFile]})
	if err := b.Verify(t.Context(), "firefox"); !errors.Is(err, ErrNotHere) {
		t.Errorf("metadata alone: %v", err)
	}
	b.whole("firefox")
	b.want("firefox", firefox)
	for _, r := range b.depot.Requests() {
		if strings.HasSuffix(r.Path, "big.bin") {
			t.Error("the large file was fetched again")
		}
	}
	left, _ := filepath.Glob(filepath.Join(b.dir, ".*", "*"))
	if len(left) != 0 || len(b.warns) != 0 {
		t.Errorf("left %q, said %q", left, b.warns)
	}
	if runtime.GOOS != "windows" {
		rights(t, b.dir)
	}
}

// rights are private at the top, and a program may be run by its first bytes.
func rights(t *testing.T, dir string) {
	t.Helper()
	for name, want := range map[string]fs.FileMode{"": 0o700, "firefox": 0o700, "firefox/CLIENT_DATA": 0o755, "firefox/CLIENT_DATA/data/deep": 0o755,
		"firefox/CLIENT_DATA/setup.sh": 0o755, "firefox/CLIENT_DATA/bin/elf": 0o755, "firefox/CLIENT_DATA/data/empty": 0o644, "firefox/files.json": 0o644} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %v", name, info.Mode(), err, want)
		}
	}
	a, _ := os.Stat(filepath.Join(dir, "firefox/CLIENT_DATA/data/deep/er/twin"))
	for _, e := range []string{"data/it's ä 100% #1?.txt"} {
		if b, err := os.Stat(filepath.Join(dir, "firefox/CLIENT_DATA", e)); err != nil || os.SameFile(a, b) {
			t.Errorf("two names of one file: a change of one is a change of the other (%v)", err)
		}
	}
}

// TestReader: the reader of packages reads what is here like a depot folder.
func TestReader(t *testing.T) {
	control := "[Package]\nversion = \"1\"\n[Product]\nid = \"firefox\"\nname = \"Firefox\"\ntype = \"LocalbootProduct\"\nversion = \"133.0\"\n"
	b := newBench(t, func(o *Options) {
		o.Control = func(context.Context, string) ([]byte, error) { return []byte(control), nil }
	})
	b.put("firefox", firefox)
	read := func(name string) {
		t.Helper()
		p, problem, err := metadata.Reader{Depot: b.dir}.Load("firefox")
		if err != nil || problem != nil && problem.Code == metadata.CodeUnreadable || p.Name != name || p.Folder != filepath.Join(b.dir, "firefox", "CLIENT_DATA") {
			t.Errorf("%+v %v %v", p, problem, err)
		}
	}
	if err := b.Metadata(t.Context(), "firefox"); err != nil {
		t.Fatal(err)
	}
	read("Firefox")
	b.whole("firefox")
	read("Firefox")
	b.downloads()
	control = strings.Replace(control, "Firefox", "Fox", 1)
	b.whole("firefox") // the server knows it by another name now
	read("Fox")
	if n := b.downloads(); n != 0 {
		t.Errorf("%d downloads for a name", n)
	}
	if err := b.Verify(t.Context(), "firefox"); err != nil {
		t.Error(err)
	}
}

// TestMetadata brings no more than it should, and none where there is none.
func TestMetadata(t *testing.T) {
	b := newBench(t, nil)
	b.put("firefox", firefox)
	b.put("plain", map[string]string{"setup.opsiscript": "[Actions]"})
	b.put("fat", map[string]string{metaFile: strings.Repeat("#", 2<<20)})
	for _, id := range []string{"firefox", "plain"} {
		if err := b.Metadata(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	b.want("firefox", map[string]string{metaFile: firefox[metaFile]})
	b.want("plain", map[string]string{})
	if n := b.downloads(); n != 1 {
		t.Errorf("%d downloads", n)
	}
	if err := b.Metadata(t.Context(), "fat"); !errors.Is(err, ErrRefused) {
		t.Error(err)
	}
	b.want("fat", nil)
}

// TestChangedHere: what was changed on this machine is not used and fetched anew.
func TestChangedHere(t *testing.T) {
	for name, change := range map[string]func(data string) error{
		"content": func(d string) error {
			return os.WriteFile(filepath.Join(d, "setup.sh"), []byte("#!/bin/sh\necho hellO\n"), 0o755)
		},
		"longer":       func(d string) error { return os.WriteFile(filepath.Join(d, "data/empty"), []byte("x"), 0o644) },
		"added":        func(d string) error { return os.WriteFile(filepath.Join(d, "data/version.dll"), nil, 0o644) },
		"removed":      func(d string) error { return os.Remove(filepath.Join(d, "setup.sh")) },
		"folder added": func(d string) error { return os.Mkdir(filepath.Join(d, "data/x"), 0o755) },
		"all gone":     func(d string) error { return os.RemoveAll(d) },
		"file a folder": func(d string) error {
			return errors.Join(os.Remove(filepath.Join(d, "setup.sh")), os.Mkdir(filepath.Join(d, "setup.sh"), 0o755))
		},
		"no record":  func(d string) error { return os.Remove(filepath.Join(d, "../files.json")) },
		"bad record": func(d string) error { return os.WriteFile(filepath.Join(d, "../files.json"), []byte("{"), 0o644) },
		"lying record": func(d string) error {
			return os.WriteFile(filepath.Join(d, "../files.json"), []byte(`{"v":1,"product":"firefox","files":[{"name":"../../x"}]}`), 0o644)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			b.put("firefox", firefox)
			b.whole("firefox")
			if err := change(filepath.Join(b.dir, "firefox", "CLIENT_DATA")); err != nil {
				t.Fatal(err)
			}
			if err := b.Verify(t.Context(), "firefox"); !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), "firefox") {
				t.Errorf("it is used: %v", err)
			}
			if err := b.Metadata(t.Context(), "firefox"); err != nil {
				t.Error(err)
			}
			if got, _ := visible(b.dir, "firefox"); got[metaFile] != firefox[metaFile] {
				t.Errorf("the metadata is %q", got[metaFile])
			}
			b.warns = b.warns[:min(len(b.warns), 1)] // once for each look that found it
			b.whole("firefox")
			b.want("firefox", firefox)
			if len(b.warns) == 0 {
				t.Errorf("said %q", b.warns)
			}
			if err := b.Verify(t.Context(), "firefox"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRefusedAtTheDepot: nothing of it becomes visible, and what is here stays.
func TestRefusedAtTheDepot(t *testing.T) {
	list := func(b *bench, text string) { b.depot.WriteFile("firefox/firefox.files", []byte(text)) }
	for name, c := range map[string]struct {
		breaks func(b *bench)
		says   string
	}{
		"no product":   {func(b *bench) { b.depot.RemoveFile("firefox") }, "no such product"},
		"no list":      {func(b *bench) { b.depot.RemoveFile("firefox/firefox.files") }, "firefox.files"},
		"file is gone": {func(b *bench) { b.depot.RemoveFile("firefox/setup.sh") }, "setup.sh"},
		"wrong md5": {func(b *bench) { b.depot.WriteFile("firefox/setup.sh", []byte("#!/bin/sh\necho hellO\n")) },
			`"setup.sh": its MD5 is`},
		"shorter":        {func(b *bench) { b.depot.WriteFile("firefox/setup.sh", []byte("#!")) }, "setup.sh"},
		"longer":         {func(b *bench) { b.depot.WriteFile("firefox/setup.sh", []byte(firefox["setup.sh"]+"x")) }, "setup.sh"},
		"out":            {func(b *bench) { list(b, line("../x")) }, ".."},
		"absolute":       {func(b *bench) { list(b, line("/etc/passwd")) }, "/etc/passwd"},
		"folder as file": {func(b *bench) { list(b, line("data")) }, "data"},
		"no list at all": {func(b *bench) { list(b, "<html>") }, "firefox.files"},
		"too large":      {func(b *bench) { list(b, "f 'a' 99999999999 "+someMD5) }, "larger"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, before := range []map[string]string{nil, {"old": "tree"}} {
				b := newBench(t, nil)
				if before != nil {
					b.put("firefox", before)
					b.whole("firefox")
				}
				b.put("firefox", firefox)
				c.breaks(b)
				err := b.Whole(t.Context(), "firefox")
				var r *Refused
				if !errors.As(err, &r) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "firefox") {
					t.Fatalf("%v", err)
				}
				if p := r.Problem(); p.Message != err.Error() || (p.Code == metadata.CodeMissing) != strings.HasPrefix(name, "no product") && name != "no list" {
					t.Errorf("%+v", p)
				}
				b.want("firefox", before)
				b.open()
				b.want("firefox", before)
			}
		})
	}
	b := newBench(t, nil)
	for _, id := range []string{"", "..", "../x", "A", "a/b", ".new", "con"} {
		for _, do := range []func(context.Context, string) error{b.Whole, b.Metadata, b.Verify} {
			if err := do(t.Context(), id); !errors.Is(err, ErrRefused) {
				t.Errorf("%q: %v", id, err)
			}
		}
	}
}

// TestWaiting: what is the depot's or the network's is no defect of the product.
func TestWaiting(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(b *bench)
		want   error
	}{
		"outage":      {func(b *bench) { b.depot.Stop() }, opsi.ErrUnreachable},
		"cut":         {func(b *bench) { b.depot.Break(opsitest.Fault{Kind: opsitest.Cut, Path: "/depot/", Times: -1}) }, opsi.ErrUnreachable},
		"maintenance": {func(b *bench) { b.depot.Maintain(time.Minute) }, opsi.ErrBusy},
		"certificate": {func(b *bench) { b.depot.Present(opsitest.Foreign) }, opsi.ErrCertificate},
		"expired":     {func(b *bench) { b.depot.Present(opsitest.Expired) }, opsi.ErrCertificate},
		"blocked": {func(b *bench) {
			b.depot.Break(opsitest.Fault{Kind: opsitest.Status, Status: 403, Path: "/depot/", Times: -1})
		}, opsi.ErrBlocked},
		"failed": {func(b *bench) {
			b.depot.Break(opsitest.Fault{Kind: opsitest.Status, Status: 500, Path: "/depot/firefox/setup", Times: -1})
		}, opsi.ErrServer},
		"unknown depot": {func(b *bench) {
			b.opt.Server = func(context.Context) (string, error) { return "", opsi.ErrWaiting }
			b.open()
		}, opsi.ErrWaiting},
		"no room": {func(b *bench) {
			b.opt.FreeSpace = func(string) (uint64, error) { return 64<<20 + 500_000, nil }
			b.open()
		}, ErrNoSpace},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			b.put("firefox", firefox)
			c.breaks(b)
			err := b.Whole(t.Context(), "firefox")
			if !errors.Is(err, c.want) || errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "firefox") {
				t.Fatalf("%v", err)
			}
			b.want("firefox", nil)
			before := len(b.depot.Requests())
			if err := b.Whole(t.Context(), "firefox"); err == nil {
				t.Error("it was mended by itself")
			}
			if name != "no room" && name != "unknown depot" && len(b.depot.Requests()) > before {
				t.Error("the depot was not left alone")
			}
			b.depot.Mend()
			b.depot.Maintain(0)
			b.depot.Present(opsitest.Good)
			if err := b.depot.Resume(); err != nil {
				t.Fatal(err)
			}
			b.opt.FreeSpace, b.opt.Server = nil, func(context.Context) (string, error) { return b.depot.URL() + "/depot/", nil }
			b.open()
			b.whole("firefox")
			b.want("firefox", firefox)
		})
	}
	t.Run("wrong key", func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.Credentials.Key, _ = opsi.ParseKey(strings.Repeat("0", 32)) })
		b.put("firefox", firefox)
		if err := b.Whole(t.Context(), "firefox"); !errors.Is(err, opsi.ErrLogin) {
			t.Error(err)
		}
	})
	t.Run("given up", func(t *testing.T) {
		b := newBench(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.Whole(ctx, "firefox"); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestResume: a cut download goes on where it was, at once and after a start.
func TestResume(t *testing.T) {
	for name, again := range map[string]bool{"at once": false, "after a start": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			b.put("firefox", firefox)
			if again {
				b.depot.Break(opsitest.Fault{Kind: opsitest.Half, Path: "/depot/firefox/data/big", Do: func() {
					b.depot.Break(opsitest.Fault{Kind: opsitest.Cut, Path: "/depot/firefox/data/big", Times: -1})
				}})
				if err := b.Whole(t.Context(), "firefox"); !errors.Is(err, opsi.ErrUnreachable) {
					t.Fatal(err)
				}
				b.want("firefox", nil)
				b.depot.Mend()
				b.open()
				// The look at the metadata before the next try loses nothing.
				if err := b.Metadata(t.Context(), "firefox"); err != nil {
					t.Fatal(err)
				}
				b.depot.ForgetRequests()
			} else {
				b.depot.Break(opsitest.Fault{Kind: opsitest.Half, Path: "/depot/firefox/data/big"})
			}
			b.whole("firefox")
			b.want("firefox", firefox)
			statuses := ""
			for _, r := range b.depot.Requests() {
				if strings.HasSuffix(r.Path, "big.bin") {
					statuses += fmt.Sprint(r.Status, " ")
				}
			}
			if want := map[bool]string{false: "200 206 ", true: "206 "}[again]; statuses != want {
				t.Errorf("answers %q, want %q", statuses, want)
			}
		})
	}
}

// TestChangedInTheMiddle: the rest is another file's. The list decides what it is.
func TestChangedInTheMiddle(t *testing.T) {
	next := strings.Repeat("9876543210", 50_000) // as large
	for name, c := range map[string]struct {
		list bool
		at   string
	}{"file alone": {false, next}, "shorter": {false, "x"}, "package": {true, next}, "package shorter": {true, "x"}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			b.put("firefox", firefox)
			b.depot.Break(opsitest.Fault{Kind: opsitest.Half, Path: "/depot/firefox/data/big"},
				opsitest.Fault{Kind: opsitest.Pass, Path: "/depot/firefox/data/big", Do: func() {
					b.depot.WriteFile("firefox/data/big.bin", []byte(c.at))
					if c.list {
						b.depot.ListFiles("firefox")
					}
				}})
			err := b.Whole(t.Context(), "firefox")
			if !c.list {
				if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "big.bin") {
					t.Fatal(err)
				}
				b.want("firefox", nil)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for n, text := range firefox {
				want[n] = text
			}
			want["data/big.bin"] = c.at
			b.want("firefox", want)
		})
	}
}

func TestLinks(t *testing.T) {
	b := newBench(t, nil)
	b.depot.WriteFile("p/lib/so.1", []byte("hello"))
	b.depot.WriteFile("p/p.files", []byte(line("lib/so.1")+"l 'lib/so' 0 'so.1'\nl 'so' 0 'lib/so'\n"))
	b.whole("p")
	b.want("p", map[string]string{"lib/so.1": "hello", "lib/so": "hello", "so": "hello"})
}

func TestSweep(t *testing.T) {
	b := newBench(t, nil)
	for _, id := range []string{"a", "b", "c"} {
		b.put(id, map[string]string{"x": id})
		b.whole(id)
	}
	b.put("d", firefox)
	b.depot.Break(opsitest.Fault{Kind: opsitest.Status, Status: 500, Path: "/depot/d/setup"})
	if err := b.Whole(t.Context(), "d"); err == nil {
		t.Fatal("not broken")
	}
	release, err := b.hold(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Sweep(func(id string) bool { return id == "a" }); err != nil {
		t.Fatal(err)
	}
	release()
	b.want("a", map[string]string{"x": "a"})
	b.want("b", nil)
	b.want("c", map[string]string{"x": "c"}) // somebody worked with it
	if left, _ := filepath.Glob(filepath.Join(b.dir, ".*", "*")); len(left) != 0 {
		t.Errorf("left %q", left)
	}
}

// TestFolderOfOurs: nothing is kept where others could change it.
func TestFolderOfOurs(t *testing.T) {
	b := newBench(t, nil)
	opt := b.opt
	for name, make := range map[string]func(string) error{
		"a file":         func(p string) error { return os.WriteFile(p, nil, 0o600) },
		"nowhere":        func(p string) error { return nil },
		"a link":         func(p string) error { return os.Symlink(t.TempDir(), p) },
		"open to others": func(p string) error { return errors.Join(os.Mkdir(p, 0o777), os.Chmod(p, 0o777)) },
	} {
		if runtime.GOOS == "windows" && (name == "a link" || name == "open to others") {
			continue // not everybody may make links there, and modes say nothing
		}
		opt.Dir = filepath.Join(t.TempDir(), "x")
		if name == "nowhere" {
			opt.Dir = filepath.Join(opt.Dir, "y")
		}
		if err := make(opt.Dir); err != nil {
			t.Fatal(err)
		}
		if c, err := New(opt); err == nil {
			c.Close()
			t.Errorf("%s is taken", name)
		}
	}
	opt.Dir = "relative"
	if _, err := New(opt); err == nil {
		t.Error("a relative folder is taken")
	}
	opt = b.opt
	opt.Server = nil
	if _, err := New(opt); err == nil {
		t.Error("no server is taken")
	}
	opt = b.opt
	opt.Credentials = opsi.Credentials{HostID: client}
	if _, err := New(opt); !errors.Is(err, opsi.ErrCredentials) {
		t.Errorf("no key: %v", err)
	}
}

// errCrash is what the power does.
var errCrash = errors.New("crash")

// TestCrash: after a crash before any change of what lies here, the product is the
// old tree or the new one, after a start as well, and the next try ends well.
func TestCrash(t *testing.T) {
	old := map[string]string{"setup.sh": "#!old", "data/kept": "hello", "gone": "gone", metaFile: "old = 1"}
	next := map[string]string{"setup.sh": "#!new", "data/kept": "hello", "more/of": "it", metaFile: "new = 1"}
	cannot := func(*os.Root, string, string) error { return errors.ErrUnsupported }
	for name, c := range map[string]struct {
		before map[string]string
		do     func(*bench) error
		after  map[string]string
		swap   func(*os.Root, string, string) error // nil = the system's
	}{
		"first":    {nil, func(b *bench) error { return b.Whole(b.t.Context(), "p") }, next, nil},
		"whole":    {old, func(b *bench) error { return b.Whole(b.t.Context(), "p") }, next, nil},
		"by steps": {old, func(b *bench) error { return b.Whole(b.t.Context(), "p") }, next, cannot},
		"metadata": {old, func(b *bench) error { return b.Metadata(b.t.Context(), "p") }, map[string]string{metaFile: "new = 1"}, nil},
		"sweep":    {old, func(b *bench) error { return b.Sweep(func(string) bool { return false }) }, nil, nil},
	} {
		if name == "whole" && runtime.GOOS != "linux" {
			continue // it is the one by steps
		}
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			k, steps := 0, []string{}
			for ended := false; !ended; k++ {
				b.Sweep(func(string) bool { return false })
				if c.before != nil {
					b.put("p", c.before)
					b.whole("p")
				}
				b.put("p", next)
				if c.swap != nil {
					b.Cache.swap = c.swap
				}
				n := 0
				b.step = func(what string) error {
					if n++; n == k+1 {
						steps = append(steps, what)
					}
					if n > k {
						return errCrash
					}
					return nil
				}
				err := c.do(b)
				ended = err == nil
				if !ended && !errors.Is(err, errCrash) {
					t.Fatal(err)
				}
				b.warns = nil
				b.open()
				got, err := visible(b.dir, "p")
				if err != nil {
					t.Fatal(err)
				}
				if !same(got, c.before) && !same(got, c.after) {
					t.Fatalf("a crash at step %d (%s) leaves %q", k, steps[len(steps)-1], got)
				}
				if ended && !same(got, c.after) {
					t.Fatalf("it ended and there is %q", got)
				}
				if got != nil {
					r, err := b.readRecord("p")
					if err == nil {
						err = b.verify(t.Context(), "p", r, everything)
					}
					if err != nil {
						t.Fatalf("a crash at step %d leaves what cannot be used: %v", k, err)
					}
				}
				if err := c.do(b); err != nil {
					t.Fatal(err)
				}
				if got, _ := visible(b.dir, "p"); !same(got, c.after) {
					t.Fatalf("after a crash at step %d and a start there is %q", k, got)
				}
				if entries, _ := os.ReadDir(filepath.Join(b.dir, newFolder)); len(entries) != 0 {
					t.Fatalf("left %v", entries)
				}
			}
			if c.swap != nil && !slices.Contains(steps, "between old and new") {
				t.Error("the moment between old and new was not met")
			}
			if !slices.Contains(steps, "exchange") && name != "sweep" || len(steps) < 4 {
				t.Errorf("steps %q", steps)
			}
			t.Logf("%d steps", len(steps))
		})
	}
}

// TestOldIsPutBack: a crash where two folders cannot be exchanged at once.
func TestOldIsPutBack(t *testing.T) {
	b := newBench(t, nil)
	b.put("p", map[string]string{"x": "1"})
	b.whole("p")
	if err := errors.Join(os.MkdirAll(filepath.Join(b.dir, oldFolder), 0o700), os.Rename(filepath.Join(b.dir, "p"), filepath.Join(b.dir, oldFolder, "p")),
		os.MkdirAll(filepath.Join(b.dir, newFolder, "p", "CLIENT_DATA"), 0o700)); err != nil {
		t.Fatal(err)
	}
	b.open()
	b.want("p", map[string]string{"x": "1"})
	if err := b.Verify(t.Context(), "p"); err != nil {
		t.Error(err)
	}
}

// TestPace: everything together is not faster than it may be.
func TestPace(t *testing.T) {
	b := newBench(t, func(o *Options) { o.BytesPerSecond = func() int64 { return 100_000 } })
	b.put("p", map[string]string{"x": strings.Repeat("x", 30_000), "y": strings.Repeat("y", 20_000)})
	begun := time.Now()
	b.whole("p")
	if took := time.Since(begun); took < 450*time.Millisecond {
		t.Errorf("50 kB at 100 kB/s took %v", took)
	}
}

// TestLook: just before a start everything is there with its size, and what the
// command names is read.
func TestLook(t *testing.T) {
	b := newBench(t, nil)
	b.put("app", map[string]string{"setup.sh": "#!/bin/sh\n", "files/app.msi": "content", "big.bin": "1234"})
	if err := b.Whole(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string {
		return filepath.Join(b.dir, "app", metadata.ClientData, filepath.FromSlash(name))
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(in(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := []string{"./setup.sh", "--file=files\\app.msi"}
	for _, c := range []struct {
		name string
		do   func()
		ok   bool
	}{
		{"as it was", func() {}, true},
		{"another file, same size", func() { write("big.bin", "4321") }, true}, // Verify would see it
		{"another file, other size", func() { write("big.bin", "12345") }, false},
		{"the program", func() { write("big.bin", "1234"); write("setup.sh", "#!/bin/SH\n") }, false},
		{"what it names", func() { write("setup.sh", "#!/bin/sh\n"); write("files/app.msi", "CONTENT") }, false},
		{"one more", func() { write("files/app.msi", "content"); write("dropped.dll", "") }, false},
		{"one less", func() { os.Remove(in("dropped.dll")); os.Remove(in("big.bin")) }, false},
	} {
		c.do()
		if err := b.Look(t.Context(), "app", command); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrChanged) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	write("big.bin", "1234")
	if err := b.Look(t.Context(), "app", []string{in("setup.sh")}); err != nil {
		t.Error(err)
	}
	write("setup.sh", "#!/bin/SH\n")
	if err := b.Look(t.Context(), "app", []string{in("setup.sh")}); !errors.Is(err, ErrChanged) {
		t.Errorf("an absolute name: %v", err)
	}
	if err := b.Look(t.Context(), "other", command); !errors.Is(err, ErrNotHere) {
		t.Errorf("nothing there: %v", err)
	}
}

// TestSweepAsksAgain: what is wanted by the time it would go stays.
func TestSweepAsksAgain(t *testing.T) {
	b := newBench(t, nil)
	tree := map[string]string{"setup.sh": "x"}
	b.put("app", tree)
	if err := b.Whole(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	asked := 0
	if err := b.Sweep(func(string) bool { asked++; return asked > 1 }); err != nil {
		t.Fatal(err)
	}
	b.want("app", tree)
}
