// SPDX-License-Identifier: Apache-2.0

package localsock

import (
	"fmt"
	"net"
	"strconv"

	"golang.org/x/sys/windows"
)

type fder interface{ Fd() uintptr }

// peerOf asks the system who is at the other end of the pipe. The process stays
// open as long as the connection, which keeps its pid from being used again.
func peerOf(c net.Conn) (Peer, func(), error) {
	f, ok := c.(fder)
	if !ok {
		return Peer{}, nil, fmt.Errorf("%T is not a pipe", c)
	}
	var pid uint32
	if err := windows.GetNamedPipeClientProcessId(windows.Handle(f.Fd()), &pid); err != nil {
		return Peer{}, nil, fmt.Errorf("cannot tell the client's process: %w", err)
	}
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, pid)
	if err != nil {
		return Peer{}, nil, fmt.Errorf("cannot open process %d: %w", pid, err)
	}
	p, err := describe(h, pid)
	if err != nil {
		windows.CloseHandle(h)
		return Peer{}, nil, fmt.Errorf("cannot tell who process %d is: %w", pid, err)
	}
	k := &handle{h: h}
	p.alive = k.alive
	return p, k.close, nil
}

// describe reads what is known of an open process. Who it is must be known; a
// program whose file is gone has no path, and then no image.
func describe(h windows.Handle, pid uint32) (Peer, error) {
	owner, admin, err := identify(h)
	if err != nil {
		return Peer{}, err
	}
	p := Peer{UID: -1, PID: int(pid), Owner: owner, Admin: admin, Image: imageOf(h)}
	var session uint32
	if err := windows.ProcessIdToSessionId(pid, &session); err == nil {
		p.Session = strconv.FormatUint(uint64(session), 10)
	}
	return p, nil
}

// imageOf is the full path of a process's program, "" if it is not known.
func imageOf(h windows.Handle) string {
	path := make([]uint16, windows.MAX_LONG_PATH)
	n := uint32(len(path))
	if err := windows.QueryFullProcessImageName(h, 0, &path[0], &n); err != nil {
		return ""
	}
	return windows.UTF16ToString(path[:n])
}

// identify reads from a process's token whose it is and whether it may administer.
func identify(process windows.Handle) (owner string, admin bool, err error) {
	var t windows.Token
	if err := windows.OpenProcessToken(process, windows.TOKEN_QUERY|windows.TOKEN_DUPLICATE, &t); err != nil {
		return "", false, err
	}
	defer t.Close()
	return bearer(t)
}

// bearer reads from a token whose it is and whether it may administer.
func bearer(t windows.Token) (owner string, admin bool, err error) {
	u, err := t.GetTokenUser()
	if err != nil {
		return "", false, err
	}
	admin = u.User.Sid.IsWellKnown(windows.WinLocalSystemSid) || isAdministrator(t)
	return "sid:" + u.User.Sid.String(), admin, nil
}

// isAdministrator reports whether a token is an elevated one of the
// administrators. Membership can be asked of an impersonation token only.
func isAdministrator(t windows.Token) bool {
	if !t.IsElevated() {
		return false
	}
	admins, err := windows.CreateWellKnownSid(windows.WinBuiltinAdministratorsSid)
	if err != nil {
		return false
	}
	var imp windows.Token
	if err := windows.DuplicateTokenEx(t, windows.TOKEN_QUERY, nil, windows.SecurityIdentification, windows.TokenImpersonation, &imp); err != nil {
		return false
	}
	defer imp.Close()
	member, err := imp.IsMember(admins)
	return err == nil && member
}

// checkServer makes sure that the pipe was made by the system, by an
// administrator or by our own user: nobody else can be its owner's name.
func checkServer(c net.Conn) error {
	f, ok := c.(fder)
	if !ok {
		return fmt.Errorf("%T is not a pipe", c)
	}
	sd, err := windows.GetSecurityInfo(windows.Handle(f.Fd()), windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return fmt.Errorf("cannot tell whose it is: %w", err)
	}
	owner, _, err := sd.Owner()
	if err != nil || owner == nil {
		return fmt.Errorf("cannot tell whose it is: %w", ErrUnsafe)
	}
	if owner.IsWellKnown(windows.WinLocalSystemSid) || owner.IsWellKnown(windows.WinBuiltinAdministratorsSid) || "sid:"+owner.String() == Self() {
		return nil
	}
	return fmt.Errorf("it belongs to %s: %w", owner, ErrUnsafe)
}
