// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// What an installer does at least while it works: a hundredth of a processor, or a
// read or write a second. A blinking cursor costs less.
const (
	littleWork  = 100 // a hundredth of the time, as a divisor
	fewOfThem   = 1   // reads, writes and others in a second
	looksInIdle = 10  // how often the installer is looked at in the time after which it is idle
)

// watchWindows notes when the installer has done nothing for a time and has a window
// open, until stop is closed.
func (s *supervisor) watchWindows(p *blocked, stop <-chan struct{}) {
	every := s.spec.Idle / looksInIdle
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	windowsOf := windowFinder()
	var before load
	idle := 0
	said := false
	for {
		select {
		case <-stop:
			_ = s.f.worksAgain(s.spec.Token) // Remove takes it away, too
			return
		case <-ticker.C:
		}
		now, err := p.load()
		if err != nil {
			continue // another look will tell
		}
		if now.works(before, every) {
			idle = 0
		} else {
			idle++
		}
		before = now
		switch {
		case idle == 0 && said:
			said = s.f.worksAgain(s.spec.Token) != nil
		case idle == looksInIdle && !said: // once: it either goes on or stays
			if window := windowsOf(now.members); window != "" {
				since := time.Now().Add(-s.spec.Idle).UTC().Format(time.RFC3339)
				said = s.f.noteWaiting(s.spec.Token, window+", nothing done since "+since) == nil
			} else {
				idle-- // the window may come yet
			}
		}
	}
}

// load is what the installer's processes have done so far.
type load struct {
	members map[uint32]string // the name of each
	busy    int64             // in units of 100 ns
	moved   int64
}

func (p *blocked) load() (load, error) {
	pids, err := jobPIDs(p.job)
	if err != nil {
		return load{}, err
	}
	all, err := processes()
	if err != nil {
		return load{}, err
	}
	l := load{members: map[uint32]string{}}
	in := map[int]bool{}
	for _, pid := range pids {
		in[pid] = true
	}
	for _, s := range all {
		if in[s.id.PID] {
			l.members[uint32(s.id.PID)] = s.name
			l.busy += s.busy
			l.moved += s.moved
		}
	}
	return l, nil
}

// works compares two looks.
func (l load) works(before load, passed time.Duration) bool {
	if len(l.members) != len(before.members) {
		return true
	}
	for pid := range l.members {
		if _, same := before.members[pid]; !same {
			return true
		}
	}
	return l.busy-before.busy > passed.Nanoseconds()/100/littleWork ||
		float64(l.moved-before.moved) > fewOfThem*passed.Seconds()
}

// windowFinder returns a function that looks for a window of processes on this
// process's desktop, which is the installer's, and describes it without its title.
// A callback from Windows is never given back, so a supervisor makes one.
func windowFinder() func(map[uint32]string) string {
	var members map[uint32]string
	var found string
	callback := syscall.NewCallback(func(window windows.HWND, _ uintptr) uintptr {
		var pid uint32
		if _, err := windows.GetWindowThreadProcessId(window, &pid); err != nil {
			return 1
		}
		if name, ours := members[pid]; ours && asks(window) {
			found = fmt.Sprintf("a window (%s) of %s waits for input", className(window), name)
			return 0
		}
		return 1
	})
	return func(of map[uint32]string) string {
		members, found = of, ""
		_ = windows.EnumWindows(callback, nil) // it also fails when the callback ends it
		return found
	}
}

// asks reports whether a window can be one that somebody should answer: it is
// shown, or it is a dialog or has a title bar and was started hidden. Windows that
// programs make to be sent messages have none of these.
func asks(window windows.HWND) bool {
	if windows.IsWindowVisible(window) || className(window) == "#32770" {
		return true
	}
	const style, caption = -16, 0x00C00000 // GWL_STYLE, WS_CAPTION
	index := style
	r, _, _ := windows.NewLazySystemDLL("user32.dll").NewProc("GetWindowLongW").Call(uintptr(window), uintptr(index))
	return r&caption == caption && hasSize(window)
}

func hasSize(window windows.HWND) bool {
	var box struct{ left, top, right, bottom int32 }
	r, _, _ := windows.NewLazySystemDLL("user32.dll").NewProc("GetWindowRect").Call(uintptr(window), uintptr(unsafe.Pointer(&box)))
	return r != 0 && box.right > box.left && box.bottom > box.top
}

func className(window windows.HWND) string {
	var name [256]uint16
	if n, err := windows.GetClassName(window, &name[0], int32(len(name))); err != nil || n == 0 {
		return "?"
	}
	return plain(windows.UTF16ToString(name[:]))
}

// noteWaiting writes what an installer seems to wait for.
func (f *folder) noteWaiting(token, what string) error {
	name := token + endWaiting
	err := removeName(f.root, name)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = f.root.WriteFile(name, []byte(plain(what)+"\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", f.name(name), err)
	}
	return nil
}

// worksAgain takes the note back.
func (f *folder) worksAgain(token string) error {
	err := removeName(f.root, token+endWaiting)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
