// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	// readFor is how long a program may take to come to the display and read its
	// first text; a machine that starts up is slow.
	readFor = 30 * time.Second
	// aliveFor is how long a program that reads nothing must live to count as shown.
	aliveFor = time.Second
	// look is how often it is looked whether a text was read.
	look = 25 * time.Millisecond
	// endFor is how long a program may take to end when it is asked to.
	endFor = 2 * time.Second
)

// Window is an open dialog.
type Window struct {
	p      *Program
	d      Dialog
	cmd    *exec.Cmd
	in     *os.File // its standard input; nil = it reads nothing
	out    limited
	texts  chan write
	shown  chan int
	done   chan struct{}
	button Button // valid after done

	mu    sync.Mutex
	last  int // number of the newest text
	ended bool
}

type write struct {
	n    int
	text string
}

// Open shows a dialog. It does not wait for it to be on the screen.
func (p *Program) Open(d Dialog) (*Window, error) {
	w := &Window{p: p, d: d, texts: make(chan write, 1), shown: make(chan int, 1), done: make(chan struct{})}
	w.cmd = exec.Command(p.path, p.args(d)...)
	w.cmd.Env = p.environ
	w.cmd.Stdout = &w.out
	w.cmd.WaitDelay = time.Second
	var theirs *os.File
	if p.line != nil {
		var err error
		if theirs, w.in, err = os.Pipe(); err != nil {
			return nil, fmt.Errorf("cannot show a dialog: %w", err)
		}
		w.cmd.Stdin = theirs
	}
	started := make(chan error, 1)
	go w.run(started)
	err := <-started
	if theirs != nil {
		theirs.Close()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	case err != nil: // too many processes, for one: the next time it may work
		return nil, fmt.Errorf("cannot start %s: %w", p.Name, err)
	}
	if p.line != nil {
		w.Set(100, d.Text)
	}
	go w.follow()
	return w, nil
}

// run starts the program and waits for its end.
func (w *Window) run(started chan<- error) {
	free := bindToParent(w.cmd)
	defer free()
	err := w.cmd.Start()
	started <- err
	if err != nil {
		if w.in != nil {
			w.in.Close()
		}
		close(w.done)
		return
	}
	_ = w.cmd.Wait() // its state says it all
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	if st := w.cmd.ProcessState; st.Exited() {
		w.button = w.p.pressed(w.d, st.ExitCode(), w.out.String())
	}
	close(w.done)
}

// Set changes what an open dialog says; percent, 0 to 100, is how much of the time is left.
// It does not wait, and returns the text's number, which Shown tells.
func (w *Window) Set(percent int, text string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.p.line == nil {
		return 0
	}
	percent = max(0, min(percent, 99)) // see the package's comment
	w.last++
	t := write{w.last, w.p.line(percent, text)}
	select {
	case <-w.texts: // the newest counts
	default:
	}
	w.texts <- t
	return t.n
}

// Shown tells the number of a text that is on the screen; the one the dialog was
// opened with is 1, and 0 where the text cannot change.
func (w *Window) Shown() <-chan int { return w.shown }

// Done is closed when the dialog has gone.
func (w *Window) Done() <-chan struct{} { return w.done }

// Button is how the dialog ended, when it has.
func (w *Window) Button() Button {
	<-w.done
	return w.button
}

// Close takes the dialog away and waits until it has gone.
func (w *Window) Close() {
	w.signal(syscall.SIGTERM)
	t := time.NewTimer(endFor)
	defer t.Stop()
	select {
	case <-w.done:
	case <-t.C:
		w.signal(syscall.SIGKILL)
		<-w.done
	}
}

func (w *Window) signal(s syscall.Signal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended { // its number may belong to somebody else after that
		endProcess(w.cmd.Process, s)
	}
}

// follow writes the texts and tells which were read.
func (w *Window) follow() {
	if w.in == nil {
		t := time.NewTimer(aliveFor)
		defer t.Stop()
		select {
		case <-w.done:
		case <-t.C:
			w.tell(0)
		}
		return
	}
	defer w.in.Close()
	for first := true; ; first = false {
		var t write
		select {
		case <-w.done:
			return
		case t = <-w.texts:
		}
		if first {
			t.text = "100\n" + t.text // see the package's comment
		}
		// The pipe is empty, so a text of a few kilobytes fits without waiting.
		if _, err := io.WriteString(w.in, t.text); err != nil {
			<-w.done // nobody reads any more: it ends
			return
		}
		switch {
		case w.wasRead(first):
			w.tell(t.n)
		case first: // it never came to the display
			w.Close()
			return
		}
	}
}

// wasRead waits until the program has read what was written, or has ended. Only
// the first text must be read in time.
func (w *Window) wasRead(first bool) bool {
	tick := time.NewTicker(look)
	defer tick.Stop()
	var late <-chan time.Time
	if first {
		t := time.NewTimer(readFor)
		defer t.Stop()
		late = t.C
	}
	for {
		select {
		case <-w.done:
			return false
		case <-late:
			return false
		case <-tick.C:
			if n, err := unread(w.in); err != nil || n == 0 {
				return err == nil
			}
		}
	}
}

func (w *Window) tell(n int) {
	select {
	case <-w.shown: // the newest counts
	default:
	}
	w.shown <- n
}

// limited keeps the first bytes of what a program prints.
type limited struct{ b bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	if room := 4096 - l.b.Len(); room > 0 {
		l.b.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

func (l *limited) String() string { return l.b.String() }
