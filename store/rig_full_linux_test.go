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
	"syscall"
	"testing"

	"github.com/quietsetup/quietsetup/internal/crashdisk"
	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/rig"
)

// fullErrand is a run with archiving and an orderly restart that waits for space.
func fullErrand() errand { return errand{UpTo: []int{14, 19}, Every: 6, Pad: 600, Patient: true} }

// needsSpace reports whether an operation is one that a full disk refuses.
func needsSpace(o crashdisk.Op) bool {
	switch o.Kind {
	case crashdisk.Create, crashdisk.Mkdir, crashdisk.Link, crashdisk.Write:
		return true
	}
	return o.Kind == crashdisk.Truncate && o.Size > 0
}

// TestRigDiskFull lets the disk be full from every operation that needs space on,
// for a while, and then from every size of a small file system on.
func TestRigDiskFull(t *testing.T) {
	n := rig.Count(t, rig.DiskFull, 8)
	r := survivor(t, fullErrand())
	c := &checker{t: t, dir: filepath.Join(fast(t), "disk"), probes: server{kind: "probes"}}
	defer func() { _ = c.probes.end() }()
	positions := 0
	if _, fault := fillDisk(t, c, r, 1<<30, 0, &positions); fault != "" {
		t.Fatalf("on an empty disk: %s", fault)
	}
	total, tried, hit := positions, 0, 0
	var faults []string
	step := max(1, float64(total)/float64(n)) // every operation in a full run: there are more than its target
	if rig.Full() {
		step = 1
	}
	for at := 1.0; int(at) <= total; at += step {
		tried++
		was, fault := fillDisk(t, c, r, int(at), 1+rand.New(rand.NewPCG(uint64(at), 1)).IntN(12), &positions)
		if was {
			hit++
		}
		if fault != "" {
			faults = append(faults, fmt.Sprintf("full from operation %d on: %s", int(at), fault))
		}
	}
	for kb := 36; kb <= 132; kb += 4 {
		if !rig.Full() && kb%48 != 0 {
			continue
		}
		tried++
		was, fault := fillTmpfs(t, c, r, kb)
		if was {
			hit++
		}
		if fault != "" {
			faults = append(faults, fmt.Sprintf("a file system of %d KB: %s", kb, fault))
		}
	}
	t.Logf("%d operations need space; %d limits, %d were felt", total, tried, hit)
	for _, f := range faults {
		t.Errorf("%s\nrepeat: QUIETSETUP_RIGS=1 go test -run TestRigDiskFull ./store", f)
	}
	rig.Report(t, rig.DiskFull, hit, len(faults)) // one that nobody met has tried nothing
}

// fillDisk lets the at-th operation that needs space fail, and the next ones, so
// many in all. It counts them in positions.
func fillDisk(t *testing.T, c *checker, r *recorded, at, refusals int, positions *int) (felt bool, fault string) {
	n, refused, first := 0, 0, 0
	acked, ackedThen := "0", "0"
	dir, m := mountDisk(t, crashdisk.NewTree(), func(op int, o crashdisk.Op) syscall.Errno {
		if o.Kind == crashdisk.Mark {
			acked = o.Word
		}
		if !needsSpace(o) {
			return 0
		}
		if n++; n < at || refused >= refusals {
			return 0
		}
		if refused++; refused == 1 {
			first, ackedThen = op, acked
		}
		return syscall.ENOSPC
	})
	defer unmountDisk(t, dir, m)
	e := r.Errand
	e.Dir, e.Marks = filepath.Join(dir, stateDir), dir
	out, err := e.command(t).CombinedOutput()
	live := m.Live() // it takes the lock under which the numbers above were counted
	*positions, felt = n, refused > 0
	if err != nil {
		return felt, fmt.Sprintf("%v: %s", err, out)
	}
	if last := r.Errand.UpTo[1]; acked != strconv.Itoa(last) {
		return felt, fmt.Sprintf("%s records were acknowledged and not %d", acked, last)
	}
	states := []crashdisk.State{{Tree: live, Word: acked}}
	if felt { // killed while it is full
		states = append(states, crashdisk.State{Tree: crashdisk.After(crashdisk.NewTree(), m.Run()[:first-1]), Word: ackedThen})
	}
	for _, s := range states {
		if _, fault := c.check(r, s); fault != "" {
			return felt, fault
		}
	}
	return felt, ""
}

// fillTmpfs runs the errand on a small file system, which grows when it is full.
func fillTmpfs(t *testing.T, c *checker, r *recorded, kb int) (felt bool, fault string) {
	needs.Root(t)
	needs.Tool(t, "mount", "umount")
	at := fast(t)
	tool := func(name string, args ...string) error {
		out, err := exec.Command(name, args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
		}
		return nil
	}
	if err := tool("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dk,mode=700", kb), "quietsetup-test", at); err != nil {
		needs.Missing(t, fmt.Sprint("needs tmpfs: ", err))
	}
	defer func() {
		if err := tool("umount", at); err != nil {
			t.Error(err)
		}
	}()
	e := r.Errand
	e.Dir = filepath.Join(at, stateDir)
	cmd := e.command(t)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	goOn, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acked := "0"
	for s := bufio.NewScanner(out); s.Scan(); {
		if s.Text() != "full" {
			acked = s.Text()
			continue
		}
		// What is there now, with no room left, opens elsewhere.
		if tree, err := crashdisk.Load(at); err != nil && !felt {
			fault = err.Error()
		} else if _, f := c.check(r, crashdisk.State{Tree: tree, Word: acked, Garbled: true}); err == nil && f != "" {
			fault = "while it is full: " + f
		}
		felt = true
		err = errors.Join(err, tool("mount", "-o", fmt.Sprintf("remount,size=%dk", kb+1024), at))
		if _, werr := goOn.Write([]byte{'\n'}); werr != nil {
			err = errors.Join(err, werr)
		}
	}
	if werr := cmd.Wait(); werr != nil || err != nil {
		return felt, fmt.Sprintf("%v %v: %s", werr, err, said.String())
	}
	if last := r.Errand.UpTo[1]; acked != strconv.Itoa(last) {
		return felt, fmt.Sprintf("%s records were acknowledged and not %d", acked, last)
	}
	if _, err := os.Stat(e.Dir); err != nil {
		return felt, err.Error()
	}
	tree, err := crashdisk.Load(at)
	if err != nil {
		return felt, err.Error()
	}
	if _, f := c.check(r, crashdisk.State{Tree: tree, Word: acked}); f != "" && fault == "" {
		fault = f
	}
	return felt, fault
}
