// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"

	"github.com/quietsetup/quietsetup/checks"
)

// blind counts the processes that could not be looked into.
type blind struct {
	n     int
	first int32
	err   error // of the first
}

func (b *blind) add(pid int32, err error) {
	if b.n == 0 {
		b.first, b.err = pid, err
	}
	b.n++
}

// problem says what could not be seen, nil if nothing.
func (b *blind) problem() error {
	switch b.n {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("cannot see which program process %d runs: %w", b.first, b.err)
	}
	return fmt.Errorf("cannot see which programs %d processes run, the first is %d: %w", b.n, b.first, b.err)
}

// ownPath reports whether path is one of own or lies below one.
func ownPath(rules checks.PathRules, own []string, path string) bool {
	for _, o := range own {
		if rules.Within(o, path) {
			return true
		}
	}
	return false
}
