// SPDX-License-Identifier: Apache-2.0

package host

import "time"

// Clock reads the machine's time. It is made by NewClock.
type Clock struct{ boot string }

// Now returns the wall time in UTC, the id of this boot, and the milliseconds
// since it began, time asleep included. The wall time has no monotonic part.
func (c *Clock) Now() (wall time.Time, boot string, bootMS int64) {
	return time.Now().UTC().Round(0), c.boot, bootTime().Milliseconds()
}
