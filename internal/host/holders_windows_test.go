// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// held is a table of who uses which file.
type held struct {
	by    map[string][]events.ProcessID
	err   error
	asked []string
}

func (h *held) of(_ context.Context, files []string) ([]events.ProcessID, error) {
	h.asked = append(h.asked, files...)
	var out []events.ProcessID
	for _, f := range files {
		out = append(out, h.by[f]...)
	}
	return out, h.err
}

// conformHolders is what every source of holders must keep.
func conformHolders(t *testing.T, h holders, files []string) {
	t.Helper()
	using, err := h.of(context.Background(), files)
	if err != nil && len(using) != 0 {
		t.Errorf("%d processes beside the error %v", len(using), err)
	}
	for i, id := range using {
		if id.PID <= 0 || id.Start <= 0 {
			t.Errorf("%+v", id)
		}
		if slices.Contains(using[:i], id) {
			t.Errorf("%+v is there twice", id)
		}
	}
}

func TestHoldersConform(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	start, err := StartOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("system", func(t *testing.T) { conformHolders(t, newRestartManager(), []string{exe}) })
	t.Run("table", func(t *testing.T) {
		conformHolders(t, &held{by: map[string][]events.ProcessID{exe: {{PID: os.Getpid(), Start: start}}}}, []string{exe})
	})
	t.Run("failing", func(t *testing.T) { conformHolders(t, &held{err: errors.New("no answer")}, []string{exe}) })
}

// A program elsewhere that has loaded a library of the product is found, once,
// and only as long as it is the same process.
func TestFindHolders(t *testing.T) {
	m := machine()
	dir := room(t, m)
	app := filepath.Join(dir, "app")
	in := run(t, sleeper(t, app, "busy.exe"))
	office := run(t, sleeper(t, dir, "office", "office.exe"))
	library := filepath.Join(app, "addin", "Add-In.DLL")
	if err := os.MkdirAll(filepath.Dir(library), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{library, filepath.Join(app, "readme.txt")} {
		if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	id := func(pid int) events.ProcessID {
		start, err := StartOf(pid)
		if err != nil {
			t.Fatal(err)
		}
		return events.ProcessID{PID: pid, Start: start}
	}
	stale := id(office.Process.Pid)
	stale.Start--
	h := &held{by: map[string][]events.ProcessID{
		library:    {id(office.Process.Pid), id(in.Process.Pid), stale, {PID: 99999, Start: 1}, id(os.Getpid())},
		in.Path:    {id(in.Process.Pid)},
		dir + `\x`: {id(office.Process.Pid)},
	}}
	m.platform.holders = h
	got := find(t, m, []string{app}, nil)
	p := got[office.Process.Pid]
	if len(got) != 3 || p.Rule != "dir "+app || !m.Rules().Same(p.Path, office.Path) || p.Owner != me(t) {
		t.Errorf("found %+v", got)
	}
	if c := checks.Classify(m.Rules(), got[os.Getpid()]); c != events.ClassVital {
		t.Errorf("this program is %s", c)
	}
	slices.Sort(h.asked)
	if want := []string{library, in.Path}; !slices.Equal(h.asked, want) {
		t.Errorf("asked for %q, want %q", h.asked, want)
	}
	shown := seen(t, m, app, office)
	m.options.AskToClose = (&desk{close: obey}).ask
	if err := m.Close(context.Background(), []events.Process{shown}, time.Minute, false); err != nil || Alive(shown.ProcessID) {
		t.Errorf("%v, alive %v", err, Alive(shown.ProcessID))
	}
	m.platform.holders = &held{err: errors.New("no answer")}
	if got := find(t, m, []string{app}, nil); len(got) != 1 {
		t.Errorf("without an answer: %v", got)
	}
}

func TestLibrariesAreBounded(t *testing.T) {
	dir := room(t, machine())
	for _, name := range []string{"a.dll", "b.exe", "c.txt", "d.dll"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ names, files, want int }{{100, 100, 3}, {100, 2, 2}, {3, 100, 2}, {0, 100, 0}} {
		names, files := c.names, c.files
		if got := libraries(dir, &names, &files); len(got) != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	names, files := 10, 10
	if got := libraries(filepath.Join(dir, "none"), &names, &files); len(got) != 0 || names != 9 {
		t.Errorf("%q, %d", got, names)
	}
}

func TestRestartManagerWaitsForNobody(t *testing.T) {
	r := newRestartManager()
	r.turn <- struct{}{} // an earlier question
	if _, err := r.of(context.Background(), []string{`C:\x.dll`}); !errors.Is(err, errTurn) {
		t.Errorf("%v", err)
	}
	if size := unsafe.Sizeof(usingProcess{}); size != 668 {
		t.Errorf("an entry has %d bytes", size)
	}
	got := usingIDs([]usingProcess{{PID: 7, Start: windows.Filetime{LowDateTime: 5, HighDateTime: 1}}})
	if want := []events.ProcessID{{PID: 7, Start: 1<<32 + 5}}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
