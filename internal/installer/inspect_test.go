// SPDX-License-Identifier: Apache-2.0

//go:build linux || windows

package installer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quietsetup/quietsetup/events"
)

// put writes an attempt's file as it would lie there after a restart.
func (w *world) put(t testing.TB, o outcome) {
	t.Helper()
	f, err := openFolder(w.state, true)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	if err := f.replace(o); err != nil {
		t.Fatal(err)
	}
}

func (w *world) file(token, end string) string {
	return filepath.Join(w.state, folderName, token+end)
}

// After a reboot the pids in the file are those of strangers.
func TestReboot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	self, err := identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	boot, err := bootID()
	if err != nil {
		t.Fatal(err)
	}
	other := events.ProcessID{PID: self.PID, Start: self.Start + 1}
	for _, c := range []struct {
		name     string
		state    Kind
		boot     string
		id       events.ProcessID
		alive    bool
		verdict  Verdict
		waitLost bool
	}{
		{"claimed-reboot", KindClaimed, "another boot", self, false, NeverStarted, true},
		{"claimed-reused-pid", KindClaimed, boot, other, false, NeverStarted, true},
		{"started-reboot", KindStarted, "another boot", self, false, Unknown, true},
		{"started-reused-pid", KindStarted, boot, other, false, Unknown, true},
		{"started-alive", KindStarted, boot, self, true, Running, false},
		{"ended", KindEnded, boot, self, false, Over, false},
		{"ended-reboot", KindEnded, "another boot", self, false, Over, false},
		{"void-reboot", KindVoid, "another boot", events.ProcessID{}, false, NeverStarted, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			token := "id." + c.name + ".1.1"
			o := outcome{Token: token, State: c.state, Boot: c.boot, At: now(), Supervisor: c.id, Exit: -1}
			if c.state == KindStarted {
				o.Installer = c.id
			}
			w.put(t, o)
			if lives, err := Alive(w.state, token); err != nil || lives != c.alive {
				t.Errorf("Alive: %v, %v", lives, err)
			}
			p := w.probe(t, token)
			if p.Verdict != c.verdict {
				t.Errorf("probed %+v", p)
			}
			earlier := c.boot != boot // what it wanted of a restart has happened then
			if p.Ended.Restarted != (earlier && p.Verdict == Over) || p.Restarted != (earlier && p.Verdict == Unknown) {
				t.Errorf("restarted since: %+v", p)
			}
			if c.waitLost {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if res, err := Wait(ctx, w.state, token, c.id, c.id, nil); err != nil || !res.Lost {
					t.Errorf("Wait: %+v, %v", res, err)
				}
			}
			if err := Remove(w.state, token); (err != nil) != c.alive {
				t.Errorf("Remove: %v", err)
			}
			if st, err := Inspect(w.state, token); err != nil || c.alive != (st.Kind != KindNone) {
				t.Errorf("after Remove: %+v, %v", st, err)
			}
		})
	}
}

// What an installer waits for is told, and that it works again, each once.
func TestWaitTellsWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	self, err := identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	boot, err := bootID()
	if err != nil {
		t.Fatal(err)
	}
	token := "id.waits.1.1"
	w.put(t, outcome{Token: token, State: KindStarted, Boot: boot, At: now(), Supervisor: self, Installer: self, Exit: -1})
	note := w.file(token, endWaiting)
	over := errors.New("enough")
	var told []string
	_, err = Wait(t.Context(), w.state, token, self, self, func(what string) error {
		told = append(told, what)
		switch len(told) {
		case 1, 3:
			return os.WriteFile(note, []byte("a window\n"), 0o600)
		case 2:
			return os.Remove(note)
		}
		return over
	})
	if want := []string{"", "a window", "", "a window"}; !errors.Is(err, over) || !slices.Equal(told, want) {
		t.Errorf("told %q, %v", told, err)
	}
}

// A supervisor may write its last word and end after the file was read and
// before the processes are looked at.
func TestEndsWhileInspected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boot, err := bootID()
	if err != nil {
		t.Fatal(err)
	}
	id := events.ProcessID{PID: os.Getpid(), Start: 1}
	f, err := openFolder(w.state, true)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	for _, state := range []Kind{KindClaimed, KindStarted} {
		o := outcome{Token: "id.late.1.1", State: state, Boot: boot, At: now(), Supervisor: id, Installer: id, Exit: -1}
		w.put(t, o)
		s, err := f.inspectWith(o.Token, func(seen outcome, token string) (State, error) {
			if seen.State == state {
				o.State, o.Exit = KindEnded, 3
				w.put(t, o)
			}
			return seen.look(token)
		})
		if err != nil || s.Kind != KindEnded || s.Ended.Exit != 3 {
			t.Errorf("%s: %+v, %v", state, s, err)
		}
	}
}

func TestWaitWithoutFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gone := events.ProcessID{PID: os.Getpid(), Start: 1}
	if res, err := Wait(t.Context(), w.state, "id.x.1.1", gone, gone, nil); err != nil || !res.Lost {
		t.Errorf("%+v, %v", res, err)
	}
	if err := Void(w.state, "id.x.1.1"); err != nil {
		t.Fatal(err)
	}
	if _, err := Wait(t.Context(), w.state, "id.x.1.1", gone, gone, nil); !errors.Is(err, ErrVoided) {
		t.Errorf("a void attempt: %v", err)
	}
}

func TestBrokenFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boot, err := bootID()
	if err != nil {
		t.Fatal(err)
	}
	good, err := outcome{Token: "id.broken.1.1", State: KindEnded, Boot: boot, At: now(), Supervisor: events.ProcessID{PID: 1, Start: 1}}.encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":     "",
		"zeros":     strings.Repeat("\x00", len(good)),
		"half":      string(good[:len(good)/2]),
		"changed":   strings.Replace(string(good), `"exit":0`, `"exit":1`, 1),
		"stranger":  strings.Replace(string(good), "id.broken", "id.strang", 1),
		"no object": "[]",
		"more":      string(good) + string(good),
		"blanks":    strings.Repeat(" ", spareSize),
	} {
		t.Run(name, func(t *testing.T) {
			token := "id.broken.1.1"
			defer os.RemoveAll(w.file(token, ""))
			write(t, w.file(prepared(t, w, token), endOutcome), text, 0o600)
			st, err := Inspect(w.state, token)
			if err != nil || st.Kind != KindLost || st.Alive {
				t.Fatalf("%+v, %v", st, err)
			}
			if read(t, w.file(token, endOutcome)) != text {
				t.Error("Inspect changed it")
			}
			s := w.spec(t, token, "exit 0")
			s.Token = token
			if _, err := Start(t.Context(), w.options(), s); !errors.Is(err, ErrTaken) {
				t.Errorf("Start: %v", err)
			}
			if err := Void(w.state, token); !errors.Is(err, ErrTaken) {
				t.Errorf("Void: %v", err)
			}
			for range 2 {
				if p := w.probe(t, token); p.Verdict != Unknown {
					t.Errorf("probed %+v", p)
				}
			}
			if read(t, w.file(token, endBroken)) != text {
				t.Error("the broken file was not kept")
			}
			if res, err := Wait(t.Context(), w.state, token, events.ProcessID{}, events.ProcessID{}, nil); err != nil || !res.Lost {
				t.Errorf("Wait: %+v, %v", res, err)
			}
			if err := errors.Join(Remove(w.state, token), os.Remove(w.file(token, endBroken))); err != nil {
				t.Error(err)
			}
		})
	}
	newer := strings.Replace(string(good), `{"v":1`, `{"v":2`, 1)
	write(t, w.file("id.broken.1.1", endOutcome), newer, 0o600)
	if _, err := Inspect(w.state, "id.broken.1.1"); !errors.Is(err, ErrNewer) {
		t.Errorf("newer: %v", err)
	}
}

// prepared makes sure that the folder of outcomes is there.
func prepared(t testing.TB, w *world, token string) string {
	t.Helper()
	f, err := openFolder(w.state, true)
	if err != nil {
		t.Fatal(err)
	}
	f.close()
	return token
}

// A file that breaks while its supervisor lives is written anew by it.
func TestBrokenWhileRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gate := filepath.Join(w.dir, "gate")
	s := w.gated(t, "id.breaks.1.1", gate, 6)
	begun, err := Start(t.Context(), w.options(), s)
	if err != nil {
		t.Fatal(err)
	}
	write(t, w.file(s.Token, endOutcome), "{", 0o600)
	if p := w.probe(t, s.Token); p.Verdict != Running || p.Started.Supervisor != begun.Supervisor {
		t.Fatalf("probed %+v", p)
	}
	write(t, gate, "", 0o600)
	if res := w.wait(t, begun); res.Lost || res.Ended.Exit != 6 {
		t.Errorf("%+v", res)
	}
}

func TestHostileTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, token := range []string{
		"", ".", "..", "../x", "a/b", `a\b`, "/etc/passwd", ".hidden", "-x", "_x", "a b", "a\nb", "a\x00b", "ä",
		"con", "CON.firefox.1.1", "nul.x", "com1.x", "LPT9", "a:b", "a*", strings.Repeat("a", maxToken+1),
	} {
		_, inspect := Inspect(w.state, token)
		_, probe := Probe(t.Context(), w.state, token)
		_, wait := Wait(t.Context(), w.state, token, events.ProcessID{}, events.ProcessID{}, nil)
		for what, err := range map[string]error{"Inspect": inspect, "Probe": probe, "Wait": wait, "Void": Void(w.state, token), "Remove": Remove(w.state, token)} {
			if !errors.Is(err, ErrToken) {
				t.Errorf("%s(%q): %v", what, token, err)
			}
		}
	}
	if left, err := os.ReadDir(w.state); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	rapid.Check(t, func(t *rapid.T) {
		token := rapid.String().Draw(t, "token")
		if checkToken(token) == nil && (filepath.Base(token) != token || !filepath.IsLocal(token) || len(token+endOutcome) > 255) {
			t.Errorf("%q is no file name", token)
		}
	})
}

// nothing is over.
func nothing(string) bool { return false }

// A daemon that was killed between the record of an outcome and its removal does
// not leave the files behind for ever: the next one knows from the log that the
// attempt is over.
func TestSweepForgetsWhatIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ended, lost := w.spec(t, ".ended.1.1", "exit 0"), w.spec(t, ".lost.1.1"+diesAt+"released", "exit 0")
	open, runs := w.spec(t, ".open.1.1", "exit 0"), w.gated(t, ".runs.1.1", filepath.Join(w.dir, "gate"), 0)
	for _, s := range []Spec{ended, lost, open} {
		w.finish(t, s)
	}
	begun, err := Start(t.Context(), w.options(), runs)
	if err != nil {
		t.Fatal(err)
	}
	if err := Void(w.state, w.id+".void.1.1"); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(w.state, time.Hour, func(token string) bool { return token != open.Token }); err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]Kind{ended.Token: KindNone, lost.Token: KindNone, open.Token: KindEnded, runs.Token: KindStarted, w.id + ".void.1.1": KindVoid} {
		if st, err := Inspect(w.state, token); err != nil || st.Kind != want {
			t.Errorf("%s: %+v, %v, want %q", token, st, err, want)
		}
	}
	write(t, w.dir+"/gate", "", 0o600)
	w.wait(t, begun)
	if spares, err := filepath.Glob(w.file("*", endSpare)); err != nil || len(spares) > 0 {
		t.Errorf("left: %v, %v", spares, err)
	}
}

func TestRemoveAndSweep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := errors.Join(Sweep(w.state, 0, nothing), Remove(w.state, "id.x.1.1")); err != nil {
		t.Fatalf("without a folder: %v", err)
	}
	s := w.spec(t, "id.done.1.1", "echo printed; exit 0")
	w.finish(t, s)
	if err := Remove(w.state, s.Token); err != nil {
		t.Fatal(err)
	}
	if st, err := Inspect(w.state, s.Token); err != nil || st.Kind != KindNone || read(t, w.file(s.Token, endLog)) != "printed\n" {
		t.Fatalf("%+v, %v", st, err)
	}
	// A void of this boot outlives Remove: a late supervisor must find it.
	if err := errors.Join(Void(w.state, "id.void.1.1"), Remove(w.state, "id.void.1.1"), Sweep(w.state, 0, nothing)); err != nil {
		t.Fatal(err)
	}
	if st, err := Inspect(w.state, "id.void.1.1"); err != nil || st.Kind != KindVoid {
		t.Errorf("%+v, %v", st, err)
	}
	w.put(t, outcome{Token: "id.old.1.1", State: KindVoid, Boot: "another boot", At: now(), Exit: -1})
	write(t, w.file("id.open.1.1", endOutcome), "{", 0o600)
	write(t, w.file("id.open.1.1", endLog), strings.Repeat("x", 2*maxLog), 0o600)
	write(t, w.file("id.half.1.1", endTemp), "", 0o600)
	write(t, w.file("id.fresh.1.1", endTemp), "", 0o600)
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(w.file("id.half.1.1", endTemp), old, old); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(w.state, 0, nothing); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(w.state, folderName))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "id.fresh.1.1.tmp id.open.1.1.json id.open.1.1.log id.void.1.1.json" {
		t.Errorf("left: %s", got)
	}
	if info, err := os.Stat(w.file("id.open.1.1", endLog)); err != nil || info.Size() > maxLog {
		t.Errorf("the log was not cut: %v, %v", info, err)
	}
}
