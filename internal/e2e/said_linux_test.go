// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"sync"
)

// said is what the daemons of a machine print; it can be read while they do.
type said struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}
