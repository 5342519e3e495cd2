// SPDX-License-Identifier: Apache-2.0

package localsock

import (
	"sync"

	"golang.org/x/sys/windows"
)

// handle holds a process. It may be asked after it was closed.
type handle struct {
	mu sync.Mutex
	h  windows.Handle // 0 = closed
}

// alive reports whether the process has not ended.
func (k *handle) alive() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.h == 0 {
		return false
	}
	e, err := windows.WaitForSingleObject(k.h, 0)
	return err == nil && e == uint32(windows.WAIT_TIMEOUT)
}

func (k *handle) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.h != 0 {
		windows.CloseHandle(k.h)
		k.h = 0
	}
}
