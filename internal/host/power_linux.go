// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// PowerNow tells where the machine's power comes from.
func PowerNow() (Power, error) { return powerIn("/sys/class/power_supply") }

func powerIn(dir string) (Power, error) {
	out := Power{Mains: true, Percent: -1}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return out, fmt.Errorf("cannot list %s: %w", dir, err)
	}
	supplies, online, full := 0, false, 0
	for _, name := range names {
		read := func(file string) string {
			b, err := os.ReadFile(filepath.Join(name, file))
			if err != nil {
				return "" // not every supply tells everything
			}
			return strings.TrimSpace(string(b))
		}
		switch read("type") {
		case "Battery":
			if read("scope") == "Device" { // a mouse's
				continue
			}
			out.Battery = true
			if n, err := strconv.Atoi(read("capacity")); err == nil && n >= 0 && n <= 100 && n > full {
				full, out.Percent = n, n
			}
		case "Mains", "USB", "UPS":
			supplies++
			online = online || read("online") == "1"
		}
	}
	if out.Battery && supplies > 0 {
		out.Mains = online
	}
	return out, nil
}

// ClockSynced reports whether the kernel's clock follows a time server.
func ClockSynced() (bool, error) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return false, fmt.Errorf("cannot ask the kernel about its clock: %w", err)
	}
	const timeError, unsync = 5, 0x40 // TIME_ERROR, STA_UNSYNC
	return state != timeError && t.Status&unsync == 0, nil
}
