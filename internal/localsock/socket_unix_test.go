// SPDX-License-Identifier: Apache-2.0

//go:build unix

package localsock_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/localsock"
)

// place is a folder that any user may enter, with a short path.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "qs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "api.sock")
}

func TestPeerIsKnown(t *testing.T) {
	path := place(t)
	got := peers(t, listen(t, path))
	fi, err := os.Stat(path)
	if err != nil || fi.Mode().Perm() != 0o666 {
		t.Errorf("the socket has mode %v, %v; want 0666", fi.Mode(), err)
	}
	c, err := localsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	p := <-got
	if p.UID != os.Geteuid() || p.PID != os.Getpid() || p.Owner != localsock.Self() || p.Admin != (os.Geteuid() == 0) || !p.Alive() {
		t.Errorf("the peer is %+v, alive %v; want this process", p, p.Alive())
	}
	c.Close()
}

func TestListenPlaces(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string) string
		want error
		text string
	}{
		{"relative", func(t *testing.T, p string) string { return "api.sock" }, localsock.ErrUnsafe, "not absolute"},
		{"too long", func(t *testing.T, p string) string { return filepath.Join(filepath.Dir(p), strings.Repeat("x", 120)) }, nil, "choose a shorter one"},
		{"no folder", func(t *testing.T, p string) string { return filepath.Join(filepath.Dir(p), "none", "s") }, fs.ErrNotExist, ""},
		{"folder open to all", func(t *testing.T, p string) string {
			if err := os.Chmod(filepath.Dir(p), 0o777); err != nil {
				t.Fatal(err)
			}
			return p
		}, localsock.ErrUnsafe, "written to by everybody"},
		{"folder open to all, sticky", func(t *testing.T, p string) string {
			if err := os.Chmod(filepath.Dir(p), 0o777|os.ModeSticky); err != nil {
				t.Fatal(err)
			}
			return p
		}, localsock.ErrUnsafe, "written to by everybody"},
		{"folder is a link", func(t *testing.T, p string) string {
			link := filepath.Join(filepath.Dir(p), "link")
			if err := os.Symlink(t.TempDir(), link); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(link, "s")
		}, localsock.ErrUnsafe, "not a folder"},
		{"a file in the way", func(t *testing.T, p string) string {
			if err := os.WriteFile(p, []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			return p
		}, localsock.ErrUnsafe, "not a socket"},
		{"a link in the way", func(t *testing.T, p string) string {
			if err := os.Symlink("/etc/passwd", p); err != nil {
				t.Fatal(err)
			}
			return p
		}, localsock.ErrUnsafe, "not a socket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.make(t, place(t))
			l, err := localsock.Listen(path)
			if err == nil {
				l.Close()
				t.Fatal("it listens")
			}
			if c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v; want %v with %q", err, c.want, c.text)
			}
		})
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := place(t)
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close() // as after kill -9
	if _, err := localsock.Dial(t.Context(), path); !errors.Is(err, localsock.ErrNobody) {
		t.Errorf("dialing a dead socket: %v, want ErrNobody", err)
	}
	got := peers(t, listen(t, path))
	c, err := localsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	<-got
	c.Close()
}

func TestSecondDaemonIsRefused(t *testing.T) {
	path := place(t)
	first := listen(t, path)
	peers(t, first)
	if _, err := localsock.Listen(path); !errors.Is(err, localsock.ErrInUse) {
		t.Fatalf("got %v, want ErrInUse", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the first one's socket has gone: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after closing the socket is still there: %v", err)
	}
	if _, err := localsock.Dial(t.Context(), path); !errors.Is(err, localsock.ErrNobody) {
		t.Errorf("got %v, want ErrNobody", err)
	}
}

// Closing late must not take away the socket of the daemon that came after.
func TestCloseLeavesAnothersSocket(t *testing.T) {
	path := place(t)
	first := listen(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	peers(t, listen(t, path))
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	c, err := localsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}
