// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	comctl32 = windows.NewLazySystemDLL("comctl32.dll")
	user32   = windows.NewLazySystemDLL("user32.dll")
)

// screen is what is asked of the system about windows and keys.
type screen struct {
	sendMessage, setWindowPos, flashWindow, getKeyState, vkKeyScan *windows.LazyProc
	openInputDesktop, closeDesktop                                 *windows.LazyProc
}

func newScreen() *screen {
	return &screen{
		sendMessage: user32.NewProc("SendMessageW"), setWindowPos: user32.NewProc("SetWindowPos"), flashWindow: user32.NewProc("FlashWindowEx"),
		getKeyState: user32.NewProc("GetKeyState"), vkKeyScan: user32.NewProc("VkKeyScanW"),
		openInputDesktop: user32.NewProc("OpenInputDesktop"), closeDesktop: user32.NewProc("CloseDesktop"),
	}
}

// send sends a message to a window of the calling thread.
func (s *screen) send(window windows.HWND, message uint32, wparam, lparam uintptr) {
	_, _, _ = s.sendMessage.Call(uintptr(window), uintptr(message), wparam, lparam)
}

// raise puts a window above all others, without the keyboard (SetWindowPos). One
// that the person does not wait for also calls for attention in the task bar.
func (s *screen) raise(window windows.HWND, wanted bool) {
	const topmost, noSize, noMove, noActivate = ^uintptr(0), 0x1, 0x2, 0x10
	_, _, _ = s.setWindowPos.Call(uintptr(window), topmost, 0, 0, 0, 0, noSize|noMove|noActivate)
	if wanted || windows.GetForegroundWindow() == window {
		return
	}
	info := struct { // FLASHWINFO
		size    uint32
		window  windows.HWND
		flags   uint32
		count   uint32
		timeout uint32
	}{window: window, flags: 0x2 | 0xc} // FLASHW_TRAY | FLASHW_TIMERNOFG: until it has the keyboard
	info.size = uint32(unsafe.Sizeof(info))
	_, _, _ = s.flashWindow.Call(uintptr(unsafe.Pointer(&info)))
}

// visible reports whether a window is on the screen that the person sees: it is
// shown, and no lock screen or question of the system lies over it.
func (s *screen) visible(window windows.HWND) bool {
	return windows.IsWindowVisible(window) && s.inputHere()
}

// inputHere reports whether the keyboard belongs to the desktop of programs. It
// does not while the screen is locked or the system asks for consent: those are
// desktops of their own, which a person's program may not open (OpenInputDesktop).
func (s *screen) inputHere() bool {
	const readObjects = 0x1
	d, _, err := s.openInputDesktop.Call(0, 0, readObjects)
	if d == 0 {
		return err != windows.ERROR_ACCESS_DENIED
	}
	_, _, _ = s.closeDesktop.Call(d)
	return true
}

// typed reports whether the letter of a button is held down without Alt: then it
// was the letter alone that pressed the button, and who types does not answer.
func (s *screen) typed(key string) bool {
	const alt = 0x12
	if key == "" {
		return false
	}
	for _, r := range strings.ToLower(key) {
		k, _, _ := s.vkKeyScan.Call(uintptr(r))
		if k&0xff != 0xff && s.held(k&0xff) {
			return !s.held(alt)
		}
	}
	return false
}

func (s *screen) held(key uintptr) bool {
	state, _, _ := s.getKeyState.Call(key)
	return int16(state) < 0
}
