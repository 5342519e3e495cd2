// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// seat puts the calling thread, to which the goroutine is locked, on the desktop
// of the program's window station that is called Default: the one that people see.
//
// A program that a service started is put there with its first window, and all its
// threads with it (SetThreadDesktop, "Thread Connection to a Desktop"). Under Wine 8
// the threads that were there before stay on the service's own desktop, which nobody
// sees, and a Go program has some before it does anything. Where a thread is right
// already this changes nothing, so an error is of no matter.
func seat() {
	name, err := windows.UTF16PtrFromString("Default")
	if err != nil {
		return
	}
	// DESKTOP_CREATEWINDOW and the rights that windows and their keys need.
	const rights = 0x0001 | 0x0002 | 0x0004 | 0x0008 | 0x0040 | 0x0080
	h, _, _ := user32.NewProc("OpenDesktopW").Call(uintptr(unsafe.Pointer(name)), 0, 0, rights)
	if h == 0 {
		return
	}
	if ok, _, _ := user32.NewProc("SetThreadDesktop").Call(h); ok == 0 {
		_, _, _ = user32.NewProc("CloseDesktop").Call(h)
	}
}
