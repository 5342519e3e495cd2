// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// NewClock returns the machine's clock. It fails if the system has no boot id.
func NewClock() (*Clock, error) {
	const path = "/proc/sys/kernel/random/boot_id"
	b, err := os.ReadFile(path)
	id := strings.TrimSpace(string(b))
	if err == nil && id == "" {
		err = errors.New("empty")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the boot id: %s: %w", path, cause(err))
	}
	return &Clock{boot: id}, nil
}

// bootTime is the time since boot, time asleep included.
func bootTime() time.Duration { return readClock(unix.CLOCK_BOOTTIME) }

// awakeTime is the time since boot without time asleep.
func awakeTime() time.Duration { return readClock(unix.CLOCK_MONOTONIC) }

// readClock reads one of the kernel's clocks. Both exist since Linux 2.6.39, so
// reading them does not fail.
func readClock(id int32) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(id, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
