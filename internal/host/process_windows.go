// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/events"
)

// errEnded says that a process has ended.
var errEnded = errors.New("it has ended")

// gone reports whether an error means that there is no such process, or that it
// has ended. Windows says so in its own words when asked for a pid it does not
// know.
func gone(err error) bool {
	return errors.Is(err, errEnded) || errors.Is(err, windows.ERROR_INVALID_PARAMETER)
}

// lookInto are the rights to look at a process and to see whether it has ended.
// The first is given for protected processes too (Microsoft, "Process Security
// and Access Rights"); the second must be asked for by name.
const lookInto = windows.PROCESS_QUERY_LIMITED_INFORMATION | windows.SYNCHRONIZE

// openToLook opens a process to look at it. While the handle is open, the pid
// belongs to no other process.
func openToLook(pid int32) (windows.Handle, error) {
	h, err := windows.OpenProcess(lookInto, false, uint32(pid))
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		h, err = windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	}
	return h, err
}

// stillActive is the exit code of a process that has not ended; one that has can
// have it too.
const stillActive = 259

// ended reports whether the process behind a handle has ended.
func ended(h windows.Handle) bool {
	switch event, err := windows.WaitForSingleObject(h, 0); {
	case err == nil:
		return event == windows.WAIT_OBJECT_0
	default: // without the right to wait
		var code uint32
		return windows.GetExitCodeProcess(h, &code) == nil && code != stillActive
	}
}

// startOf returns when the process behind a handle started, in units of 100 ns
// since 1601.
func startOf(h windows.Handle) (int64, error) {
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &created, &exited, &kernel, &user); err != nil {
		return 0, err
	}
	return int64(created.HighDateTime)<<32 | int64(created.LowDateTime), nil
}

// maxImage is the longest path of an executable, in UTF-16 units.
const maxImage = 32768

// imageOf returns the path of the executable that the process behind a handle
// runs, with a drive letter where it lies on one.
func imageOf(h windows.Handle) (string, error) {
	for size := uint32(windows.MAX_PATH); ; size = maxImage {
		buf := make([]uint16, size)
		n := size
		err := windows.QueryFullProcessImageName(h, 0, &buf[0], &n)
		if err == nil {
			return windows.UTF16ToString(buf[:n]), nil
		}
		if !errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) || size == maxImage {
			return "", err
		}
	}
}

// ownerOf returns whom the process behind a handle runs as, "" where the system
// does not tell.
func ownerOf(h windows.Handle) string {
	var token windows.Token
	if windows.OpenProcessToken(h, windows.TOKEN_QUERY, &token) != nil {
		return ""
	}
	defer token.Close()
	return tokenOwner(token)
}

func tokenOwner(token windows.Token) string {
	u, err := token.GetTokenUser()
	if err != nil {
		return ""
	}
	return "sid:" + u.User.Sid.String()
}

// sessionOf returns the session of a process, "" where the system does not tell.
func sessionOf(pid int32) string {
	var id uint32
	if windows.ProcessIdToSessionId(uint32(pid), &id) != nil {
		return ""
	}
	return strconv.FormatUint(uint64(id), 10)
}

// StartOf returns the time a running process started, in units of 100 ns since
// 1601.
func StartOf(pid int) (int64, error) {
	start, err := startByPID(int32(pid))
	if err != nil {
		return 0, fmt.Errorf("cannot read when process %d started: %w", pid, err)
	}
	return start, nil
}

func startByPID(pid int32) (int64, error) {
	if pid <= 0 {
		return 0, windows.ERROR_INVALID_PARAMETER
	}
	h, err := openToLook(pid)
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) { // it runs, and the list tells the rest
		return startInList(pid)
	}
	if err != nil {
		return 0, err
	}
	defer windows.CloseHandle(h)
	if ended(h) {
		return 0, errEnded
	}
	return startOf(h)
}

func startInList(pid int32) (int64, error) {
	rows, err := snapshot()
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		if r.pid == pid {
			return r.start, nil
		}
	}
	return 0, errEnded
}

// Alive reports whether that very process still runs. Another process with its
// pid is not it, and one that has ended while somebody holds it does not run.
func Alive(id events.ProcessID) bool {
	if id.PID <= 0 {
		return false
	}
	start, err := StartOf(id.PID)
	return err == nil && start == id.Start
}
