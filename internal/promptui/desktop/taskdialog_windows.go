// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Flags of a task dialog (TASKDIALOGCONFIG, TASKDIALOG_FLAGS).
const (
	allowCancellation = 0x8
	useCommandLinks   = 0x10
	expandFooterArea  = 0x40
	showProgressBar   = 0x200
	callbackTimer     = 0x800
	canBeMinimized    = 0x8000
	noSetForeground   = 0x10000
)

// Notifications of a task dialog (TASKDIALOG_NOTIFICATIONS) that are used.
const (
	tdCreated       = 0
	tdButtonClicked = 2
	tdTimer         = 4
	tdDestroyed     = 5
)

// Messages to a task dialog (TASKDIALOG_MESSAGES).
const (
	clickButton         = 0x400 + 102
	setProgressBarRange = 0x400 + 105
	setProgressBarPos   = 0x400 + 106
	setElementText      = 0x400 + 108
	updateElementText   = 0x400 + 114
)

// Elements of a task dialog (TASKDIALOG_ELEMENTS).
const (
	elementContent     = 0
	elementExpanded    = 1
	elementFooter      = 2
	elementInstruction = 3
)

const (
	// buttonBase is the number of the first button; those below are the system's.
	buttonBase = 100
	idCancel   = 2 // Esc and the window's own button (TaskDialogIndirect, pnButton)
	// dialogUnits is the width of a task dialog in the dialog's own units, 1/4 of
	// an average letter. By itself it would follow the text and jump.
	dialogUnits = 320
	// informationIcon is TD_INFORMATION_ICON.
	informationIcon = 0xfffd
	// roomFor is what the label of the details needs beside it: Wine measures it
	// without its arrow, and cuts it off. On Windows nobody sees it.
	roomFor = "\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0\u00a0"
	// detailsEach is how often it is looked what the details are.
	detailsEach = 2 * time.Second
)

// TaskDialogs shows the system's task dialogs (TaskDialogIndirect). They belong
// to version 6 of its library of controls, which a program is given whose
// manifest asks for it.
type TaskDialogs struct {
	indirect *windows.LazyProc
	screen   *screen
	callback uintptr
}

// NewTaskDialogs finds the task dialogs; ErrNone where there are none. It is to
// be called once in a program: what the system calls back is never freed.
func NewTaskDialogs() (*TaskDialogs, error) {
	p := &TaskDialogs{indirect: comctl32.NewProc("TaskDialogIndirect"), screen: newScreen()}
	if err := p.indirect.Find(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	p.callback = syscall.NewCallback(func(window uintptr, what, wparam, lparam, ref uintptr) uintptr {
		w := *(**TaskDialog)(unsafe.Pointer(&ref)) // as Open gave it, pinned as long as the dialog
		return w.notified(windows.HWND(window), uint32(what), wparam)
	})
	return p, nil
}

// TaskDialog is an open task dialog.
type TaskDialog struct {
	p      *TaskDialogs
	d      Dialog
	shown  chan int
	done   chan struct{}
	button Button // valid after done

	mu      sync.Mutex
	closing bool
	newest  text
	details string

	// Of the dialog's own thread:
	on     text // what the dialog says
	told   int  // number of the text that was told to be shown
	unfold string
	looked time.Time // for details
}

// text is what a dialog says.
type text struct {
	n                int
	percent          int
	head, body, foot string
}

// Open shows a task dialog, on a thread of its own. It does not wait for it to
// be on the screen.
func (p *TaskDialogs) Open(d Dialog) (*TaskDialog, error) {
	w := &TaskDialog{p: p, d: d, shown: make(chan int, 1), done: make(chan struct{})}
	w.Set(100, d.Text)
	if d.Details != nil {
		w.details = d.Details()
	}
	w.on, w.unfold, w.looked = w.newest, w.details, time.Now()
	go w.run()
	return w, nil
}

// run shows the dialog until it ends.
func (w *TaskDialog) run() {
	defer close(w.done)
	runtime.LockOSThread() // a window belongs to its thread
	defer runtime.UnlockOSThread()
	seat()
	var pins runtime.Pinner
	defer pins.Unpin()
	pins.Pin(w)
	config := w.config(&pins)
	pressed := int32(0)
	result, _, _ := w.p.indirect.Call(uintptr(unsafe.Pointer(&config[0])), uintptr(unsafe.Pointer(&pressed)), 0, 0)
	w.mu.Lock()
	closing := w.closing
	w.mu.Unlock()
	switch {
	case int32(result) != 0 || closing:
	case pressed == idCancel:
		w.button = Closed
	case pressed >= buttonBase && int(pressed-buttonBase) <= len(w.d.Others):
		w.button = OK + Button(pressed-buttonBase)
	}
}

// Set changes what an open dialog says; percent, 0 to 100, is how much of the
// time is left. It does not wait, and returns the text's number.
func (w *TaskDialog) Set(percent int, s string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.newest.n + 1
	w.newest = split(s)
	w.newest.n, w.newest.percent = n, max(0, min(percent, 100))
	return n
}

// Shown tells the number of a text that is on the screen; the one the dialog was
// opened with is 1.
func (w *TaskDialog) Shown() <-chan int { return w.shown }

// Done is closed when the dialog has gone.
func (w *TaskDialog) Done() <-chan struct{} { return w.done }

// Button is how the dialog ended, when it has.
func (w *TaskDialog) Button() Button {
	<-w.done
	return w.button
}

// Close takes the dialog away and waits a moment until it has gone. One that
// hangs goes when it comes back; what is pressed in it counts for nothing.
func (w *TaskDialog) Close() {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	t := time.NewTimer(endFor)
	defer t.Stop()
	select {
	case <-w.done:
	case <-t.C:
	}
}

// notified is called by the system, on the dialog's thread. It returns 1 to keep the
// dialog from what it is about to do.
func (w *TaskDialog) notified(window windows.HWND, what uint32, param uintptr) uintptr {
	s := w.p.screen
	switch what {
	case tdCreated:
		s.send(window, setProgressBarRange, 0, 100<<16)
		s.send(window, setProgressBarPos, uintptr(w.on.percent), 0)
		s.raise(window, w.d.Wanted)
	case tdTimer:
		w.renew(window)
	case tdButtonClicked:
		w.mu.Lock()
		closing := w.closing
		w.mu.Unlock()
		if i := int(param) - buttonBase; !closing && i >= 0 && i < len(w.d.Keys) && s.typed(w.d.Keys[i]) {
			return 1
		}
	case tdDestroyed:
		// Nothing is sent to it any more: renew is called by its timer only.
	}
	return 0
}

// renew brings the dialog up to date; its timer calls it five times a second.
func (w *TaskDialog) renew(window windows.HWND) {
	s := w.p.screen
	w.mu.Lock()
	closing, t, details := w.closing, w.newest, w.details
	w.mu.Unlock()
	if closing {
		s.send(window, clickButton, idCancel, 0)
		return
	}
	w.say(window, elementInstruction, w.on.head, t.head)
	w.say(window, elementContent, w.on.body, t.body)
	w.say(window, elementFooter, w.on.foot, t.foot)
	w.say(window, elementExpanded, w.unfold, details)
	if t.percent != w.on.percent {
		s.send(window, setProgressBarPos, uintptr(t.percent), 0)
	}
	w.on, w.unfold = t, details
	if w.told != t.n && s.visible(window) {
		w.told = t.n
		select {
		case <-w.shown: // the newest counts
		default:
		}
		w.shown <- t.n
	}
	if w.d.Details != nil && time.Since(w.looked) > detailsEach {
		w.looked = time.Now()
		go func() { // it looks at other programs, which may be slow
			details := w.d.Details()
			w.mu.Lock()
			defer w.mu.Unlock()
			w.details = details
		}()
	}
}

// say changes one element of the dialog, if it is another text. An element that
// was not there at the start cannot come.
func (w *TaskDialog) say(window windows.HWND, element uintptr, was, now string) {
	if was == now {
		return
	}
	if now == "" {
		now = " "
	}
	message := uint32(setElementText)
	if strings.Count(was, "\n") == strings.Count(now, "\n") && len(now) <= len(was) {
		message = updateElementText // it needs no more room
	}
	p := utf16(now)
	w.p.screen.send(window, message, element, uintptr(unsafe.Pointer(p)))
	runtime.KeepAlive(p)
}

// split divides a text: its first line stands large, its last paragraph, the
// countdown, in the foot.
func split(s string) text {
	head, rest, _ := strings.Cut(s, "\n")
	t := text{head: head, body: strings.Trim(rest, "\n")}
	if i := strings.LastIndex(t.body, "\n\n"); i >= 0 {
		t.body, t.foot = t.body[:i], t.body[i+2:]
	}
	return t
}

// config is the dialog as the system reads it: TASKDIALOGCONFIG, whose members
// are packed without gaps.
func (w *TaskDialog) config(pins *runtime.Pinner) []byte {
	flags := uint32(useCommandLinks | allowCancellation | expandFooterArea | showProgressBar | callbackTimer | canBeMinimized)
	if !w.d.Wanted {
		flags |= noSetForeground
	}
	var expanded, more uintptr
	if w.d.Details != nil {
		expanded, more = pinned(pins, w.unfold), pinned(pins, w.d.More+roomFor)
	}
	var buttons packed
	for i, label := range append([]string{w.d.OK}, w.d.Others...) {
		key := ""
		if i < len(w.d.Keys) {
			key = w.d.Keys[i]
		}
		buttons.long(uint32(buttonBase + i))
		buttons.pointer(pinned(pins, underlined(label, key)))
	}
	pins.Pin(&buttons[0])
	c := packed{0, 0, 0, 0}             // cbSize
	c.pointer(0)                        // hwndParent
	c.pointer(0)                        // hInstance
	c.long(flags)                       // dwFlags
	c.long(0)                           // dwCommonButtons
	c.pointer(pinned(pins, w.d.Title))  // pszWindowTitle
	c.pointer(informationIcon)          // pszMainIcon
	c.pointer(pinned(pins, w.on.head))  // pszMainInstruction
	c.pointer(pinned(pins, w.on.body))  // pszContent
	c.long(uint32(1 + len(w.d.Others))) // cButtons
	c.pointer(uintptr(unsafe.Pointer(&buttons[0])))
	c.long(buttonBase) // nDefaultButton
	c.long(0)          // cRadioButtons
	c.pointer(0)       // pRadioButtons
	c.long(0)          // nDefaultRadioButton
	c.pointer(0)       // pszVerificationText
	c.pointer(expanded)
	c.pointer(more) // pszExpandedControlText
	c.pointer(more) // pszCollapsedControlText
	c.pointer(0)    // hFooterIcon
	c.pointer(pinned(pins, w.on.foot))
	c.pointer(w.p.callback)
	c.pointer(uintptr(unsafe.Pointer(w))) // lpCallbackData
	c.long(dialogUnits)                   // cxWidth
	binary.LittleEndian.PutUint32(c, uint32(len(c)))
	return c
}

// packed is a structure without gaps between its members.
type packed []byte

func (p *packed) long(v uint32) { *p = binary.LittleEndian.AppendUint32(*p, v) }

func (p *packed) pointer(v uintptr) {
	if unsafe.Sizeof(v) == 4 {
		p.long(uint32(v & math.MaxUint32))
		return
	}
	*p = binary.LittleEndian.AppendUint64(*p, uint64(v))
}

// pinned is a text for the system that stays where it is; 0 for "".
func pinned(pins *runtime.Pinner, s string) uintptr {
	if s == "" {
		return 0
	}
	p := utf16(s)
	pins.Pin(p)
	return uintptr(unsafe.Pointer(p))
}

// utf16 is a text as the system takes it. Ours hold no zero bytes; one that does
// ends there.
func utf16(s string) *uint16 {
	s, _, _ = strings.Cut(s, "\x00")
	u, _ := windows.UTF16FromString(s)
	return &u[0]
}

// underlined is a label whose key is marked.
func underlined(label, key string) string {
	at := -1
	if key != "" {
		at = strings.Index(strings.ToLower(label), strings.ToLower(key))
	}
	if at < 0 || at > len(label) {
		return strings.ReplaceAll(label, "&", "&&")
	}
	return strings.ReplaceAll(label[:at], "&", "&&") + "&" + strings.ReplaceAll(label[at:], "&", "&&")
}
