// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

var getSystemPowerStatus = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetSystemPowerStatus")

// powerStatus is SYSTEM_POWER_STATUS.
type powerStatus struct {
	Line, Flags, Percent, Saver uint8
	Left, Full                  uint32
}

// PowerNow tells where the machine's power comes from.
func PowerNow() (Power, error) {
	var s powerStatus
	if ok, _, err := getSystemPowerStatus.Call(uintptr(unsafe.Pointer(&s))); ok == 0 {
		return Power{Mains: true, Percent: -1}, fmt.Errorf("cannot tell where the power comes from: %w", err)
	}
	return powerOf(s), nil
}

// powerOf reads the bytes as Microsoft's page SYSTEM_POWER_STATUS says.
func powerOf(s powerStatus) Power {
	const offline, noBattery, unknownFlags, unknownPercent = 0, 128, 255, 255
	p := Power{Battery: s.Flags != unknownFlags && s.Flags&noBattery == 0, Mains: true, Percent: -1}
	if p.Battery {
		p.Mains = s.Line != offline
		if s.Percent <= 100 && s.Percent != unknownPercent {
			p.Percent = int(s.Percent)
		}
	}
	return p
}

// ClockSynced reports whether the time service is set up to follow a time server.
// The kernel's clock does not tell who sets it, and on most machines the service
// runs for a short while now and then.
func ClockSynced() (bool, error) {
	failed := func(err error) (bool, error) {
		return false, fmt.Errorf("cannot tell whether the clock is set: %w", err)
	}
	const service = `SYSTEM\CurrentControlSet\Services\W32Time`
	start, err := registryNumber(service, "Start")
	if errors.Is(err, registry.ErrNotExist) {
		return failed(fmt.Errorf("there is no time service: %w", errors.ErrUnsupported))
	}
	if err != nil {
		return failed(err)
	}
	source, err := registryText(registry.LOCAL_MACHINE, service+`\Parameters`, "Type", 0)
	if err != nil {
		return failed(err)
	}
	return start != windows.SERVICE_DISABLED && source != "NoSync", nil
}

// Notifications is not asked on Windows: the agent shows windows of its own.
func Notifications(context.Context) (bool, error) {
	return false, fmt.Errorf("cannot look for a notification service on windows: %w", errors.ErrUnsupported)
}
