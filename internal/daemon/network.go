// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"
)

// network tells the addresses of this machine as one text; nil = it asks the system.
type network func() string

// networkEach is how often they are looked at while a source gives no answer, and at no
// other time.
const networkEach = 5 * time.Second

// networkTries is how often a source is asked soon after the addresses have changed.
const networkTries = 3

// now is what they are.
func (n network) now() string {
	if n == nil {
		return addresses()
	}
	return n()
}

// watch returns a channel that is closed when the machine has other addresses than it
// had, and a function that ends the watch.
func (n network) watch(ctx context.Context, was string) (<-chan struct{}, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	moved := make(chan struct{})
	go func() {
		each := time.NewTicker(networkEach)
		defer each.Stop()
		for {
			select {
			case <-each.C:
				if n.now() != was {
					close(moved)
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return moved, cancel
}

// addresses are those of all interfaces. Where they cannot be told, they never change.
func addresses() string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.String()
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}
