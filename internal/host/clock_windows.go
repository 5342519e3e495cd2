// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var queryUnbiasedInterruptTime = windows.NewLazySystemDLL("kernel32.dll").NewProc("QueryUnbiasedInterruptTime")

// NewClock returns the machine's clock. It fails if the system has no boot id.
func NewClock() (*Clock, error) {
	rows, err := snapshot()
	if err != nil {
		return nil, fmt.Errorf("cannot read the boot id: %w", err)
	}
	id := bootID(rows)
	if id == "" {
		if id, err = bootMoment(); err != nil {
			return nil, fmt.Errorf("cannot read the boot id: %w", err)
		}
	}
	return &Clock{boot: id}, nil
}

// systemPID is the process of the kernel itself.
const systemPID = 4

// bootID makes an id of a boot from the first program that the kernel starts,
// the session manager (smss.exe). It runs as long as the machine does, and no
// setting of the clock changes when it was started: the kernel wrote that down
// in units of 100 ns. Two boots share it only if the clock began at the same
// moment and everything took as long to that unit. "" = no such program is seen.
//
// The time of boot itself would not do: without a battery the clock begins at
// the same second each time. The counter of boots in the registry would not do
// either: it belongs to the prefetcher, which can be off. A start from the
// kernel's hibernation ("fast startup") is no boot: the processes of services
// live on through it, with their pids.
func bootID(rows []row) string {
	for _, r := range rows { // in the order of their start; a container's comes later
		if r.parent == systemPID && r.session == 0 && strings.EqualFold(r.name, "smss.exe") && r.start > 0 {
			return fmt.Sprintf("s-%016x", r.start)
		}
	}
	return ""
}

// timeOfDay is SYSTEM_TIMEOFDAY_INFORMATION.
type timeOfDay struct {
	BootTime, Now, ZoneBias int64
	ZoneID, _               uint32
	BootBias, SleepBias     uint64
}

// bootMoment makes an id of when the kernel began. Who sets the clock moves that
// moment, and the same distance is added to the bias: their difference stays.
func bootMoment() (string, error) {
	var t timeOfDay
	if err := windows.NtQuerySystemInformation(windows.SystemTimeOfDayInformation, unsafe.Pointer(&t), uint32(unsafe.Sizeof(t)), nil); err != nil {
		return "", err
	}
	if t.BootTime == 0 {
		return "", errors.New("the kernel does not say when it began")
	}
	return fmt.Sprintf("b-%016x", uint64(t.BootTime)-t.BootBias), nil
}

// bootTime is the time since boot, time asleep included (GetTickCount64).
func bootTime() time.Duration { return windows.DurationSinceBoot() }

// awakeTime is the time since boot without time asleep, the same as bootTime
// where the system does not count it.
func awakeTime() time.Duration {
	var units uint64 // of 100 ns
	if queryUnbiasedInterruptTime.Find() != nil {
		return bootTime()
	}
	if ok, _, _ := queryUnbiasedInterruptTime.Call(uintptr(unsafe.Pointer(&units))); ok == 0 {
		return bootTime()
	}
	return time.Duration(units) * 100
}
