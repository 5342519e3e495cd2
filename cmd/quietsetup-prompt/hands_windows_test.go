// SPDX-License-Identifier: Apache-2.0

package main

import (
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var user32 = windows.NewLazySystemDLL("user32.dll")

// find is the window of a title that is shown; 0 = none.
func find(title string) windows.HWND {
	h, _, _ := user32.NewProc("FindWindowW").Call(0, uintptr(unsafe.Pointer(windows.StringToUTF16Ptr(title))))
	if h == 0 || !windows.IsWindowVisible(windows.HWND(h)) {
		return 0
	}
	return windows.HWND(h)
}

// windowOf is a window of a program that is shown; 0 = none.
func windowOf(pid int) windows.HWND {
	for h := uintptr(0); ; {
		h, _, _ = user32.NewProc("FindWindowExW").Call(0, h, 0, 0)
		if h == 0 {
			return 0
		}
		var of uint32
		_, _ = windows.GetWindowThreadProcessId(windows.HWND(h), &of)
		if int(of) == pid && windows.IsWindowVisible(windows.HWND(h)) {
			return windows.HWND(h)
		}
	}
}

// focus gives a window the keyboard, as a click on it would.
func focus(h windows.HWND) { _, _, _ = user32.NewProc("SetForegroundWindow").Call(uintptr(h)) }

// closeByFrame presses the button of a window's frame.
func closeByFrame(h windows.HWND) {
	const sysCommand, close = 0x112, 0xf060
	_, _, _ = user32.NewProc("PostMessageW").Call(uintptr(h), sysCommand, close, 0)
}

// press holds keys down together, by their virtual codes, and lets them go.
func press(keys ...uint16) {
	const up = 0x2
	event := func(key uint16, flags uintptr) {
		_, _, _ = user32.NewProc("keybd_event").Call(uintptr(key), 0, flags, 0)
		time.Sleep(30 * time.Millisecond)
	}
	for _, k := range keys {
		event(k, 0)
	}
	for i := range keys {
		event(keys[len(keys)-1-i], up)
	}
}

func startOf(t *testing.T, pid int) int64 {
	t.Helper()
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(h)
	var created, exited, kernel, user syscall.Filetime
	if err := syscall.GetProcessTimes(syscall.Handle(h), &created, &exited, &kernel, &user); err != nil {
		t.Fatal(err)
	}
	return int64(created.HighDateTime)<<32 | int64(created.LowDateTime)
}
