// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// An installer that asks in a window is found out, and one that only takes long is not.
func TestWaitsForInput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gate := filepath.Join(w.dir, "gate")
	asks, long := w.spec(t, "id.asks.1.1", "ask "+gate+"; exit 0"), w.spec(t, "id.long.1.1", "sleep "+gate+"; exit 0")
	for _, s := range []*Spec{&asks, &long} {
		s.Idle = 2 * time.Second
		if _, err := Start(t.Context(), w.options(), *s); err != nil {
			t.Fatal(err)
		}
	}
	var st State
	eventually(t, "the window is noticed", func() bool {
		var err error
		if st, err = Inspect(w.state, asks.Token); err != nil || st.Kind != KindStarted {
			t.Fatalf("%+v, %v\n%s", st, err, read(t, w.file(asks.Token, endLog)))
		}
		return st.Waiting != ""
	})
	if !strings.HasPrefix(st.Waiting, "a window (#32770) of ") || strings.Contains(st.Waiting, "Continue") || !strings.Contains(st.Waiting, "nothing done since ") {
		t.Errorf("%q", st.Waiting)
	}
	if other, err := Inspect(w.state, long.Token); err != nil || other.Waiting != "" || !other.Alive {
		t.Errorf("%+v, %v", other, err)
	}
	write(t, gate, "", 0o600)
	for _, s := range []Spec{asks, long} {
		st, err := Inspect(w.state, s.Token)
		if err != nil {
			t.Fatal(err)
		}
		if res := w.wait(t, st.Started); res.Lost || res.Ended.Exit != 0 {
			t.Errorf("%+v", res)
		}
	}
	if left, err := filepath.Glob(w.file("*", endWaiting)); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestLoad(t *testing.T) {
	one, two := map[uint32]string{1: "a"}, map[uint32]string{2: "a"}
	for name, c := range map[string]struct {
		before, now load
		works       bool
	}{
		"idle":        {load{one, 500, 7}, load{one, 500, 7}, false},
		"a cursor":    {load{one, 500, 7}, load{one, 500 + 90_000, 17}, false}, // 9 ms and 10 reads in 10 s
		"computes":    {load{one, 500, 7}, load{one, 500 + 2_000_000, 7}, true},
		"reads":       {load{one, 500, 7}, load{one, 500, 70}, true},
		"another one": {load{one, 500, 7}, load{two, 500, 7}, true},
		"one more":    {load{nil, 0, 0}, load{one, 0, 0}, true},
	} {
		if got := c.now.works(c.before, 10*time.Second); got != c.works {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Another installation is waited for, but not for ever.
func TestAwaitInstaller(t *testing.T) {
	name, err := windows.UTF16PtrFromString(installerMutex)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if awaitInstaller(time.Minute); time.Since(begin) > 30*time.Second {
		t.Error("it waits for nobody")
	}
	held, done := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // a mutex belongs to the thread that took it
		defer runtime.UnlockOSThread()
		r, _, last := windows.NewLazySystemDLL("kernel32.dll").NewProc("CreateMutexW").Call(0, 1, uintptr(unsafe.Pointer(name)))
		if r == 0 {
			held <- last
			return
		}
		mutex := windows.Handle(r)
		state, err := windows.WaitForSingleObject(mutex, 10_000)
		if err == nil && state != windows.WAIT_OBJECT_0 {
			err = windows.Errno(state)
		}
		held <- err
		<-done
		_ = windows.ReleaseMutex(mutex)
		_ = windows.CloseHandle(mutex)
		held <- nil
	}()
	if err := <-held; err != nil {
		t.Fatal(err)
	}
	if !installing() {
		t.Error("a held mutex is not seen")
	}
	begin = time.Now()
	if awaitInstaller(50 * time.Millisecond); time.Since(begin) < 50*time.Millisecond {
		t.Error("it did not wait")
	}
	close(done)
	<-held
	if installing() {
		t.Error("a free mutex holds")
	}
}
