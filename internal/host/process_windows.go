// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/checks"
)

func rules() checks.PathRules { return checks.Windows() }

// programless reports whether a process runs no program file: the kernel's own
// (System, Registry, Memory Compression), or one that has ended.
func programless(pid int32, err error) bool {
	return pid <= 4 || errors.Is(err, windows.ERROR_INVALID_PARAMETER) || errors.Is(err, windows.ERROR_GEN_FAILURE)
}

// stillActive is the exit code of a process that has not ended.
const stillActive = 259

// StartOf returns the time a running process started, in units of 100 ns since
// 1601.
func StartOf(pid int) (int64, error) {
	failed := func(err error) (int64, error) {
		return 0, fmt.Errorf("cannot read when process %d started: %w", pid, err)
	}
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return failed(err)
	}
	defer windows.CloseHandle(h)
	var code uint32
	if err := windows.GetExitCodeProcess(h, &code); err != nil {
		return failed(err)
	}
	if code != stillActive {
		return failed(errors.New("it has ended"))
	}
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(h, &created, &exited, &kernel, &user); err != nil {
		return failed(err)
	}
	return int64(created.HighDateTime)<<32 | int64(created.LowDateTime), nil
}

// belongs returns the owner and the session of a process, "" where the system
// does not tell.
func belongs(pid int32) (owner, session string) {
	var id uint32
	if windows.ProcessIdToSessionId(uint32(pid), &id) == nil {
		session = strconv.FormatUint(uint64(id), 10)
	}
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return "", session
	}
	defer windows.CloseHandle(h)
	var token windows.Token
	if windows.OpenProcessToken(h, windows.TOKEN_QUERY, &token) != nil {
		return "", session
	}
	defer token.Close()
	if u, err := token.GetTokenUser(); err == nil {
		owner = "sid:" + u.User.Sid.String()
	}
	return owner, session
}
