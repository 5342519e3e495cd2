// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// MessageBoxes shows plain boxes with the system's own buttons, for a machine
// without task dialogs. Their text stands still and their buttons are called Yes,
// No and Cancel, so the text says what each of them means. The last one, and Esc,
// hide the box: it is never a choice.
type MessageBoxes struct {
	messageBox, postMessage *windows.LazyProc
	yes, no, cancel         string
	each                    uintptr
	screen                  *screen

	mu sync.Mutex
	// find is what is looked for: no variable of who looks, because what the system
	// calls back runs on that one's stack, which may move meanwhile.
	find ownBox
}

// NewMessageBoxes takes what the system's buttons are called where it does not tell
// that itself. It is to be called once in a program: what the system calls back is
// never freed.
func NewMessageBoxes(yes, no, cancel string) (*MessageBoxes, error) {
	p := &MessageBoxes{messageBox: user32.NewProc("MessageBoxW"), postMessage: user32.NewProc("PostMessageW"),
		yes: buttonWord(wordYes, yes), no: buttonWord(wordNo, no), cancel: buttonWord(wordCancel, cancel), screen: newScreen()}
	if err := p.messageBox.Find(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	p.each = syscall.NewCallback(func(window, _ uintptr) uintptr {
		if thread, err := windows.GetWindowThreadProcessId(windows.HWND(window), nil); err == nil && thread == p.find.thread && windows.IsWindowVisible(windows.HWND(window)) {
			p.find.window = windows.HWND(window)
			return 0
		}
		return 1
	})
	return p, nil
}

// ownBox is the box of a thread.
type ownBox struct {
	thread uint32
	window windows.HWND
}

// MessageBox is an open box.
type MessageBox struct {
	p      *MessageBoxes
	shown  chan int
	done   chan struct{}
	button Button // valid after done

	mu      sync.Mutex
	thread  uint32
	closing bool
}

// Open shows a box, on a thread of its own.
func (p *MessageBoxes) Open(d Dialog) (*MessageBox, error) {
	w := &MessageBox{p: p, shown: make(chan int, 1), done: make(chan struct{})}
	go w.run(d)
	go func() {
		t := time.NewTicker(look)
		defer t.Stop()
		for {
			select {
			case <-w.done:
				return
			case <-t.C:
				if h := w.window(); h != 0 && w.p.screen.visible(h) {
					w.shown <- 0
					return
				}
			}
		}
	}()
	return w, nil
}

func (w *MessageBox) run(d Dialog) {
	defer close(w.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	seat()
	w.mu.Lock()
	w.thread = windows.GetCurrentThreadId()
	w.mu.Unlock()
	text := d.Text + "\n\n" + w.p.yes + ": " + d.OK
	// MB_YESNO, or MB_YESNOCANCEL; MB_ICONINFORMATION | MB_TOPMOST.
	kind := uintptr(0x4 | 0x40 | 0x40000)
	hide := w.p.no
	if len(d.Others) > 0 {
		kind = 0x3 | 0x40 | 0x40000
		text += "\n" + w.p.no + ": " + d.Others[0]
		hide = w.p.cancel
	}
	text += "\n" + hide + ": " + d.Hide
	result, _, _ := w.p.messageBox.Call(0, uintptr(unsafe.Pointer(utf16(text))), uintptr(unsafe.Pointer(utf16(d.Title))), kind)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.thread = 0
	if !w.closing {
		w.button = boxPressed(len(d.Others) > 0, result)
	}
}

// boxPressed is what a result of MessageBox means.
func boxPressed(others bool, result uintptr) Button {
	const cancel, yes, no = 2, 6, 7
	switch {
	case result == yes:
		return OK
	case result == no && others:
		return First
	case result == no, result == cancel:
		return Hidden
	}
	return Lost
}

// window is the box on the screen; 0 = none.
func (w *MessageBox) window() windows.HWND {
	w.mu.Lock()
	thread := w.thread
	w.mu.Unlock()
	if thread == 0 {
		return 0
	}
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	w.p.find = ownBox{thread: thread}
	_ = windows.EnumWindows(w.p.each, nil) // broken off where it is found
	return w.p.find.window
}

// Set changes nothing: the text stands still.
func (w *MessageBox) Set(int, string) int { return 0 }

// Shown tells 0 when the box is on the screen.
func (w *MessageBox) Shown() <-chan int { return w.shown }

// Done is closed when the box has gone.
func (w *MessageBox) Done() <-chan struct{} { return w.done }

// Button is how the box ended, when it has.
func (w *MessageBox) Button() Button {
	<-w.done
	return w.button
}

// Close takes the box away and waits a moment until it has gone.
func (w *MessageBox) Close() {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	const command, no, cancel = 0x111, 7, 2
	tick := time.NewTicker(look)
	defer tick.Stop()
	end := time.NewTimer(endFor)
	defer end.Stop()
	for {
		if h := w.window(); h != 0 {
			_, _, _ = w.p.postMessage.Call(uintptr(h), command, cancel, 0) // of one with Cancel
			_, _, _ = w.p.postMessage.Call(uintptr(h), command, no, 0)
		}
		select {
		case <-w.done:
			return
		case <-end.C:
			return
		case <-tick.C:
		}
	}
}
