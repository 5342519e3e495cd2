// SPDX-License-Identifier: Apache-2.0

package localsock

import (
	"sync"

	"golang.org/x/sys/unix"
)

// handle holds a process by its pidfd. It may be asked after it was closed.
type handle struct {
	mu sync.Mutex
	fd int // -1 = closed
}

// alive reports whether the process has not ended.
func (h *handle) alive() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fd < 0 {
		return false
	}
	fds := []unix.PollFd{{Fd: int32(h.fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, 0)
		if err != unix.EINTR {
			return err == nil && n == 0
		}
	}
}

func (h *handle) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fd >= 0 {
		unix.Close(h.fd)
		h.fd = -1
	}
}
