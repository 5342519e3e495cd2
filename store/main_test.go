// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// The test program is also the child processes the tests need.
const childEnv = "QUIETSETUP_STORE_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "probe":
		if err := ProbeFile(os.Args[1]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	case "append":
		if err := appendForEver(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "work":
		if err := work(os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case "probes":
		probeEach(os.Stdin, os.Stdout)
		os.Exit(0)
	case "starts":
		startEach(os.Stdin, os.Stdout)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// appendForEver appends records and says each number once it is durable.
func appendForEver(dir string) error {
	s, _, err := Open(Options{Dir: dir, SegmentBytes: 6000})
	if err != nil {
		return err
	}
	w := bufio.NewWriter(os.Stdout)
	for {
		seq, sum := s.Last()
		r := storetest.Record(seq+1, sum, 40)
		if s.WantsCheckpoint() {
			r = storetest.Checkpoint(seq+1, sum)
		}
		if err := s.Append(&r); err != nil {
			return err
		}
		fmt.Fprintln(w, r.Seq)
		if err := w.Flush(); err != nil {
			return err
		}
	}
}

// childProbe runs the probe as the daemon does, in a process that may die.
func childProbe(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second) // some damage makes bbolt run for ever
	defer cancel()
	return patientProbe(ctx, path)
}

func patientProbe(ctx context.Context, path string) error {
	cmd := exec.CommandContext(ctx, os.Args[0], path)
	cmd.Env = append(os.Environ(), childEnv+"=probe", "GORACE=atexit_sleep_ms=0") // the race detector waits a second by default
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %.300s", err, out)
	}
	return nil
}

// newDir names a state directory that is not there yet, in memory where the
// system offers that: what is tested here does not depend on how slow a disk is.
func newDir(t testing.TB) string {
	t.Helper()
	shm := "/dev/shm"
	if runtime.GOOS == "windows" {
		shm = `T:\` // of internal/wine/testexec
	}
	if info, err := os.Stat(shm); err == nil && info.IsDir() {
		if dir, err := os.MkdirTemp(shm, "store-test-"); err == nil {
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			return filepath.Join(dir, "state")
		}
	}
	return filepath.Join(t.TempDir(), "state")
}

func mustOpen(t testing.TB, opt Options) (*Store, Findings) {
	t.Helper()
	s, f, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.release() })
	return s, f
}

func mustClose(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// drop ends a store as a killed process would.
func drop(t testing.TB, s *Store) {
	t.Helper()
	s.closed = true
	if err := s.release(); err != nil {
		t.Fatal(err)
	}
}

// twinsEqual fails unless both twins hold the same lines, and these end in want.
func twinsEqual(t testing.TB, dir string, want []string) {
	t.Helper()
	var jrnl, db []string
	firsts, err := listSegments(filepath.Join(dir, dirJournal))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range firsts {
		jrnl = append(jrnl, rawLines(t, filepath.Join(dir, dirJournal, segmentName(n)))...)
	}
	db = rawLines(t, filepath.Join(dir, nameDB))
	if len(jrnl) > len(want) {
		t.Fatalf("the journal holds %d records, want at most %d", len(jrnl), len(want))
	}
	storetest.Equal(t, "journal", jrnl, want[len(want)-len(jrnl):])
	storetest.Equal(t, "log.db", db, want[len(want)-len(db):])
	if len(want) > 0 && (len(db) == 0 || len(jrnl) == 0) {
		t.Fatal("a twin is empty")
	}
}

func rawLines(t testing.TB, path string) []string {
	t.Helper()
	var out []string
	for l, err := range ReadLog(path) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(l.Raw))
	}
	return out
}

// copyDir copies a state directory.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := newDir(t)
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	err := filepath.Walk(to, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		if info.IsDir() {
			return os.Chmod(path, dirMode)
		}
		return os.Chmod(path, fileMode)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// passProbe stands for a probe that found nothing, where log.db is known to be sound.
func passProbe(context.Context, string) error { return nil }

// passOrFail is a quick probe for files that are sound or plainly no database.
func passOrFail(_ context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if !isBolt(f) {
		return ErrDamaged
	}
	return nil
}
