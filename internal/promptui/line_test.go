// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// output collects what is printed.
type output struct {
	mu sync.Mutex
	b  strings.Builder
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) wait(t *testing.T, text string) string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		o.mu.Lock()
		s := o.b.String()
		o.mu.Unlock()
		if strings.Contains(s, text) {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("%q does not come: %s", text, s)
		}
	}
}

func TestLine(t *testing.T) {
	in, typed := io.Pipe()
	out := &output{}
	f := NewLine(in, out, texts(t, "de"))
	f.Now = func() time.Time { return now }
	shown := make(chan struct{})
	w := newWindow(firefox(), func() { close(shown) })
	got := make(chan string, 1)
	show := func() {
		choice, err := f.Show(t.Context(), w)
		if err != nil {
			choice = err.Error()
		}
		got <- choice
	}
	go show()
	<-shown
	s := out.wait(t, "Ihre Wahl: ")
	for _, want := range []string{"Firefox aktualisieren – bitte Programme schließen", "> [1] [s] Später (frühestens morgen wieder)", "[3] [c] Schließen und aktualisieren"} {
		if !strings.Contains(s, want) {
			t.Errorf("%q is not in\n%s", want, s)
		}
	}
	if _, err := io.WriteString(typed, "what?\n"); err != nil {
		t.Fatal(err)
	}
	out.wait(t, "1, s, 2, g, 3, c")
	changed := firefox()
	changed.Programs = changed.Programs[:1]
	changed.Programs[0].Name = "other\x1b[31m"
	w.set(changed)
	if s := out.wait(t, "other"); strings.Contains(s, "\x1b") {
		t.Errorf("a control sequence is in %q", s)
	}
	if _, err := io.WriteString(typed, " G \n"); err != nil {
		t.Fatal(err)
	}
	if choice := <-got; choice != "recheck" {
		t.Errorf("G chooses %q", choice)
	}
	go show() // the same lines go on
	if _, err := io.WriteString(typed, "\n"); err != nil {
		t.Fatal(err)
	}
	if choice := <-got; choice != "defer" {
		t.Errorf("an empty line chooses %q", choice)
	}
	typed.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := f.Show(ctx, w)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("without input it ended with %v", err)
		}
		got <- ""
	}()
	select {
	case <-got:
		t.Error("without input the window went away")
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	<-got
}

// A line that was begun before a program was added answers nothing; a later one
// answers what is printed then.
func TestLineAddedProgram(t *testing.T) {
	in, typed := io.Pipe()
	defer typed.Close()
	out := &output{}
	f := NewLine(in, out, texts(t, "en"))
	var clock atomic.Int64
	f.Now = func() time.Time { return now.Add(time.Duration(clock.Load())) }
	onScreen := make(chan struct{}, 2)
	w := newWindow(firefox(), func() { onScreen <- struct{}{} })
	got := make(chan string, 1)
	go func() {
		choice, _ := f.Show(t.Context(), w)
		got <- choice
	}()
	<-onScreen
	w.set(added())
	<-onScreen
	if s := out.wait(t, "added"); w.onScreen() != 7 {
		t.Errorf("on the screen is %d:\n%s", w.onScreen(), s)
	}
	for _, line := range []string{"c\n", "\n"} { // the second is read when the first is done with
		if _, err := io.WriteString(typed, line); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case choice := <-got:
		t.Fatalf("it chose %q", choice)
	case <-time.After(20 * time.Millisecond):
	}
	clock.Store(int64(settle))
	if _, err := io.WriteString(typed, "c\n"); err != nil {
		t.Fatal(err)
	}
	if choice := <-got; choice != "kill" {
		t.Errorf("c chooses %q", choice)
	}
}
