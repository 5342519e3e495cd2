// SPDX-License-Identifier: Apache-2.0

package localsock_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/internal/localsock"
)

// place is the name of a pipe that nobody else uses.
func place(*testing.T) string { return `\\.\pipe\quietsetup-test-` + rand.Text() }

func TestPeerIsKnown(t *testing.T) {
	path := place(t)
	got := peers(t, listen(t, path))
	c, err := localsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p := <-got
	if p.UID != -1 || p.PID != os.Getpid() || p.Owner != localsock.Self() || !strings.HasPrefix(p.Owner, "sid:S-1-5-") || !p.Alive() {
		t.Errorf("the peer is %+v, alive %v; want this process", p, p.Alive())
	}
	if p.Admin != windows.GetCurrentProcessToken().IsElevated() {
		t.Errorf("the peer counts as administrator: %v", p.Admin)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.EqualFold(p.Image, exe) || !filepath.IsAbs(p.Image) {
		t.Errorf("the peer's image is %q, want %q", p.Image, exe)
	}
	var session uint32
	if err := windows.ProcessIdToSessionId(windows.GetCurrentProcessId(), &session); err != nil {
		t.Fatal(err)
	}
	if p.Session != strconv.Itoa(int(session)) {
		t.Errorf("the peer's session is %q, want %d", p.Session, session)
	}
}

// TestDefaultPathIsProtected: the daemon's own name is one that only
// administrators may take, and such a name works. That Windows refuses it to
// others is for a real machine: Wine does not.
func TestDefaultPathIsProtected(t *testing.T) {
	prefix, name, found := strings.Cut(localsock.DefaultPath, "quietsetup")
	if want := `\\.\pipe\ProtectedPrefix\Administrators\`; prefix != want || !found {
		t.Fatalf("the daemon's pipe is %s, want one below %s", localsock.DefaultPath, want)
	}
	path := prefix + "quietsetup-test-" + rand.Text() + name
	got := peers(t, listen(t, path))
	c, err := localsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p := <-got; p.PID != os.Getpid() {
		t.Errorf("the peer is %+v", p)
	}
	if _, err := localsock.Listen(path); !errors.Is(err, localsock.ErrInUse) {
		t.Errorf("a second daemon: %v, want ErrInUse", err)
	}
}

func TestPathIn(t *testing.T) {
	here := localsock.PathIn(`C:\ProgramData\quietsetup\state`)
	if !strings.HasPrefix(here, `\\.\pipe\quietsetup-`) || len(here) > 64 {
		t.Errorf("the pipe is %q", here)
	}
	for other, same := range map[string]bool{
		`c:\programdata\QuietSetup\state`:        true,
		`C:\ProgramData\quietsetup\state\`:       true,
		`C:\ProgramData\x\..\quietsetup\.\state`: true,
		`C:\ProgramData\quietsetup\state2`:       false,
		`D:\ProgramData\quietsetup\state`:        false,
	} {
		if got := localsock.PathIn(other); (got == here) != same {
			t.Errorf("%s has the pipe %s, that of the first is %s", other, got, here)
		}
	}
}

func TestListenPlaces(t *testing.T) {
	for _, path := range []string{"", "api.sock", `C:\Windows\Temp\api.sock`, `\\server\pipe\quietsetup`, `\\.\mailslot\quietsetup`,
		`\\.\pipe\` + strings.Repeat("x", 300)} {
		if l, err := localsock.Listen(path); err == nil {
			l.Close()
			t.Errorf("it listens on %q", path)
		}
	}
	for _, path := range []string{"", `C:\Windows\win.ini`, `\\server\pipe\quietsetup`} {
		if c, err := localsock.Dial(t.Context(), path); !errors.Is(err, localsock.ErrUnsafe) {
			if err == nil {
				c.Close()
			}
			t.Errorf("dialing %q: %v, want ErrUnsafe", path, err)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	path := place(t)
	if _, err := localsock.Dial(t.Context(), path); !errors.Is(err, localsock.ErrNobody) {
		t.Errorf("got %v, want ErrNobody", err)
	}
	l := listen(t, path)
	peers(t, l)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := localsock.Dial(t.Context(), path); !errors.Is(err, localsock.ErrNobody) {
		t.Errorf("after it closed: %v, want ErrNobody", err)
	}
}

// Whoever has the name first has it alone: nobody can put a second server
// beside the daemon, and the daemon does not stand beside anybody else's.
func TestSecondServerIsRefused(t *testing.T) {
	path := place(t)
	got := peers(t, listen(t, path))
	if _, err := localsock.Listen(path); !errors.Is(err, localsock.ErrInUse) {
		t.Errorf("a second daemon: %v, want ErrInUse", err)
	}
	c, err := localsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatalf("the first one is not reached any more: %v", err)
	}
	<-got
	c.Close()

	path = place(t)
	squatter, err := winio.ListenPipe(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = squatter.Accept() }() // or Close waits for ever
	defer squatter.Close()
	if _, err := localsock.Listen(path); !errors.Is(err, localsock.ErrInUse) {
		t.Errorf("a name that somebody else has: %v, want ErrInUse", err)
	}
}

// Who may connect gets no right to answer in the daemon's place.
func TestClientsMayNotServe(t *testing.T) {
	path := place(t)
	l := listen(t, path)
	peers(t, l)
	c, err := localsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sd, err := windows.GetSecurityInfo(windows.Handle(c.(interface{ Fd() uintptr }).Fd()), windows.SE_KERNEL_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		t.Fatal(err)
	}
	dacl := sd.String()
	for _, want := range []string{";SY)", ";BA)", ";IU)", ";" + strings.TrimPrefix(localsock.Self(), "sid:") + ")"} {
		if !strings.Contains(dacl, want) {
			t.Errorf("the pipe's rights are %s, want %s among them", dacl, want)
		}
	}
	for ace := range strings.SplitSeq(dacl, ")") {
		if strings.HasSuffix(ace, ";IU") && !strings.Contains(ace, "0x12019b") {
			t.Errorf("people's rights are %s, want reading and writing alone", ace)
		}
	}
}

// A caller does not talk to a pipe that another user made.
func TestSquatter(t *testing.T) {
	for owner, want := range map[string]error{
		"WD":                  localsock.ErrUnsafe, // everybody
		"BU":                  localsock.ErrUnsafe, // users
		"S-1-5-21-1-2-3-1001": localsock.ErrUnsafe,
		"BA":                  nil, // administrators
		"SY":                  nil, // the system
	} {
		path := place(t)
		l, err := winio.ListenPipe(path, &winio.PipeConfig{SecurityDescriptor: "O:" + owner + "D:P(A;;GA;;;WD)"})
		if err != nil {
			t.Fatalf("cannot make a pipe of %s: %v", owner, err)
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				defer c.Close()
			}
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		for range 2 { // the first may hit the listener's own instance
			c, err := localsock.Dial(ctx, path)
			if !errors.Is(err, want) {
				t.Errorf("a pipe of %s: %v, want %v", owner, err, want)
			}
			if err == nil {
				c.Close()
			}
		}
		cancel()
		l.Close()
	}
}
