// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// showWait is how long agents may take to see which programs show a window.
const showWait = 2 * time.Second

// displays asks the agents which of the found programs show a window. A service
// sees the windows of its own session only, which has none. Where nobody answers
// it stays unknown, and then a program counts as one with a window.
func (m *Machine) displays(ctx context.Context, found []checks.Program) {
	if m.options.Shows == nil {
		return
	}
	by := map[string][]*checks.Program{}
	for i := range found {
		// What blocks by its name, or not at all, does so with and without windows.
		if p := &found[i]; len(p.Sessions) == 1 && checks.Classify(m.Rules(), *p) == events.ClassWindow {
			by[p.Sessions[0]] = append(by[p.Sessions[0]], p)
		}
	}
	ctx, stop := context.WithTimeout(ctx, showWait)
	defer stop()
	var asked sync.WaitGroup
	for session, programs := range by {
		asked.Go(func() {
			var ids []events.ProcessID
			for _, p := range programs {
				ids = append(ids, p.ID)
			}
			shown, err := m.options.Shows(ctx, session, ids)
			if err != nil {
				return
			}
			for _, p := range programs {
				p.Display = checks.DisplayNone
				if slices.Contains(shown, p.ID) {
					p.Display = checks.DisplayWindow
				}
			}
		})
	}
	asked.Wait()
}
