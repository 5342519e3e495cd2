// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/rig"
)

// fullCase is one way in which the disk of the state fills up and gets room again.
type fullCase struct {
	disk   string // tmpfs, ext4
	moment string // the event after which it is full; "before start", "first start"
	left   int64  // bytes that are left; eaten: what comes free is eaten at once
	then   string // "room"; "killed": the daemon dies before there is room; "started": and starts on the full disk
}

// eaten: somebody goes on writing for as long as the disk is full.
const eaten = -1

// fullCases is the matrix.
func fullCases() []fullCase {
	moments := append([]string{"before start"}, "accepted", "window_opened", "answered", "close_agreed", "install_cleared",
		"install_begun", "installer_exited", "finished")
	var out []fullCase
	for _, then := range []string{"room", "killed", "started"} {
		for _, moment := range moments {
			out = append(out, fullCase{"tmpfs", moment, 0, then}, fullCase{"tmpfs", moment, 6 << 10, then})
			if then != "killed" {
				out = append(out, fullCase{"ext4", moment, 0, then})
			}
			if then != "room" {
				out = append(out, fullCase{"tmpfs", moment, eaten, then})
			}
		}
	}
	// The first start makes everything, and each of its steps may be the one without room.
	for _, left := range []int64{0, 4 << 10, 20 << 10, 48 << 10, 80 << 10, 1 << 20, 9 << 20, 10 << 20} {
		out = append(out, fullCase{"tmpfs", "first start", left, "room"}, fullCase{"ext4", "first start", left, "room"})
	}
	return out
}

// TestRigFullDisk fills the disk of the real daemon's state at chosen moments.
// What cannot be recorded is not done, nobody is asked twice or charged, the
// outcome of an installer survives, the daemon says why it stands still, and it
// goes on by itself.
func TestRigFullDisk(t *testing.T) {
	seed := seedOf(t)
	bin, err := shipped.build()
	if err != nil {
		t.Fatal(err)
	}
	cases := fullCases()
	count := rig.Count(t, rig.DiskFull, 8)
	if rig.Full() {
		count = max(count, len(cases))
	}
	order := rand.New(rand.NewPCG(seed, 3)).Perm(len(cases))
	var mu sync.Mutex
	did, done, faults := map[string]int{}, 0, 0
	next := make(chan int, count)
	for n := range count {
		next <- order[n%len(cases)]
	}
	close(next)
	var all sync.WaitGroup
	for range machinesAtOnce {
		all.Go(func() {
			for n := range next {
				c := cases[n]
				ok := t.Run(strings.ReplaceAll(fmt.Sprintf("%s %s %d %s", c.disk, c.moment, c.left, c.then), " ", "_"), func(t *testing.T) {
					l := newStill(t, bin, seed, 0, everything())
					for _, f := range c.run(l) {
						t.Error(f)
					}
					mu.Lock()
					defer mu.Unlock()
					for what, n := range l.did {
						did[what] += n
					}
				})
				mu.Lock()
				if done++; !ok {
					faults++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if faults > 0 {
		t.Logf("again: QUIETSETUP_RIGS=1 go test -count=1 -run 'TestRigFullDisk/NAME' ./internal/e2e")
	}
	t.Logf("%v", did)
	if full := did["stood still"]; full == 0 || rig.Full() && full < done/2 { // few are drawn by chance
		t.Errorf("only %d of %d disks were full when something had to be recorded", did["stood still"], done)
	}
	rig.Report(t, rig.DiskFull, done, faults)
}

// run is one experiment: the user presses later once, then agrees. The product
// is one of which nothing can be told afterwards, so a lost outcome shows.
func (c fullCase) run(l *life) []string {
	l.smallDisk(c.disk)
	if c.moment == "first start" {
		c.firstStart(l)
	}
	l.start()
	l.tail = l.follow()
	l.person = attend(l, l.r)
	w := l.begin([]string{"raw"}, func() int { return 1 })
	if c.moment != "first start" {
		c.fillAt(l)
		c.makeRoom(l)
	}
	w.end()
	l.rest()
	l.judge()
	c.judge(l)
	if strings.Contains(l.log.String(), "no space left on device") {
		l.did["stood still"]++
	}
	return l.faults
}

// fillAt fills the disk at the case's moment. Most of it is filled before, so
// that the rest is quick.
func (c fullCase) fillAt(l *life) {
	l.t.Helper()
	switch c.moment {
	case "before start": // a window is open, and the daemon is killed
		if !l.tail.await("window_opened", 30*time.Second) {
			l.t.Fatal("no window was opened")
		}
		l.kill()
		c.fill(l)
		l.launch()
	default:
		l.fill(256 << 10)
		if !l.tail.await(c.moment, 30*time.Second) {
			l.t.Fatalf("%s did not happen", c.moment)
		}
		c.fill(l)
	}
}

func (c fullCase) fill(l *life) {
	if c.left == eaten {
		l.eat()
		return
	}
	l.fill(c.left)
}

// makeRoom lets the full disk do its worst for a while, then ends it.
func (c fullCase) makeRoom(l *life) {
	l.t.Helper()
	if c.then == "room" || c.moment == "before start" {
		time.Sleep(time.Second)
		c.toldWhy(l)
	}
	if c.then != "room" {
		time.Sleep(300 * time.Millisecond)
		l.kill()
		l.person.fell()
	}
	if c.then == "started" {
		l.launch()
		time.Sleep(1200 * time.Millisecond)
		c.toldWhy(l)
	}
	l.clear()
	l.upAgain()
}

// upAgain does what the service manager does: a daemon that has ended is started.
func (l *life) upAgain() {
	l.t.Helper()
	if l.daemon == nil {
		l.start()
		return
	}
	select {
	case <-l.exited:
		if code := l.daemon.ProcessState.ExitCode(); code != 1 || !strings.Contains(l.log.String(), "\n  make room") {
			l.fault("on a full disk the daemon ended with %d, want 1 and advice", code)
		}
		l.did["daemon ended"]++
		l.daemon = nil
		l.start()
	default:
	}
}

// toldWhy: if the log cannot be written now, status and orders say why and what
// to do. There may just be room enough for what there was to record.
func (c fullCase) toldWhy(l *life) {
	l.t.Helper()
	client := localclient.New(l.socket())
	defer client.Close()
	s, err := client.Status(l.t.Context())
	if err != nil {
		return // it has ended; its exit code tells
	}
	if s.Store.Error == "" {
		return
	}
	l.did["told why"]++
	for _, want := range []string{"no space left on device", "make room", "by itself"} {
		if !strings.Contains(s.Store.Error, want) {
			l.fault("status does not say %q: %s", want, s.Store.Error)
		}
	}
	out, _, code := l.cli("status")
	if again, err := client.Status(l.t.Context()); err != nil || again.Store.Error == "" {
		return // it has found room meanwhile
	}
	if code != 0 || !strings.Contains(out, "no space left on device") {
		l.fault("status: exit code %d, %s", code, out)
	}
}

// firstStart starts daemons on a disk without room until there is some.
func (c fullCase) firstStart(l *life) {
	l.t.Helper()
	l.fill(c.left)
	for range 2 {
		l.launch()
		select {
		case <-l.exited:
			if code := l.daemon.ProcessState.ExitCode(); code != 1 || !strings.Contains(l.log.String(), "no space left on device\n  make room") {
				l.fault("a first start without room: exit code %d\n%s", code, l.log)
			}
			l.did["daemon ended"]++
			l.daemon = nil
		case <-time.After(time.Second):
			c.toldWhy(l)
			l.kill()
		}
	}
	l.clear()
}

// judge adds to what always must hold: nobody was asked for nothing, and nothing
// was done that was not recorded before.
func (c fullCase) judge(l *life) {
	told, err := tell(l.records())
	if err != nil {
		l.fault("the log: %v", err)
		return
	}
	runs := told.runs["raw"]
	if len(runs) != 1 {
		l.fault("%d runs, want 1", len(runs))
		return
	}
	if r := runs[0]; r.windows != 2 || r.counted != 1 || len(r.cleared) != 1 && c.then == "room" {
		l.fault("%d windows, %d counted defers, attempts %v; want 2, 1 and one", r.windows, r.counted, r.cleared)
	}
	if u := l.person.(*attended); len(u.acks) > 2 || u.acks["raw#1.1@"] == apitypes.ChoiceKill {
		l.fault("the person was asked %v", u.acks)
	}
}
