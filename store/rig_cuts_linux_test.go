// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/internal/crashdisk"
	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/rig"
)

// cutsPerStore is how many power cuts a store lives through before a new one begins.
const cutsPerStore = 25

// cutErrand appends without end.
func cutErrand() errand { return errand{Every: 8, Pad: 900} }

// survivor is what must be left of the store of a cutErrand.
func survivor(t testing.TB, e errand) *recorded {
	t.Helper()
	return &recorded{name: "power cut", expected: expected{Errand: e, First: 1, Sums: sums(t, e.lines(t, 4000)), Twins: true}}
}

// TestRigPowerCuts lets a process append to a store on a disk in memory, cuts the
// power, and starts on what is left. QUIETSETUP_SEED is the seed of the cuts.
func TestRigPowerCuts(t *testing.T) {
	n, seed := rig.Count(t, rig.PowerCuts, 10), seedOf(t, 1)
	r := survivor(t, cutErrand())
	began := time.Now()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		sum   cutTally
		turns atomic.Int64
	)
	for range 2 {
		c := &checker{t: t, dir: filepath.Join(fast(t), "disk"), probes: server{kind: "probes"}}
		wg.Go(func() {
			defer func() { _ = c.probes.end() }()
			for {
				first := int(turns.Add(1)-1) * cutsPerStore
				if first >= n {
					return
				}
				got := cutStore(t, c, r, min(cutsPerStore, n-first), seed+uint64(first))
				mu.Lock()
				sum.add(got)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Logf("%d cuts, %d records acknowledged, %d operations dropped, %d kept, %.0f/min", sum.cuts, sum.acked, sum.dropped, sum.kept,
		float64(sum.cuts)/time.Since(began).Minutes())
	for _, f := range sum.faults {
		t.Errorf("%s\nrepeat: QUIETSETUP_SEED=%d go test -run TestRigPowerCuts ./store", f, seed)
	}
	rig.Report(t, rig.PowerCuts, sum.cuts, len(sum.faults))
}

// cutTally is what power cuts have shown.
type cutTally struct {
	cuts, acked, dropped, kept int
	faults                     []string
}

func (s *cutTally) add(o cutTally) {
	s.cuts, s.acked, s.dropped, s.kept = s.cuts+o.cuts, s.acked+o.acked, s.dropped+o.dropped, s.kept+o.kept
	s.faults = append(s.faults, o.faults...)
}

// cutStore lets one store live through n power cuts.
func cutStore(t testing.TB, c *checker, r *recorded, n int, seed uint64) (sum cutTally) {
	tree, own := crashdisk.NewTree(), *r
	r = &own
	for i := range n {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		before := sum.acked
		next, fault := cutOnce(t, r.Errand, tree, 1+rng.IntN(250), &sum, rng)
		if fault == "" {
			_, fault = c.check(r, crashdisk.State{Tree: next, Word: strconv.Itoa(sum.acked)})
		}
		sum.cuts++
		if fault != "" {
			dir, err := keepState("", kept{r.expected, strconv.Itoa(sum.acked), false}, next)
			sum.faults = append(sum.faults, fmt.Sprintf("seed %d, cut %d, %d records before: %s (%s, %v)", seed, i, before, fault, dir, err))
			return sum // what follows would be no news
		}
		tree, r.Lost = next, c.told // what was feared is told until somebody records it
	}
	return sum
}

// cutOnce mounts a tree, lets the errand run on it until the power is cut before
// an operation, and returns what is left.
func cutOnce(t testing.TB, e errand, tree crashdisk.Tree, at int, sum *cutTally, rng *rand.Rand) (crashdisk.Tree, string) {
	dark, once := make(chan struct{}), sync.Once{}
	dir, m := mountDisk(t, tree, func(n int, _ crashdisk.Op) syscall.Errno {
		if n < at {
			return 0
		}
		once.Do(func() { close(dark) })
		return syscall.EIO
	})
	defer unmountDisk(t, dir, m)
	e.Dir, e.Marks = filepath.Join(dir, stateDir), dir
	cmd := e.command(t)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return tree, err.Error()
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-dark:
		_ = cmd.Process.Kill()
		<-ended
	case err := <-ended:
		select {
		case <-dark:
		default:
			return tree, fmt.Sprintf("the process ended before the power did: %v: %s", err, said.String())
		}
	case <-time.After(time.Minute):
		_ = cmd.Process.Kill()
		<-ended
		return tree, "the process hangs"
	}
	for _, o := range m.Run() {
		if o.Kind == crashdisk.Mark {
			n, err := strconv.Atoi(o.Word)
			if err != nil {
				t.Error(err)
			}
			sum.acked = max(sum.acked, n)
		}
	}
	left, pending, keep := m.Cut(rng)
	sum.dropped, sum.kept = sum.dropped+pending-keep, sum.kept+keep
	return left, ""
}

// shutdown is the ioctl with which ext4 stops as in a power cut: at once, without
// writing what its journal holds in memory.
const (
	shutdown           = 0x8004587d
	shutdownNoLogFlush = 2
)

// TestRigPowerCutsExt4 does the same on a real file system in an image.
func TestRigPowerCutsExt4(t *testing.T) {
	needs.Root(t)
	needs.Tool(t, "mkfs.ext4", "mount", "umount")
	n := rig.Count(t, rig.PowerCutsExt4, 2)
	dir := fast(t)
	image, at := filepath.Join(dir, "image"), filepath.Join(dir, "mnt")
	if err := errors.Join(os.WriteFile(image, nil, 0o600), os.Truncate(image, 64<<20), os.Mkdir(at, 0o700)); err != nil {
		t.Fatal(err)
	}
	tool := func(name string, args ...string) error {
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
		}
		return nil
	}
	if err := tool("mkfs.ext4", "-q", "-F", image); err != nil {
		t.Fatal(err)
	}
	mounted := false
	t.Cleanup(func() {
		if mounted {
			_ = tool("umount", at)
		}
	})
	r := survivor(t, cutErrand())
	c := &checker{t: t, dir: filepath.Join(fast(t), "disk"), probes: server{kind: "probes"}}
	defer func() { _ = c.probes.end() }()
	seed := seedOf(t, 1)
	began := time.Now()
	var sum cutTally
	for cut := false; len(sum.faults) == 0; cut = true {
		if err := tool("mount", "-o", "loop", image, at); err != nil {
			if !cut {
				needs.Missing(t, fmt.Sprint("needs loop devices and ext4: ", err))
			}
			t.Fatal(err)
		}
		mounted = true
		if cut {
			tree, err := crashdisk.Load(at)
			if err != nil {
				t.Fatal(err)
			}
			if _, fault := c.check(r, crashdisk.State{Tree: tree, Word: strconv.Itoa(sum.acked)}); fault != "" {
				kept, err := keepState("", kept{r.expected, strconv.Itoa(sum.acked), false}, tree)
				sum.faults = append(sum.faults, fmt.Sprintf("cut %d: %s (%s, %v)", sum.cuts, fault, kept, err))
				break
			}
			if sum.cuts++; sum.cuts == n { // only what was looked at afterwards counts
				break
			}
		}
		rng := rand.New(rand.NewPCG(seed, uint64(sum.cuts)))
		if err := cutExt4(t, at, r.Errand, rng, &sum); err != nil {
			t.Fatal(err)
		}
		if err := tool("umount", at); err != nil {
			t.Fatal(err)
		}
		mounted = false
	}
	t.Logf("%d cuts, %d records acknowledged, %.0f/min", sum.cuts, sum.acked, float64(sum.cuts)/time.Since(began).Minutes())
	for _, f := range sum.faults {
		t.Error(f)
	}
	rig.Report(t, rig.PowerCutsExt4, sum.cuts, len(sum.faults))
}

// cutExt4 lets the errand run on a mounted file system and shuts that down.
func cutExt4(t testing.TB, at string, e errand, rng *rand.Rand, sum *cutTally) error {
	e.Dir = filepath.Join(at, stateDir)
	cmd := e.command(t)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return err
	}
	more := rng.IntN(60) // records; the first cuts hit the creation
	if sum.cuts%10 == 0 {
		more = 0
	}
	dark := func() error {
		f, err := os.Open(at)
		if err != nil {
			return err
		}
		defer f.Close()
		return unix.IoctlSetPointerInt(int(f.Fd()), shutdown, shutdownNoLogFlush)
	}
	fell := false
	if more == 0 {
		time.Sleep(time.Duration(rng.IntN(12)) * time.Millisecond)
		err, fell = dark(), true
	}
	for r := bufio.NewScanner(out); r.Scan(); {
		n, nerr := strconv.Atoi(r.Text())
		if nerr != nil {
			err = errors.Join(err, nerr)
			break
		}
		sum.acked = max(sum.acked, n)
		if more--; more <= 0 && !fell {
			err, fell = dark(), true
		}
	}
	if !fell {
		err = errors.Join(err, fmt.Errorf("the process ended before the power did: %s", said.String()), dark())
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it ends by the cut or the kill, never well
	return err
}
