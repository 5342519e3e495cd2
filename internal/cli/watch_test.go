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

// interrupts is a person who has seen enough with the first line.
type interrupts struct{ cancel context.CancelFunc }

func (i interrupts) Write(b []byte) (int, error) {
	i.cancel()
	return len(b), nil
}
