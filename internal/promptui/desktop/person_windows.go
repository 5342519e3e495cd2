// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	shell32  = windows.NewLazySystemDLL("shell32.dll")
	kernel32 = windows.NewLazySystemDLL("kernel32.dll")
)

// Person is who sits in the session, as far as a program in it can see.
type Person struct {
	lastInput, tickCount, notificationState *windows.LazyProc
	screen                                  *screen
}

// NewPerson looks at the person of this session.
func NewPerson() *Person {
	return &Person{lastInput: user32.NewProc("GetLastInputInfo"), tickCount: kernel32.NewProc("GetTickCount"),
		notificationState: shell32.NewProc("SHQueryUserNotificationState"), screen: newScreen()}
}

// Idle is the time since the last key press or mouse move in this session;
// negative = not known.
func (p *Person) Idle() time.Duration {
	info := struct{ size, tick uint32 }{size: 8} // LASTINPUTINFO
	if ok, _, _ := p.lastInput.Call(uintptr(unsafe.Pointer(&info))); ok == 0 {
		return -1
	}
	now, _, _ := p.tickCount.Call()
	return time.Duration(uint32(now)-info.tick) * time.Millisecond // right over the count's turn after 49 days
}

// Locked reports whether the keyboard is at a desktop of the system: the screen
// is locked, or an administrator's consent is asked for.
func (p *Person) Locked() bool { return !p.screen.inputHere() }

// Busy is why the person should not be disturbed.
type Busy int

// What Busy can be.
const (
	NotBusy      Busy = iota
	Presenting        // presentation mode is on
	FullScreen        // a program has the whole screen
	WantsSilence      // notifications are off, or the person has just logged on for the first time
)

// Busy asks the system (SHQueryUserNotificationState). What it does not tell is
// not so.
func (p *Person) Busy() Busy {
	var state int32
	if p.notificationState.Find() != nil {
		return NotBusy
	}
	if failed, _, _ := p.notificationState.Call(uintptr(unsafe.Pointer(&state))); failed != 0 {
		return NotBusy
	}
	switch state {
	case 4: // QUNS_PRESENTATION_MODE
		return Presenting
	case 2, 3, 7: // QUNS_BUSY, QUNS_RUNNING_D3D_FULL_SCREEN, QUNS_APP
		return FullScreen
	case 6: // QUNS_QUIET_TIME
		return WantsSilence
	}
	return NotBusy
}
