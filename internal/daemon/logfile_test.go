// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/store"
)

func (l *logFile) mustWrite(t *testing.T, line string) {
	t.Helper()
	if n, err := l.Write([]byte(line)); n != len(line) || err != nil {
		t.Fatalf("a line of %d bytes is written: %d, %v", len(line), n, err)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLogFileWaitsForItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	l := newLogFile(dir)
	defer l.Close()
	l.mustWrite(t, "early\n")
	l.mustWrite(t, strings.Repeat("x", maxEarly)+"\n") // not even a folder may take all the memory
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l.mustWrite(t, "late\n")
	if got := text(t, filepath.Join(dir, logName)); got != "early\nlate\n" {
		t.Errorf("the log is %.100q", got)
	}
	info, err := os.Stat(filepath.Join(dir, logName))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 { // there the folder's list holds
		t.Errorf("the log can be read by others: %v, %v", info.Mode(), err)
	}
}

// A folder that others can write to may lead anywhere: nothing is written there,
// neither a line nor a crash.
func TestNothingIsWrittenIntoAFolderOfOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // there its access list is asked: store TestFolderOfOthersAbove
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	l := newLogFile(dir)
	defer l.Close()
	l.mustWrite(t, "line\n")
	if last, err := keepCrash(dir); last != "" || !errors.Is(err, store.ErrUnsafe) {
		t.Errorf("a crash: %q, %v", last, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v was written, %v", entries, err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l.mustWrite(t, "and another\n")
	if got := text(t, filepath.Join(dir, logName)); got != "line\nand another\n" {
		t.Errorf("the log is %q", got)
	}
}

func TestLogFileTurns(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, logName)
	if err := os.WriteFile(path, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := newLogFile(dir)
	l.most = 30
	defer l.Close()
	for _, line := range []string{"one\n", "two, which is longer\n", "three\n", strings.Repeat("four", 20) + "\n", "five\n"} {
		l.mustWrite(t, line)
	}
	if got := text(t, path); got != "five\n" {
		t.Errorf("the log is %q", got)
	}
	if got := text(t, filepath.Join(dir, olderLog)); got != strings.Repeat("four", 20)+"\n" {
		t.Errorf("the older part is %q", got)
	}
}

// A place for the older part that cannot be taken keeps nothing from the log.
func TestLogFileThatCannotTurnGoesOn(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, olderLog, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	l := newLogFile(dir)
	l.most = 10
	defer l.Close()
	for range 5 {
		l.mustWrite(t, "12345678\n")
	}
	if got := text(t, filepath.Join(dir, logName)); got != strings.Repeat("12345678\n", 5) {
		t.Errorf("the log is %q", got)
	}
}
