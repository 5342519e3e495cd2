// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/crashdisk"
	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/rig"
)

const stateDir = "state" // on the disks of the rigs

// acknowledge puts a number among what the mounted disk is asked to do.
func acknowledge(mount string, seq uint64) error {
	return syscall.Setxattr(mount, crashdisk.MarkAttr, []byte(strconv.FormatUint(seq, 10)), 0)
}

// mountDisk mounts a disk and returns its directory.
func mountDisk(t testing.TB, tree crashdisk.Tree, refuse func(int, crashdisk.Op) syscall.Errno) (string, *crashdisk.Mounted) {
	t.Helper()
	needs.Root(t)
	dir, err := os.MkdirTemp("", "quietsetup-disk")
	if err != nil {
		t.Fatal(err)
	}
	m, err := crashdisk.Mount(dir, tree, refuse)
	if err != nil {
		_ = os.Remove(dir)
		needs.Missing(t, fmt.Sprint("needs FUSE: ", err))
	}
	return dir, m
}

func unmountDisk(t testing.TB, dir string, m *crashdisk.Mounted) {
	t.Helper()
	if err := errors.Join(m.Unmount(), os.Remove(dir)); err != nil {
		t.Error(err)
	}
}

// tally is what a search through states has found.
type tally struct {
	states, distinct, torn, garbled, feared int
	faults                                  []string
}

// search tries states of recorded runs until so many different ones are done, or
// max faults are found. Their states are kept in a directory; "" is the system's for
// temporary files.
func search(t *testing.T, runs []*recorded, target, max int, seed uint64, seen func(*survey), keep string) tally {
	t.Helper()
	type job struct {
		r *recorded
		s crashdisk.State
	}
	hash := maphash.MakeSeed()
	var (
		mu    sync.Mutex
		sum   tally
		found = map[uint64]int{} // records in a state that was tried
		jobs  = make(chan job, 64)
		stop  atomic.Bool
		wg    sync.WaitGroup
	)
	fault := func(j job, what string) {
		mu.Lock()
		defer mu.Unlock()
		if len(sum.faults) >= max {
			return
		}
		dir, err := keepState(keep, kept{j.r.expected, j.s.Word, j.s.Garbled}, j.s.Tree)
		if err != nil {
			t.Error(err)
		}
		sum.faults = append(sum.faults, fmt.Sprintf("%s: power cut before operation %d of %d (%s), %q acknowledged: %s\nrepeat: QUIETSETUP_STATE=%s go test -run TestRigDiskStates ./store",
			j.r.name, j.s.At, len(j.r.ops), j.s.How, j.s.Word, what, dir))
		stop.Store(len(sum.faults) >= max)
	}
	for range 2 {
		c := &checker{t: t, dir: filepath.Join(fast(t), "disk"), probes: server{kind: "probes"}, seen: seen}
		wg.Go(func() {
			for j := range jobs {
				if stop.Load() {
					continue
				}
				last, what := c.check(j.r, j.s)
				mu.Lock()
				found[j.s.Hash(hash)] = last
				mu.Unlock()
				if what != "" {
					fault(j, what)
				}
			}
			_ = c.probes.end()
			mu.Lock()
			defer mu.Unlock()
			sum.feared += c.fears
		})
	}
	tried := map[uint64]bool{}
	for round := seed; !stop.Load() && sum.distinct < target; round++ {
		before := sum.distinct
		for _, r := range runs {
			for s := range crashdisk.States(r.start, r.ops, round) {
				if stop.Load() || sum.distinct >= target {
					break
				}
				sum.states++
				h := s.Hash(hash)
				if tried[h] {
					mu.Lock()
					n, done := found[h]
					mu.Unlock()
					if done && n < r.acked(s) {
						fault(job{r, s}, fmt.Sprintf("%d records, %d were acknowledged", n, r.acked(s)))
					}
					continue
				}
				tried[h] = true
				sum.distinct++
				if s.Torn {
					sum.torn++
				}
				if s.Garbled {
					sum.garbled++
				}
				jobs <- job{r, s}
			}
		}
		if sum.distinct == before {
			break // there are no more
		}
	}
	close(jobs)
	wg.Wait()
	return sum
}

// TestRigDiskStates rebuilds what a power cut may leave at any moment of real runs,
// and opens it. QUIETSETUP_STATE is a directory that a fault was kept in.
func TestRigDiskStates(t *testing.T) {
	if dir := os.Getenv("QUIETSETUP_STATE"); dir != "" {
		tryKept(t, dir)
		return
	}
	target, seed := rig.Count(t, rig.DiskStates, 600), seedOf(t, 1)
	runs := append(append(lives(t, ""), failures(t)...), mends(t, "")...)
	for _, r := range runs {
		r.record(t)
	}
	began := time.Now()
	sum := search(t, runs, target, 10, seed, nil, "")
	t.Logf("%d states, %d distinct (%d torn, %d with rubbish, %d feared), %.0f/s", sum.states, sum.distinct, sum.torn, sum.garbled, sum.feared,
		float64(sum.distinct)/time.Since(began).Seconds())
	for _, f := range sum.faults {
		t.Error(f)
	}
	rig.Report(t, rig.DiskStates, sum.distinct, len(sum.faults))
}
