// SPDX-License-Identifier: Apache-2.0

package localsock

import (
	"fmt"
	"net"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
)

// secondLook compares a peer with the token that its end of the pipe was opened
// with. It may be taken when something was read: before that Windows lends no token
// (ImpersonateNamedPipeClient, ERROR_CANNOT_IMPERSONATE).
func secondLook(c net.Conn, first Peer) func() error {
	return func() error {
		second, err := tokenOf(c)
		if err != nil {
			return fmt.Errorf("cannot tell whose token process %d opened the pipe with: %w", first.PID, err)
		}
		return agree(first, second)
	}
}

// agree compares the two looks. The session is compared where both know it.
func agree(first, second Peer) error {
	if first.Owner != second.Owner || first.Admin != second.Admin ||
		first.Session != second.Session && first.Session != "" && second.Session != "" {
		return fmt.Errorf("process %d is %s in session %q (administrator: %v), but the pipe was opened by %s in session %q (administrator: %v): %w",
			first.PID, first.Owner, first.Session, first.Admin, second.Owner, second.Session, second.Admin, ErrUnsafe)
	}
	return nil
}

// tokenOf takes on the token of the pipe's other end and reads whose it is.
func tokenOf(c net.Conn) (Peer, error) {
	f, ok := c.(fder)
	if !ok {
		return Peer{}, fmt.Errorf("%T is not a pipe", c)
	}
	pipe := windows.Handle(f.Fd())
	type answer struct {
		p   Peer
		err error
	}
	got := make(chan answer, 1)
	go func() {
		// A thread that could not lay the token down ends with this goroutine.
		runtime.LockOSThread()
		p, back, err := worn(pipe)
		if back == nil {
			runtime.UnlockOSThread()
		}
		got <- answer{p, err}
	}()
	a := <-got
	if a.err == nil {
		a.p.Session = sessionOf(pipe)
	}
	return a.p, a.err
}

// worn reads the other end's token on this thread; back says that the thread still
// has it.
func worn(pipe windows.Handle) (p Peer, back, err error) {
	impersonate := windows.NewLazySystemDLL("advapi32.dll").NewProc("ImpersonateNamedPipeClient")
	if ok, _, err := impersonate.Call(uintptr(pipe)); ok == 0 {
		return Peer{}, nil, err
	}
	var t windows.Token
	err = windows.OpenThreadToken(windows.CurrentThread(), windows.TOKEN_QUERY|windows.TOKEN_DUPLICATE, true, &t)
	back = windows.RevertToSelf()
	if err != nil {
		return Peer{}, back, err
	}
	defer t.Close()
	if back != nil {
		return Peer{}, back, fmt.Errorf("cannot lay down the caller's token: %w", back)
	}
	p.Owner, p.Admin, err = bearer(t)
	return p, nil, err
}

// sessionOf is the session from which the pipe was opened, "" if it is not known.
func sessionOf(pipe windows.Handle) string {
	var session uint32
	ask := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetNamedPipeClientSessionId")
	if ok, _, _ := ask.Call(uintptr(pipe), uintptr(unsafe.Pointer(&session))); ok == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(session), 10)
}
