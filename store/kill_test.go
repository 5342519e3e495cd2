// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// TestKill kills a process that appends, again and again, and looks whether
// everything it said was durable is there.
func TestKill(t *testing.T) {
	const kills = 50
	dir := newDir(t)
	rng := rand.New(rand.NewPCG(20261122, 5))
	acked, unanswered, checkpoints := uint64(0), 0, 0
	for i := range kills {
		cmd := exec.Command(os.Args[0], dir)
		cmd.Env = append(os.Environ(), childEnv+"=append")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		first := make(chan bool, 1)
		done := make(chan uint64, 1)
		go func() {
			last := uint64(0)
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if n, err := strconv.ParseUint(lines.Text(), 10, 64); err == nil {
					last = n
				}
				select {
				case first <- true:
				default:
				}
			}
			done <- last
		}()
		if i%5 > 0 { // every fifth is hit while it starts
			select {
			case <-first:
			case <-time.After(20 * time.Second):
				t.Fatal("the child does not append")
			}
		}
		time.Sleep(time.Duration(rng.IntN(20000)) * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		acked = max(acked, <-done)
		_ = cmd.Wait() // it was killed
		if i%10 < 9 && i < kills-1 {
			continue // most of the time it is the next child that finds what is left
		}
		s, f := mustOpen(t, Options{Dir: dir, SegmentBytes: 6000})
		if f.Lost != nil || f.Fork != nil {
			t.Fatalf("kill %d: %+v", i, f)
		}
		seq, _ := s.Last()
		if seq < acked {
			t.Fatalf("kill %d: %d records after %d acknowledged", i, seq, acked)
		}
		if seq > acked {
			unanswered++
		}
		var n uint64
		var sum string
		checkpoints = 0
		for r, err := range s.Records(1) {
			if err == nil {
				err = r.Follows(n, sum)
			}
			if err != nil {
				t.Fatalf("kill %d: %v", i, err)
			}
			if beginsSegment(r) {
				checkpoints++
			}
			n, sum = r.Seq, r.Sum
		}
		if n != seq {
			t.Fatalf("kill %d: read %d of %d records", i, n, seq)
		}
		all := storetest.Lines(t, s.Records(1))
		drop(t, s)
		twinsEqual(t, dir, all)
	}
	t.Logf("%d kills, %d acknowledged records, %d checkpoints, %d times one more than answered, 0 lost", kills, acked, checkpoints, unanswered)
}
