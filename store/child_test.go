// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/store/storetest"
)

// errand is what a child process does with a store: a process of its own, so that
// it can be killed, and so that the one that serves its disk does not map the files.
type errand struct {
	Dir     string // the state directory
	Marks   string // the mounted disk that is told what was acknowledged, "" = standard output is
	UpTo    []int  // each start appends up to this record; none = one start, until something stops it
	Every   int    // each such record is a checkpoint
	Pad     int    // most bytes of text a record carries
	Killed  bool   // a start ends without Close
	FailAt  int    // this call of the first start fails once, and the store recovers
	Patient bool   // what fails for want of space is tried again; "full" is said on standard output, see sayFull
	Bug     string // planted
	Mistake string // another, in what a start believes to have seen
}

// next is the record that follows in every errand: what stands at a number is
// known without asking.
func (e errand) next(seq uint64, prev string) events.Record {
	if e.Every > 0 && seq%uint64(e.Every) == 0 {
		return storetest.Checkpoint(seq, prev)
	}
	pad := 0
	if e.Pad > 0 {
		pad = int(seq*7919) % e.Pad
	}
	return storetest.Record(seq, prev, pad)
}

// lines are what n records of the errand look like.
func (e errand) lines(t testing.TB, n int) []string {
	t.Helper()
	m := NewMemory(MemoryOptions{})
	var out []string
	for seq := range uint64(n) {
		_, sum := m.Last()
		out = append(out, storetest.Put(t, m, e.next(seq+1, sum)))
	}
	return out
}

// command makes the process that runs an errand.
func (e errand) command(t testing.TB) *exec.Cmd {
	t.Helper()
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], string(b))
	cmd.Env = append(os.Environ(), childEnv+"=work", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// work is the child's side of an errand.
func work(text string) error {
	var e errand
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return err
	}
	upTo := e.UpTo
	if len(upTo) == 0 {
		upTo = []int{1 << 40}
	}
	for i, n := range upTo {
		bug := bugs()[e.Bug]
		calls := 0
		seam := func(c Call) error {
			if calls++; i == 0 && calls == e.FailAt {
				return syscall.EIO
			}
			return bug.seam(c)
		}
		opt := Options{Dir: e.Dir, Seam: seam, Probe: patientProbe, seen: mistakes()[e.Mistake]}
		var s *Store
		err := e.patiently(func() (err error) { s, _, err = Open(opt); return err })
		if err != nil {
			return err
		}
		if err := e.mark(s); err != nil {
			return err
		}
		for {
			seq, sum := s.Last()
			if seq >= uint64(n) {
				break
			}
			r := e.next(seq+1, sum)
			bug.before(s)
			err := s.Append(&r)
			if errors.Is(err, ErrOutcomeUnknown) && (e.FailAt > 0 || e.Patient && full(err)) {
				if e.Patient {
					sayFull()
				}
				err = e.patiently(func() error { _, err := s.Recover(); return err })
				if now, _ := s.Last(); err == nil && now < seq {
					err = fmt.Errorf("recovered %d of %d records", now, seq)
				}
			}
			if err != nil {
				return err
			}
			if err := e.mark(s); err != nil {
				return err
			}
		}
		if e.Killed {
			s.closed = true
			err = s.release()
		} else if err = s.Close(); e.Patient && full(err) {
			err = nil // it was not closed in order, that is all
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// full reports whether an error is a want of space.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EFBIG) }

// patiently tries again while there is no space.
func (e errand) patiently(f func() error) error {
	err := f()
	for n := 0; e.Patient && full(err) && n < 3000; n++ {
		if n == 0 {
			sayFull()
		}
		time.Sleep(time.Millisecond)
		err = f()
	}
	return err
}

// sayFull says that there is no space and waits until somebody has looked at the
// disk, so that what is looked at is the disk of the last mark. With nobody there
// it goes on.
func sayFull() {
	fmt.Println("full")
	_, _ = os.Stdin.Read(make([]byte, 1))
}

// mark says how many records are acknowledged.
func (e errand) mark(s *Store) error {
	seq, _ := s.Last()
	if e.Marks == "" {
		_, err := fmt.Println(seq)
		return err
	}
	return acknowledge(e.Marks, seq)
}

// probeEach answers for each path it reads whether the file can be trusted: the
// child probe without the time a process needs to begin.
func probeEach(in io.Reader, out io.Writer) {
	for r := bufio.NewScanner(in); r.Scan(); {
		said := "ok"
		if err := ProbeFile(r.Text()); err != nil {
			said = strings.ReplaceAll(err.Error(), "\n", " ")
		}
		if _, err := fmt.Fprintln(out, said); err != nil {
			return
		}
	}
}

// server is a child that answers a line with a line until it dies of one.
type server struct {
	kind string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// ask returns the answer to a line. When the child ends instead, or ctx does, the
// child is gone and the next call begins another.
func (s *server) ask(ctx context.Context, line string) (string, error) {
	if s.cmd == nil {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+s.kind, "GORACE=atexit_sleep_ms=0")
		in, err := cmd.StdinPipe()
		if err != nil {
			return "", err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return "", err
		}
		if err := cmd.Start(); err != nil {
			return "", err
		}
		s.cmd, s.in, s.out = cmd, in, bufio.NewReaderSize(out, 1<<16)
	}
	stop := context.AfterFunc(ctx, func() { _ = s.cmd.Process.Kill() })
	if _, err := fmt.Fprintln(s.in, line); err != nil {
		stop()
		return "", errors.Join(err, s.end())
	}
	said, err := s.out.ReadString('\n')
	if stop(); err != nil {
		err = errors.Join(fmt.Errorf("the child ended: %w", err), s.end(), ctx.Err())
	}
	return strings.TrimSuffix(said, "\n"), err
}

// end stops the child and says how it ended.
func (s *server) end() error {
	if s.cmd == nil {
		return nil
	}
	cmd := s.cmd
	s.cmd = nil
	_ = s.in.Close()
	return cmd.Wait()
}

// probe is a Probe through a server.
func (s *server) probe(ctx context.Context, path string) error {
	said, err := s.ask(ctx, path)
	if err == nil && said != "ok" {
		err = errors.New(said)
	}
	return err
}

// fast is a directory that holds nothing yet, in memory if there is such a thing.
func fast(t testing.TB) string {
	t.Helper()
	dir := newDir(t)
	if err := os.MkdirAll(dir, dirMode); err != nil {
		t.Fatal(err)
	}
	return dir
}

// sums are the sums of lines, by which a chain is known.
func sums(t testing.TB, lines []string) []string {
	t.Helper()
	var out []string
	for _, line := range lines {
		r, err := events.DecodeRecord([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Sum)
	}
	return out
}

// emptied removes one twin from a state directory.
func emptied(dir, twin string) error {
	return errors.Join(os.RemoveAll(filepath.Join(dir, twin)), os.RemoveAll(filepath.Join(dir, fileClean)))
}

// seedOf is QUIETSETUP_SEED, or the seed of every ordinary run.
func seedOf(t testing.TB, usual uint64) uint64 {
	t.Helper()
	text := os.Getenv("QUIETSETUP_SEED")
	if text == "" {
		return usual
	}
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	if err != nil {
		t.Fatalf("QUIETSETUP_SEED is %q, not a whole number", text)
	}
	return n
}
