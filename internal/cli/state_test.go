// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quietsetup/quietsetup/store"
)

// state writes a history into a state folder as the daemon does, log.db with
// its first records only: state FOLDER HISTORY RECORDS.
func state(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: state FOLDER HISTORY RECORDS")
	}
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	dir := ts.MkAbs(args[0])
	ts.Check(os.RemoveAll(dir))
	fill(ts, dir, args[1], 1<<30)
	short := dir + ".short"
	ts.Check(os.RemoveAll(short))
	fill(ts, short, args[1], n)
	ts.Check(os.Rename(filepath.Join(short, "log.db"), filepath.Join(dir, "log.db")))
}

// inUse has a state folder open until the script ends, as a daemon has: inuse FOLDER.
func inUse(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: inuse FOLDER")
	}
	s, _, err := store.Open(store.Options{Dir: ts.MkAbs(args[0])})
	ts.Check(err)
	ts.Defer(func() { _ = s.Close() })
}

func fill(ts *testscript.TestScript, dir, history string, n int) {
	s, _, err := store.Open(store.Options{Dir: dir})
	ts.Check(err)
	for l, err := range store.ReadLog(history) {
		ts.Check(err)
		if l.Number > n {
			break
		}
		ts.Check(s.Append(&l.Record))
	}
	ts.Check(s.Close())
}

// TestVerifyInUse: what a running daemon holds open cannot be verified, which is
// no damage: the journal is, and a warning says so.
func TestVerifyInUse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s, _, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for l, err := range store.ReadLog("../replay/testdata/histories/ok/nothing_runs.ndjson") {
		if err != nil || s.Append(&l.Record) != nil {
			t.Fatal("cannot write the log", err)
		}
	}
	var said bytes.Buffer
	o := Outside{In: os.Stdin, Out: io.Discard, Err: &said, Getenv: func(string) string { return "" }}
	if code := Run(t.Context(), o, []string{"replay", "--verify", dir}); code != exitOK || !strings.Contains(said.String(), "log.db is in use") {
		t.Errorf("exit %d, %q", code, &said)
	}
	if code := Run(t.Context(), o, []string{"replay", "--verify", filepath.Join(dir, "journal")}); code != exitOK {
		t.Errorf("the journal alone: exit %d, %q", code, &said)
	}
}

// TestReadingEnds: an interrupt ends the reading of a log.
func TestReadingEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	file := "../replay/testdata/histories/ok/nothing_runs.ndjson"
	for _, args := range [][]string{{"replay", "--verify", file}, {"replay", file}, {"--file", file, "status"}} {
		o := Outside{In: os.Stdin, Out: io.Discard, Err: io.Discard, Getenv: func(string) string { return "" }}
		if code := Run(ctx, o, args); code != exitFailed {
			t.Errorf("%v: exit %d", args, code)
		}
	}
}
