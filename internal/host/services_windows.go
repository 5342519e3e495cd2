// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// serviceProcesses returns the processes that the service manager runs.
func serviceProcesses() (map[int32]bool, error) {
	failed := func(err error) (map[int32]bool, error) {
		return nil, fmt.Errorf("cannot tell services from other programs: %w", err)
	}
	scm, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_ENUMERATE_SERVICE)
	if err != nil {
		return failed(err)
	}
	defer windows.CloseServiceHandle(scm)
	out := map[int32]bool{}
	var resume uint32
	for {
		// 256 KB is the most that is filled at once (Microsoft, EnumServicesStatusExW).
		buf := make([]uint64, 1<<15)
		var need, count uint32
		err := windows.EnumServicesStatusEx(scm, windows.SC_ENUM_PROCESS_INFO, windows.SERVICE_WIN32, windows.SERVICE_ACTIVE,
			(*byte)(unsafe.Pointer(&buf[0])), uint32(len(buf)*8), &need, &count, &resume, nil)
		more := errors.Is(err, windows.ERROR_MORE_DATA)
		if err != nil && !more {
			return failed(err)
		}
		for _, s := range unsafe.Slice((*windows.ENUM_SERVICE_STATUS_PROCESS)(unsafe.Pointer(&buf[0])), count) {
			if pid := int32(s.ServiceStatusProcess.ProcessId); pid != 0 {
				out[pid] = true
			}
		}
		if !more {
			return out, nil
		}
		if count == 0 {
			return failed(err)
		}
	}
}

// machineAccount reports whether a program runs for the machine and not for a
// person: as the system, as one of its two service accounts, or as an account
// that exists for a service alone (Microsoft, "Well-known SIDs"). Such a program
// in a person's session was put there by a service.
func machineAccount(owner string) bool {
	return slices.Contains([]string{"sid:S-1-5-18", "sid:S-1-5-19", "sid:S-1-5-20"}, owner) ||
		slices.ContainsFunc([]string{
			"sid:S-1-5-80-", // services
			"sid:S-1-5-82-", // application pools of the web server
			"sid:S-1-5-83-", // virtual machines
			"sid:S-1-5-90-", // the window manager
			"sid:S-1-5-96-", // the font driver
		}, func(prefix string) bool { return strings.HasPrefix(owner, prefix) })
}
