// SPDX-License-Identifier: Apache-2.0

package actionprocessor

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrBusy: an installer runs, of the service or of another call.
var ErrBusy = errors.New("something is being installed")

// Lock is the right to run opsi-script past the service.
type Lock interface {
	// Runs notes the process that runs by this right.
	Runs(pid int) error
	// Close gives the right back.
	Close() error
}

// Take takes the lock of a state folder, or returns ErrBusy with who has it.
type Take func(stateDir string) (Lock, error)

// Await takes the lock as soon as it is free, for at most a time. told is called once if
// it has to wait, with whom for.
func Await(ctx context.Context, take Take, stateDir string, most time.Duration, told func(whom error)) (Lock, error) {
	const again = 500 * time.Millisecond
	end := time.Now().Add(most)
	for waited := false; ; waited = true {
		lock, err := take(stateDir)
		if !errors.Is(err, ErrBusy) {
			return lock, err
		}
		if !time.Now().Before(end) {
			return nil, fmt.Errorf("cannot have the machine alone after %v: %w", most, err)
		}
		if !waited {
			told(err)
		}
		timer := time.NewTimer(min(again, time.Until(end)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}
