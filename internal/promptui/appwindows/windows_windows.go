// SPDX-License-Identifier: Apache-2.0

package appwindows

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

var user32 = windows.NewLazySystemDLL("user32.dll")

// State is what became of the wish that a program closes.
type State int

const (
	// Asked: its windows were asked.
	Asked State = iota
	// Windowless: it has no window that could be asked.
	Windowless
	// Gone: no such program runs any more.
	Gone
	// Refused: it may not be asked.
	Refused
)

const (
	// maxTitles is how many windows of one program are named.
	maxTitles = 8
	// maxWindows bounds what is looked at; no session has so many.
	maxWindows  = 20000
	stillActive = 259 // the exit code of a program that has not ended
	wmClose     = 0x10
)

// Windows are the windows of the session.
type Windows struct {
	each                                             uintptr
	postMessage, textLength, text, window, isEnabled *windows.LazyProc
	openDesktop, closeDesktop, ofDesktop, styleOf    *windows.LazyProc

	mu sync.Mutex
	// found is what the system tells while all waits for it. It is no variable of
	// all: what the system calls back runs on the caller's stack, which may grow and
	// move meanwhile, and a pointer that the system keeps would not move with it.
	found []windows.HWND
}

// New is to be called once in a program: what the system calls back is never
// freed.
func New() *Windows {
	w := &Windows{
		postMessage: user32.NewProc("PostMessageW"), textLength: user32.NewProc("GetWindowTextLengthW"),
		text: user32.NewProc("GetWindowTextW"), window: user32.NewProc("GetWindow"),
		styleOf:     user32.NewProc("GetWindowLongPtrW"),
		isEnabled:   user32.NewProc("IsWindowEnabled"),
		openDesktop: user32.NewProc("OpenDesktopW"), closeDesktop: user32.NewProc("CloseDesktop"), ofDesktop: user32.NewProc("EnumDesktopWindows"),
	}
	w.each = syscall.NewCallback(func(window, _ uintptr) uintptr {
		w.found = append(w.found, windows.HWND(window))
		if len(w.found) == maxWindows {
			return 0
		}
		return 1
	})
	return w
}

// all are the top-level windows, the foremost first.
func (w *Windows) all() []windows.HWND {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found = make([]windows.HWND, 0, 256)
	// Not EnumWindows, which looks at the desktop of the thread: under Wine 8 that is
	// for some threads the one of the service that started the program.
	var desk uintptr
	if name, err := windows.UTF16PtrFromString("Default"); err == nil {
		const readObjects, enumerate = 0x1, 0x40 // DESKTOP_READOBJECTS, DESKTOP_ENUMERATE
		desk, _, _ = w.openDesktop.Call(uintptr(unsafe.Pointer(name)), 0, 0, readObjects|enumerate)
	}
	// Without a handle it is the thread's. What was found before it broke off counts.
	_, _, _ = w.ofDesktop.Call(desk, w.each, 0)
	if desk != 0 {
		_, _, _ = w.closeDesktop.Call(desk)
	}
	return w.found
}

// Close asks every window of exactly this program to close. Those that are not
// shown are asked only where none is shown, and of those only windows with a title
// bar: a program without any window in sight still has one that ends it, beside
// many that are its own tools. Where none has a title bar, those are asked that
// belong to no other window.
//
// A window that waits for a question of its own program ("Save changes?") is
// disabled, and the question belongs to it: neither is asked. The program does not
// expect it then, and what it would do by default is to destroy the window. So does
// .NET's Process.CloseMainWindow.
func (w *Windows) Close(pid int, start int64) State {
	if pid <= 4 || pid == os.Getpid() || pid == w.shell() {
		return Refused
	}
	p, err := open(uint32(pid))
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return Gone
	}
	if err != nil {
		return Refused
	}
	defer windows.CloseHandle(p)
	switch at, err := startOf(p); {
	case err != nil:
		return Refused
	case at != start: // another one, or it has ended
		return Gone
	}
	if !here(uint32(pid)) {
		return Refused
	}
	var its []shown
	for _, h := range w.all() {
		if ownerOf(h) == uint32(pid) {
			its = append(its, shown{h, windows.IsWindowVisible(h), w.owned(h), w.titled(h), w.enabled(h)})
		}
	}
	ask := toAsk(its)
	if len(ask) == 0 {
		return Windowless
	}
	asked := false
	for _, h := range ask {
		if ok, _, _ := w.postMessage.Call(uintptr(h), wmClose, 0, 0); ok != 0 {
			asked = true
		}
	}
	if !asked { // it has more rights than we
		return Refused
	}
	return Asked
}

// shown is a window as far as it matters for whether it is asked.
type shown struct {
	window                          windows.HWND
	inSight, owned, titled, enabled bool
}

// toAsk chooses among the windows of one program.
func toAsk(its []shown) []windows.HWND {
	var inSight, titled, bare []windows.HWND
	seen := false
	for _, s := range its {
		free := !s.owned && s.enabled
		switch {
		case s.inSight:
			seen = true
			if free {
				inSight = append(inSight, s.window)
			}
		case s.titled:
			titled = append(titled, s.window)
		case free:
			bare = append(bare, s.window)
		}
	}
	switch {
	case seen:
		return inSight
	case len(titled) > 0:
		return titled
	}
	return bare
}

// Titles are the titles of the windows in sight of programs with this file name
// and, unless it is "", this path.
func (w *Windows) Titles(name, path string) []string {
	images := map[uint32]string{}
	var out []string
	for _, h := range w.all() {
		if !windows.IsWindowVisible(h) || w.owned(h) {
			continue
		}
		pid := ownerOf(h)
		image, known := images[pid]
		if !known {
			image = imageOf(pid)
			images[pid] = image
		}
		if image == "" || !strings.EqualFold(filepath.Base(image), name) || path != "" && !strings.EqualFold(image, path) {
			continue
		}
		if title := w.title(h); title != "" && !slices.Contains(out, title) {
			if out = append(out, title); len(out) == maxTitles {
				break
			}
		}
	}
	return out
}

// shell is the program that shows the desktop; 0 = there is none.
func (w *Windows) shell() int { return int(ownerOf(windows.GetShellWindow())) }

// owned reports whether a window belongs to another one, as a dialog does.
func (w *Windows) owned(h windows.HWND) bool {
	const owner = 4 // GW_OWNER
	o, _, _ := w.window.Call(uintptr(h), owner)
	return o != 0
}

// titled reports whether a window has a title bar, shown or not (WS_CAPTION).
func (w *Windows) titled(h windows.HWND) bool {
	const style, caption = ^uintptr(15), 0xC00000 // GWL_STYLE is -16
	bits, _, _ := w.styleOf.Call(uintptr(h), style)
	return bits&caption == caption
}

// enabled reports whether a window takes input.
func (w *Windows) enabled(h windows.HWND) bool {
	on, _, _ := w.isEnabled.Call(uintptr(h))
	return on != 0
}

// title is the title of a window. It is read from what the system keeps of it,
// so a program that hangs holds up nobody (GetWindowText).
func (w *Windows) title(h windows.HWND) string {
	n, _, _ := w.textLength.Call(uintptr(h))
	if n == 0 {
		return ""
	}
	b := make([]uint16, min(n, 512)+1)
	n, _, _ = w.text.Call(uintptr(h), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return windows.UTF16ToString(b[:min(int(n), len(b))])
}

func ownerOf(h windows.HWND) (pid uint32) {
	if _, err := windows.GetWindowThreadProcessId(h, &pid); err != nil {
		return 0
	}
	return pid
}

func open(pid uint32) (windows.Handle, error) {
	return windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
}

// startOf is when a program that runs was started, 0 for one that has ended.
func startOf(p windows.Handle) (int64, error) {
	var code uint32
	if err := windows.GetExitCodeProcess(p, &code); err != nil {
		return 0, err
	}
	if code != stillActive {
		return 0, nil
	}
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(p, &created, &exited, &kernel, &user); err != nil {
		return 0, err
	}
	return int64(created.HighDateTime)<<32 | int64(created.LowDateTime), nil
}

// here reports whether a program is in this session.
func here(pid uint32) bool {
	var its, ours uint32
	return windows.ProcessIdToSessionId(pid, &its) == nil && windows.ProcessIdToSessionId(windows.GetCurrentProcessId(), &ours) == nil && its == ours
}

// imageOf is the path of a program, "" if it is not told.
func imageOf(pid uint32) string {
	p, err := open(pid)
	if err != nil {
		return ""
	}
	defer windows.CloseHandle(p)
	b := make([]uint16, windows.MAX_LONG_PATH)
	n := uint32(len(b))
	if windows.QueryFullProcessImageName(p, 0, &b[0], &n) != nil {
		return ""
	}
	return windows.UTF16ToString(b[:n])
}
