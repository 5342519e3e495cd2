// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"runtime"
	"time"

	"golang.org/x/sys/windows"
)

// installerMutex is held by Windows Installer while it changes the machine
// ("_MSIExecute Mutex").
const installerMutex = `Global\_MSIExecute`

// How long another installation is waited for. After that msiexec says 1618 by
// itself, and the attempt is made again later.
const (
	mutexPatience = 10 * time.Minute
	mutexPause    = time.Second
)

// awaitInstaller returns when no other installation runs, or most is over.
func awaitInstaller(most time.Duration) {
	deadline := time.Now().Add(most)
	for installing() && time.Now().Before(deadline) {
		time.Sleep(min(mutexPause, time.Until(deadline)))
	}
}

// installing reports whether somebody holds the mutex. It is there whenever the
// service of Windows Installer runs, so it must be tried. What cannot be asked is
// not waited for.
func installing() bool {
	name, err := windows.UTF16PtrFromString(installerMutex)
	if err != nil {
		return false
	}
	runtime.LockOSThread() // a mutex belongs to a thread
	defer runtime.UnlockOSThread()
	mutex, err := windows.OpenMutex(windows.SYNCHRONIZE, false, name)
	if err != nil {
		return false
	}
	defer windows.CloseHandle(mutex)
	state, err := windows.WaitForSingleObject(mutex, 0)
	if err != nil {
		return false
	}
	if state == windows.WAIT_OBJECT_0 || state == windows.WAIT_ABANDONED {
		_ = windows.ReleaseMutex(mutex)
		return false
	}
	return true
}
