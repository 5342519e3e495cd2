// SPDX-License-Identifier: Apache-2.0

// Command windowprogram is what a person has open while software is installed: a
// program with a window and a title. How it acts when it is asked to close its
// window its arguments say:
//
//	windowprogram TITLE [obeys|refuses|respawns]
//
// A window that was asked to close is a line in C:\\closed.log. With "service NAME"
// it is a service without any window.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

// Messages and styles of winuser.h.
const (
	wmDestroy          = 0x0002
	wmClose            = 0x0010
	wsOverlappedWindow = 0x00CF0000
	wsVisible          = 0x10000000
	useDefault         = 0x80000000
)

// windowClass is WNDCLASSEXW.
type windowClass struct {
	size, style                        uint32
	proc                               uintptr
	classExtra, windowExtra            int32
	instance, icon, cursor, background windows.Handle
	menu, name                         *uint16
	smallIcon                          windows.Handle
}

// message is MSG.
type message struct {
	window  windows.HWND
	message uint32
	wParam  uintptr
	lParam  uintptr
	time    uint32
	x, y    int32
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "windowprogram: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 2 && args[0] == "service" {
		return svc.Run(args[1], service{})
	}
	if len(args) < 1 {
		return fmt.Errorf("cannot open a window without a title")
	}
	acts := "obeys"
	if len(args) > 1 {
		acts = args[1]
	}
	return show(args[0], acts)
}

// show opens the window and stays until it was closed.
func show(title, acts string) error {
	runtime.LockOSThread() // a window's messages come to the thread that made it
	proc := windows.NewCallback(func(window windows.HWND, msg uint32, w, l uintptr) uintptr {
		if msg == wmClose {
			note(title)
		}
		switch {
		case msg == wmClose && acts == "refuses":
			return 0
		case msg == wmClose && acts == "respawns":
			if err := exec.Command(os.Args[0], os.Args[1:]...).Start(); err != nil {
				return 0
			}
		case msg == wmDestroy:
			call("PostQuitMessage", 0)
			return 0
		}
		return call("DefWindowProcW", uintptr(window), uintptr(msg), w, l)
	})
	name, err := windows.UTF16PtrFromString("quietsetup test window")
	if err != nil {
		return err
	}
	text, err := windows.UTF16PtrFromString(title)
	if err != nil {
		return fmt.Errorf("cannot show the title %q: %w", title, err)
	}
	class := windowClass{proc: proc, name: name}
	class.size = uint32(unsafe.Sizeof(class))
	if call("RegisterClassExW", uintptr(unsafe.Pointer(&class))) == 0 {
		return fmt.Errorf("cannot register a class of windows")
	}
	if call("CreateWindowExW", 0, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(text)), wsOverlappedWindow|wsVisible,
		useDefault, useDefault, 300, 150, 0, 0, 0, 0) == 0 {
		return fmt.Errorf("cannot open the window %q", title)
	}
	for m := (message{}); int32(call("GetMessageW", uintptr(unsafe.Pointer(&m)), 0, 0, 0)) > 0; {
		call("DispatchMessageW", uintptr(unsafe.Pointer(&m)))
	}
	return nil
}

// call calls a function of user32.dll. What its arguments point to stays where it is:
// the window's own function runs on this stack, which may move meanwhile.
//
//go:uintptrescapes
func call(name string, args ...uintptr) uintptr {
	r, _, _ := windows.NewLazySystemDLL("user32.dll").NewProc(name).Call(args...)
	return r
}

// note tells the test that the window was asked, and its program not just ended.
func note(title string) {
	f, err := os.OpenFile(`C:\closed.log`, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return // the test misses the line
	}
	defer f.Close()
	fmt.Fprintln(f, title)
}

// service does nothing until it is stopped.
type service struct{}

func (service) Execute(_ []string, asked <-chan svc.ChangeRequest, state chan<- svc.Status) (bool, uint32) {
	state <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	for r := range asked {
		switch r.Cmd {
		case svc.Interrogate:
			state <- r.CurrentStatus
		case svc.Stop, svc.Shutdown:
			state <- svc.Status{State: svc.StopPending}
			return false, 0
		}
	}
	return false, 0
}
