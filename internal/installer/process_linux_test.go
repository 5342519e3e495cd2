// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	const rest = " S 7 8 9 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 3 0 4711 0 0\n"
	for name, text := range map[string]string{"sh": "12 (sh)" + rest, "": "12 ()" + rest, "a) Z 1 (b": "12 (a) Z 1 (b)" + rest, "x\ny": "12 (x\ny)" + rest} {
		s, ok := parseStat([]byte(text))
		want := stat{id: events.ProcessID{PID: 12, Start: 4711}, name: name, state: 'S', parent: 7, session: 9, threads: 3}
		if !ok || s != want {
			t.Errorf("%q: %+v, %v", text, s, ok)
		}
	}
	for _, text := range []string{"", "12", "12 (x", "12 (x) S 1", "x (y)" + rest, ") (", "12 (x) SS 7 8 9 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 3 0 4711 0 0"} {
		if s, ok := parseStat([]byte(text)); ok {
			t.Errorf("%q: %+v", text, s)
		}
	}
}

func TestAlive(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	id, err := identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		id   events.ProcessID
		want bool
	}{{id, true}, {events.ProcessID{PID: id.PID, Start: id.Start - 1}, false}, {events.ProcessID{}, false}, {events.ProcessID{PID: -1}, false}} {
		if got, err := alive(c.id); err != nil || got != c.want {
			t.Errorf("%+v: %v, %v", c.id, got, err)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	waitGone(t.Context(), id, time.Minute)
	if time.Since(begin) > 30*time.Second {
		t.Error("the end was not noticed")
	}
	// It is not reaped yet, and counts as gone.
	if s, err := readStat(id.PID); err != nil || !s.gone() {
		t.Errorf("%+v, %v", s, err)
	}
	if got, err := alive(id); err != nil || got {
		t.Errorf("a zombie: %v, %v", got, err)
	}
	_ = cmd.Wait()
	if got, err := alive(id); err != nil || got {
		t.Errorf("reaped: %v, %v", got, err)
	}
	if _, err := bootID(); err != nil {
		t.Error(err)
	}
	if members, err := group(events.ProcessID{PID: os.Getpid(), Start: 1}); err != nil || len(members) != 0 {
		t.Errorf("a reused pid's session: %+v, %v", members, err)
	}
}
