// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"errors"

	"github.com/quietsetup/quietsetup/events"
)

// guard states what must hold before an event is decided, whatever rule decided
// it. A rule that runs into a guard is wrong: the step fails and nothing is
// recorded.
func guard(p *Product, e events.Event) error {
	switch e := e.(type) {
	case events.Accepted:
		if e.Run != p.Run+1 {
			return errors.New("runs are numbered without gap")
		}
		if p.Open() {
			return errors.New("a run begins after the one before")
		}
	case events.ChecksStarted:
		if p.Outcome != "" || p.Hold != nil || p.Wait != nil {
			return errors.New("a round starts only for an open run that waits for nothing")
		}
	case events.Deferred:
		if e.Counted && e.Count > p.Policy.MaxDefer {
			return errors.New("no defer is counted beyond the limit")
		}
		if p.Outcome != "" {
			return errors.New("a finished run is not deferred")
		}
	case events.Rechecked:
		if e.N > p.Policy.MaxRecheck {
			return errors.New("no recheck beyond the limit")
		}
	case events.WindowOpened:
		if p.Window != nil || len(e.Window.Asks) == 0 {
			return errors.New("a window is opened for somebody, one at a time")
		}
	case events.CloseAgreed:
		if len(e.Targets) == 0 || p.Window != nil {
			return errors.New("something is closed, and after its window")
		}
	case events.SentBack:
		if e.Returns > maxReturns {
			return errors.New("a round is sent back twice at most")
		}
	case events.InstallCleared:
		if p.Attempt != nil || p.Outcome != "" || p.Window != nil || !p.Prepared {
			return errors.New("one attempt at a time, prepared, after the window")
		}
		if e.Attempt != p.Starts+1 || p.Attempts >= max(p.Policy.MaxAttempts, 1) {
			return errors.New("attempts are numbered without gap, none beyond the limit")
		}
	case events.Finished:
		if p.Outcome != "" {
			return errors.New("a run ends once")
		}
	}
	return nil
}
