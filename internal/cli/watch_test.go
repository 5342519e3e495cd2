// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
)

// TestWatchOnATerminal: the last line is drawn anew and never wider than the
// terminal, and what happened stays above it.
func TestWatchOnATerminal(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // the daemon is played behind a unix socket
	}
	state := t.TempDir()
	history, err := filepath.Abs("../replay/testdata/histories/ok/later_then_closed.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	end, err := play(state, history, 3, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	const width = 30
	var out, said bytes.Buffer
	o := Outside{In: os.Stdin, Out: &out, Err: &said, Terminal: true, Width: width, Getenv: func(string) string { return "" }}
	if code := Run(t.Context(), o, []string{"--state-dir", state, "--utc", "--lang", "en", "watch", "editor"}); code != exitDeferred || said.Len() > 0 {
		t.Fatalf("exit %d, %q", code, &said)
	}
	drawn := strings.Split(out.String(), "\r\x1b[K")
	for _, d := range drawn {
		if !strings.HasSuffix(d, "\n") && text.StringWidth(d) >= width {
			t.Errorf("%q is wider than the terminal", d)
		}
	}
	for _, want := range []string{"editor: looking for open pro…", "session c-user answered: later", "editor: put off, somebody chose later, until 2026-03-03 08:00:17\n"} {
		if !strings.Contains(strings.ReplaceAll(out.String(), "\n    ", " "), want) { // long lines go on below
			t.Errorf("%q does not say %q", &out, want)
		}
	}
	if len(drawn) < 6 || strings.Contains(drawn[len(drawn)-1], "\x1b") {
		t.Errorf("drawn %d times: %q", len(drawn), &out)
	}
}

// TestWatchIsInterrupted: the run goes on, and the exit code says so.
func TestWatchIsInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // the daemon is played behind a unix socket
	}
	state := t.TempDir()
	history, err := filepath.Abs("../replay/testdata/histories/ok/power_lost.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	end, err := play(state, history, 3, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	ctx, cancel := context.WithCancel(t.Context())
	out := interrupts{cancel}
	o := Outside{In: os.Stdin, Out: out, Err: out, Getenv: func(string) string { return "" }}
	if code := Run(ctx, o, []string{"--state-dir", state, "watch", "editor"}); code != exitWaitOver {
		t.Errorf("exit %d", code)
	}
}

// TestFollowFromTheLast: -n with -f shows the last records once and goes on from there.
func TestFollowFromTheLast(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // the daemon is played behind a unix socket
	}
	state := t.TempDir()
	history, err := filepath.Abs("../replay/testdata/histories/ok/later_then_closed.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	end, err := play(state, history, 3, 19)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &until{lines: 2, cancel: cancel}
	o := Outside{In: os.Stdin, Out: out, Err: out, Getenv: func(string) string { return "" }}
	code := Run(ctx, o, []string{"--state-dir", state, "--json", "events", "editor", "-n", "2", "-f"})
	if got := out.String(); code != exitOK || strings.Count(got, "\n") != 2 || !strings.Contains(got, `"seq":18,`) || !strings.Contains(got, `"seq":19,`) {
		t.Errorf("exit %d, %s", code, got)
	}
}

// until ends the following after some lines.
type until struct {
	bytes.Buffer
	lines  int
	cancel context.CancelFunc
}

func (u *until) Write(b []byte) (int, error) {
	n, err := u.Buffer.Write(b)
	if strings.Count(u.String(), "\n") >= u.lines {
		u.cancel()
	}
	return n, err
}

// TestDumbTerminal is not drawn on.
func TestDumbTerminal(t *testing.T) {
	var out bytes.Buffer
	o := Outside{In: os.Stdin, Out: &out, Err: &out, Terminal: true, Width: 80, Getenv: func(key string) string { return map[string]string{"TERM": "dumb"}[key] }}
	if code := Run(t.Context(), o, []string{"--file", "../replay/testdata/histories/ok/installer_fails.ndjson", "show"}); code != exitOK || strings.Contains(out.String(), "\x1b") {
		t.Errorf("exit %d, %q", code, &out)
	}
}

// interrupts is a person who has seen enough with the first line.
type interrupts struct{ cancel context.CancelFunc }

func (i interrupts) Write(b []byte) (int, error) {
	i.cancel()
	return len(b), nil
}
