// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !windows

package installer

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

func unsupported(what string) error {
	return fmt.Errorf("%s on %s: %w", what, runtime.GOOS, errors.ErrUnsupported)
}

func identify(int) (events.ProcessID, error) {
	return events.ProcessID{}, unsupported("looking at a process")
}

func alive(events.ProcessID) (bool, error) { return false, unsupported("looking at a process") }

func group(events.ProcessID) ([]Leftover, error) { return nil, unsupported("listing processes") }

func supervisorOf(string) (events.ProcessID, error) {
	return events.ProcessID{}, unsupported("listing processes")
}

func bootID() (string, error) { return "", unsupported("reading the id of this boot") }

func waitGone(ctx context.Context, _ events.ProcessID, most time.Duration) { pause(ctx, most) }
