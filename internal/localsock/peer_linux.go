// SPDX-License-Identifier: Apache-2.0

package localsock

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// peerOf asks the kernel who is at the other end. The pidfd, which newer kernels
// give, makes sure that the pid is not another process's by now.
func peerOf(c net.Conn) (Peer, func(), error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return Peer{}, nil, fmt.Errorf("%T is not a unix socket", c)
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return Peer{}, nil, err
	}
	var cred *unix.Ucred
	var credErr error
	pidfd := -1
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		if n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PEERPIDFD); err == nil {
			pidfd = n
		}
	})
	if err == nil {
		err = credErr
	}
	if err != nil {
		if pidfd >= 0 {
			unix.Close(pidfd)
		}
		return Peer{}, nil, err
	}
	p := Peer{UID: int(cred.Uid), PID: int(cred.Pid), Owner: ownerOf(int(cred.Uid)), Admin: cred.Uid == 0}
	if pidfd < 0 {
		return p, func() {}, nil
	}
	h := &handle{fd: pidfd}
	p.alive = h.alive
	return p, h.close, nil
}
