// SPDX-License-Identifier: Apache-2.0

package localsock_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/internal/localsock"
	"github.com/quietsetup/quietsetup/internal/needs"
)

const nobody = 65534

// asUser calls f on a thread that runs as another user, and gives the thread up.
func asUser(t *testing.T, uid int, f func()) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), 0); e != 0 {
			done <- e
			return
		}
		f()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestAnotherUserIsSeen(t *testing.T) {
	needs.Root(t)
	path := place(t)
	got := peers(t, listen(t, path))
	var c net.Conn
	var err error
	asUser(t, nobody, func() { c, err = localsock.Dial(t.Context(), path) })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p := <-got; p.UID != nobody || p.Owner != "uid:65534" || p.Admin {
		t.Errorf("the peer is %+v, want uid 65534 without rights", p)
	}
}

// A flood by one user leaves the others their places.
func TestFloodIsOneUsers(t *testing.T) {
	needs.Root(t)
	path := place(t)
	got := peers(t, listen(t, path))
	var held []net.Conn
	asUser(t, nobody, func() {
		for range 200 {
			if c, err := localsock.Dial(t.Context(), path); err == nil {
				held = append(held, c)
			}
		}
	})
	for range localsock.PerOwner {
		if p := <-got; p.UID != nobody {
			t.Fatalf("the peer is %+v", p)
		}
	}
	c, err := localsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p := <-got; p.UID != 0 {
		t.Errorf("the peer is %+v, want root", p)
	}
	for _, c := range held {
		c.Close()
	}
}

// A caller does not talk to a socket that another user serves.
func TestSquatter(t *testing.T) {
	needs.Root(t)
	path := place(t)
	var l net.Listener
	var err error
	if err := os.Chown(filepath.Dir(path), 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o777); err != nil { // for a moment
		t.Fatal(err)
	}
	asUser(t, nobody, func() { l, err = net.Listen("unix", path) })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := localsock.Dial(t.Context(), path); !errors.Is(err, localsock.ErrUnsafe) {
		t.Errorf("a folder open to all: %v, want ErrUnsafe", err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := localsock.Dial(t.Context(), path); !errors.Is(err, localsock.ErrUnsafe) {
		t.Errorf("a socket of user %d: %v, want ErrUnsafe", nobody, err)
	}
	if err := os.Chown(filepath.Dir(path), nobody, nobody); err != nil {
		t.Fatal(err)
	}
	if _, err := localsock.Dial(t.Context(), path); !errors.Is(err, localsock.ErrUnsafe) {
		t.Errorf("a folder of user %d: %v, want ErrUnsafe", nobody, err)
	}
}
