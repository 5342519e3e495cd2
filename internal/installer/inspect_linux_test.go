// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

func TestHostileFolder(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]func(t *testing.T, path string){
		"symlink":  func(t *testing.T, p string) { symlink(t, t.TempDir(), p) },
		"inner":    func(t *testing.T, p string) { mkdir(t, p+"2", 0o700); symlink(t, filepath.Base(p)+"2", p) },
		"dangling": func(t *testing.T, p string) { symlink(t, "/no/such/place", p) },
		"file":     func(t *testing.T, p string) { write(t, p, "", 0o600) },
		"writable": func(t *testing.T, p string) { mkdir(t, p, 0o777) },
		"group":    func(t *testing.T, p string) { mkdir(t, p, 0o770) },
		"foreign": func(t *testing.T, p string) {
			needs.Root(t)
			mkdir(t, p, 0o700)
			if err := os.Chown(p, 12345, 12345); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			plant(t, filepath.Join(w.state, folderName))
			s := w.spec(t, "id.x.1.1", "exit 0")
			_, inspect := Inspect(w.state, s.Token)
			_, start := Start(t.Context(), w.options(), s)
			for what, err := range map[string]error{"Inspect": inspect, "Start": start, "Void": Void(w.state, s.Token)} {
				if !errors.Is(err, ErrUntrusted) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if w.runs(t, s.Token) != 0 {
				t.Error("it ran")
			}
		})
	}
}

func TestHostileFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := filepath.Join(w.dir, "secret")
	write(t, secret, "{}", 0o600)
	for name, plant := range map[string]func(t *testing.T, path string){
		"symlink":  func(t *testing.T, p string) { symlink(t, secret, p) },
		"dangling": func(t *testing.T, p string) { symlink(t, "nothing", p) },
		"folder":   func(t *testing.T, p string) { mkdir(t, p, 0o700) },
		"writable": func(t *testing.T, p string) { write(t, p, "{}", 0o600); chmod(t, p, 0o666) },
		"pipe": func(t *testing.T, p string) {
			if err := syscall.Mkfifo(p, 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			token := prepared(t, w, "id."+name+".1.1")
			plant(t, w.file(token, endOutcome))
			_, inspect := Inspect(w.state, token)
			_, probe := Probe(t.Context(), w.state, token)
			s := w.spec(t, token, "exit 0")
			s.Token = token
			_, start := Start(t.Context(), w.options(), s)
			for what, err := range map[string]error{"Inspect": inspect, "Probe": probe, "Start": start} {
				if !errors.Is(err, ErrUntrusted) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if err := Void(w.state, token); !errors.Is(err, ErrTaken) {
				t.Errorf("Void: %v", err)
			}
		})
	}
	// Files that stand where a supervisor wants to write are replaced, not followed.
	s := w.spec(t, "id.planted.1.1", "echo printed; exit 0")
	symlink(t, secret, w.file(s.Token, endLog))
	symlink(t, secret, w.file(s.Token, endSpare))
	if _, res := w.finish(t, s); res.Ended.Exit != 0 || read(t, secret) != "{}" || read(t, w.file(s.Token, endLog)) != "printed\n" {
		t.Errorf("%+v, %q", res, read(t, secret))
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.spec(t, "id.modes.1.1", "exit 0")
	w.finish(t, s)
	for path, want := range map[string]os.FileMode{
		filepath.Join(w.state, folderName): os.ModeDir | 0o700,
		w.file(s.Token, endOutcome):        0o600,
		w.file(s.Token, endLog):            0o600,
	} {
		if info, err := os.Lstat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if left, err := filepath.Glob(w.file("*", "")); err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func mkdir(t testing.TB, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	chmod(t, path, mode)
}

func chmod(t testing.TB, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func symlink(t testing.TB, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}
