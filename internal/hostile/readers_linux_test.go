// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/installer"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/prompts"
	"github.com/quietsetup/quietsetup/internal/source/local"
	"github.com/quietsetup/quietsetup/store"
	"github.com/quietsetup/quietsetup/store/storetest"
)

// mark stands in every evil text, and in nothing that is believed.
const mark = "6.6.6"

// reader is one file that the service reads, in a world of its own.
type reader struct {
	name string
	path string // of the file
	good []byte
	evil []byte
	// read reads the file as the service does. It returns what was believed of it.
	read func() (string, error)
	// open: the place is somebody else's by design (a depot), so other owners and
	// second names are no attack. Links may be the admin's own (a config file).
	open, links bool
	slow        bool // a try takes milliseconds
	turns       bool // what was read is looked at again afterwards, so nothing may be swapped meanwhile
}

// put writes a file, private as the service's own are.
func put(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// readers makes every file that is read.
func readers(t testing.TB) []reader {
	t.Helper()
	return []reader{configFile(t), rowFile(t), depotFile(t, metadata.ControlFile), depotFile(t, metadata.MetaFile), overlayFile(t),
		keyFile(t), outcomeFile(t), segmentFile(t), smallFile(t, "store.json"), smallFile(t, "clean"), smallFile(t, "notice.json"), dbFile(t), copyFile(t)}
}

func configFile(t testing.TB) reader {
	path := filepath.Join(t.TempDir(), "quietsetup.toml")
	text := func(contact string) []byte { return []byte("[ui]\ncontact = '" + contact + "'\n") }
	return reader{name: "config", path: path, good: text("phone 1"), evil: text(mark), links: true,
		read: func() (string, error) { c, err := config.Load(path); return c.UI.Contact, err }}
}

func rowFile(t testing.TB) reader {
	state := t.TempDir()
	row := func(version string) []byte {
		return []byte(`{"v":1,"productId":"p","productType":"LocalbootProduct","installationStatus":"not_installed","actionRequest":"setup","productVersion":"` + version + `"}`)
	}
	return reader{name: "row", path: filepath.Join(state, "local", "p.json"), good: row("1.0"), evil: row(mark), read: func() (string, error) {
		s, err := local.Open(state, local.Parts{Depot: metadata.Reader{Depot: state}})
		if err != nil {
			return "", err
		}
		defer s.Close()
		rows, err := s.Rows()
		return fmt.Sprintf("%+v", rows), err
	}}
}

const control = "[Package]\nversion = '1'\n[Product]\nid = 'p'\nname = 'P'\nversion = '1.2'\n"

func metaText(version string) []byte {
	return []byte("[specification]\nversion = '0.1'\n[[installers]]\ninstall_dir = '/opt/p'\n[quietsetup]\ncommand = ['./setup.sh', '" + version + "']\n")
}

func load(r metadata.Reader) func() (string, error) {
	return func() (string, error) {
		p, problem, err := r.Load("p")
		if err == nil && problem != nil {
			err = errors.New(problem.Message)
		}
		return p.ProductVersion + strings.Join(p.Command, " "), err
	}
}

func depotFile(t testing.TB, name string) reader {
	depot := t.TempDir()
	put(t, filepath.Join(depot, "p", metadata.ControlFile), []byte(control))
	put(t, filepath.Join(depot, "p", metadata.ClientData, "setup.sh"), []byte("#!/bin/sh\n"))
	out := reader{name: name, path: filepath.Join(depot, "p", name), good: []byte(control), evil: []byte(strings.Replace(control, "1.2", mark, 1)), open: true}
	if name == metadata.MetaFile {
		out.good, out.evil = metaText("1"), metaText(mark)
	}
	m := metadata.Machine{OS: "linux", Arch: "x64"}
	out.read = load(metadata.Reader{Depot: depot, Machine: m, Constants: metadata.MachineConstants(m), CheckDir: func(d string) error { return checks.CheckDir(checks.Unix(), d) }})
	return out
}

func overlayFile(t testing.TB) reader {
	depot, overlay := t.TempDir(), t.TempDir()
	put(t, filepath.Join(depot, "p", metadata.ControlFile), []byte(control))
	put(t, filepath.Join(depot, "p", metadata.ClientData, "setup.sh"), []byte("#!/bin/sh\n"))
	m := metadata.Machine{OS: "linux", Arch: "x64"}
	return reader{name: "overlay", path: filepath.Join(overlay, "p.toml"), good: metaText("1"), evil: metaText(mark),
		read: load(metadata.Reader{Depot: depot, Overlay: overlay, Machine: m, Constants: metadata.MachineConstants(m), CheckOverlay: config.CheckOwner,
			CheckDir: func(d string) error { return checks.CheckDir(checks.Unix(), d) }})}
}

func keyFile(t testing.TB) reader {
	state := t.TempDir()
	key := func(s string) []byte { return []byte(strings.Repeat(s, 32)[:32]) }
	return reader{name: "key", path: filepath.Join(state, "prompt.key"), good: key("k"), evil: key(mark),
		read: func() (string, error) { k, err := prompts.LoadKey(state); return string(k), err }}
}

func outcomeFile(t testing.TB) reader {
	const token = "id.p.1.1"
	state := t.TempDir()
	text := func(problem string) []byte {
		before, after := `{"v":1,"token":"`+token+`","state":"ended","boot":"b","at":"2026-01-02T03:04:05Z","supervisor":{"pid":7,"start":1},"exit":-1,"error":"`+problem+`","sum":"`, `"}`
		sum := sha256.Sum256([]byte(before + after))
		return []byte(before + hex.EncodeToString(sum[:]) + after)
	}
	return reader{name: "outcome", path: filepath.Join(state, "outcome", token+".json"), good: text("no such file"), evil: text(mark), read: func() (string, error) {
		s, err := installer.Inspect(state, token)
		return fmt.Sprintf("%+v", s) + string(s.Kind), err
	}}
}

// logs are the files of two logs; the second one's are the evil ones.
func logs(t testing.TB) (dir string, file func(name string) (good, evil []byte)) {
	t.Helper()
	dir, other := filepath.Join(t.TempDir(), "s"), filepath.Join(t.TempDir(), "s")
	for d, n := range map[string]int{dir: 3, other: 5} {
		s, _, err := store.Open(store.Options{Dir: d})
		if err != nil {
			t.Fatal(err)
		}
		storetest.Fill(t, s, n)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir, func(name string) (good, evil []byte) {
		good, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		evil, err = os.ReadFile(filepath.Join(other, name))
		if err != nil {
			t.Fatal(err)
		}
		return good, evil
	}
}

// openLog opens a log, and says that it believed an evil one if it holds other
// records than its own three. What it mends on the way is put right before each try.
func openLog(dir string, reset func() error) func() (string, error) {
	return func() (string, error) {
		s, _, err := store.Open(store.Options{Dir: dir})
		if err != nil {
			return "", err
		}
		last, _ := s.Last()
		if err := s.Close(); err != nil {
			return "", err
		}
		if last != 3 {
			return fmt.Sprintf("%s: the log ends at %d", mark, last), nil
		}
		return "3 records", reset()
	}
}

func segmentFile(t testing.TB) reader {
	dir, file := logs(t)
	const name = "journal/00000001.ndjson"
	good, evil := file(name)
	return reader{name: "segment", path: filepath.Join(dir, name), good: good, evil: evil, read: openLog(dir, func() error { return nil }), slow: true}
}

func dbFile(t testing.TB) reader {
	dir, file := logs(t)
	good, evil := file("log.db")
	return reader{name: "log.db", path: filepath.Join(dir, "log.db"), good: good, evil: evil, read: openLog(dir, func() error { return nil }), slow: true}
}

// smallFile is a file of the store beside the twins: what it says is not enough to
// make records appear, but it must not be somebody else's.
func smallFile(t testing.TB, name string) reader {
	dir, _ := logs(t)
	good, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		good = []byte(`{}`)
	}
	return reader{name: name, path: filepath.Join(dir, name), good: good, evil: []byte(`{"` + mark + `":1}`), read: openLog(dir, func() error { return nil }), slow: true}
}

// copyFile is the supervisor's private copy of this program: whatever took its
// place, what the path names afterwards is this program.
func copyFile(t testing.TB) reader {
	state := t.TempDir()
	path, err := installer.CopySelf(state)
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := sha256.Sum256(good)
	return reader{name: "supervisor's copy", path: path, good: good, evil: []byte("#!/bin/sh\n# " + mark + "\n"), slow: true, turns: true, read: func() (string, error) {
		got, err := installer.CopySelf(state)
		if err != nil {
			return "", err
		}
		info, err := os.Lstat(got)
		if err != nil || !info.Mode().IsRegular() || info.Mode().Perm() != 0o700 {
			return mark + ": not a plain program", err
		}
		text, err := os.ReadFile(got)
		if err == nil && sha256.Sum256(text) != want {
			return mark + ": not this program", nil
		}
		return "this program", err
	}}
}
