// SPDX-License-Identifier: Apache-2.0

package agentstart

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// endWithin is how long an agent that was ended may take to be gone.
const endWithin = 5000 // ms

// End ends the agents in all sessions: the processes whose program is exe, and no
// others. It is for the moment in which the program is replaced or removed; an
// agent keeps nothing that another one could not ask for again.
func End(exe string) (n int, err error) {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return 0, fmt.Errorf("cannot list the processes: %w", err)
	}
	defer windows.CloseHandle(snapshot)
	var errs []error
	e := windows.ProcessEntry32{}
	e.Size = uint32(unsafe.Sizeof(e))
	for err = windows.Process32First(snapshot, &e); err == nil; err = windows.Process32Next(snapshot, &e) {
		if !strings.EqualFold(windows.UTF16ToString(e.ExeFile[:]), filepath.Base(exe)) {
			continue
		}
		switch ended, err := end(e.ProcessID, exe); {
		case err != nil:
			errs = append(errs, fmt.Errorf("cannot end the agent with pid %d: %w", e.ProcessID, err))
		case ended:
			n++
		}
	}
	if !errors.Is(err, windows.ERROR_NO_MORE_FILES) {
		errs = append(errs, fmt.Errorf("cannot list the processes: %w", err))
	}
	return n, errors.Join(errs...)
}

// end ends one process if it runs that program. The handle that is asked is the
// one that is ended, so it cannot be another process by then.
func end(pid uint32, exe string) (ended bool, err error) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.PROCESS_TERMINATE|windows.SYNCHRONIZE, false, pid)
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return false, nil // it has ended
	}
	if err != nil {
		return false, err
	}
	defer windows.CloseHandle(h)
	path := make([]uint16, windows.MAX_LONG_PATH)
	size := uint32(len(path))
	if err := windows.QueryFullProcessImageName(h, 0, &path[0], &size); err != nil {
		return false, err
	}
	if !strings.EqualFold(windows.UTF16ToString(path[:size]), filepath.Clean(exe)) {
		return false, nil
	}
	if err := windows.TerminateProcess(h, 0); err != nil {
		return false, err
	}
	if e, err := windows.WaitForSingleObject(h, endWithin); err != nil || e != windows.WAIT_OBJECT_0 {
		return false, errors.Join(errors.New("it does not end"), err)
	}
	return true, nil
}
