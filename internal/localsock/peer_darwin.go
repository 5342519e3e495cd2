// SPDX-License-Identifier: Apache-2.0

package localsock

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// peerOf asks the kernel who is at the other end.
func peerOf(c net.Conn) (Peer, func(), error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return Peer{}, nil, fmt.Errorf("%T is not a unix socket", c)
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return Peer{}, nil, err
	}
	var cred *unix.Xucred
	var credErr error
	var pid int
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
		if n, err := unix.GetsockoptInt(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERPID); err == nil {
			pid = n
		}
	})
	if err == nil {
		err = credErr
	}
	if err != nil {
		return Peer{}, nil, err
	}
	return Peer{UID: int(cred.Uid), PID: pid, Owner: ownerOf(int(cred.Uid)), Admin: cred.Uid == 0}, func() {}, nil
}
