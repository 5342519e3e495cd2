// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

// aim is what a killer hits, and after which events it strikes.
type aim struct {
	victims []string // one is drawn; named twice, it is drawn twice as often
	moments []string // names of events; "" = any moment
	kinds   []string // products that are requested
	// fallen: the user's agent loses its connection now and then, between the kills.
	// It is a part of this test and no process, so that is no kill.
	fallen bool
}

// everything is the aim of the rig.
func everything() aim {
	return aim{
		victims: []string{"daemon", "daemon", "daemon", "supervisor", "supervisor", "cli", "tree"}, fallen: true,
		moments: []string{"", "", "", "", "", "", "accepted", "window_opened", "answered", "close_agreed", "install_cleared",
			"install_begun", "installer_exited", outcomeRemoved, "finished", "report_accepted"},
		kinds: []string{"app", "raw", "rep", "deb"},
	}
}

// life is a machine of the rig: products are requested on it, its user works and
// answers, and somebody kills our processes until the number is full.
type life struct {
	*machine
	r      *rand.Rand // the killer's
	aim    aim
	left   int            // kills still to come
	did    map[string]int // kills by victim, and by the event after which they came
	hits   map[string]bool
	faults []string
	person person
	tail   *tail
	waves  int
	later  map[string]int // "product version": how often the user presses later in that run
	ended  []ending
	stays  map[string]*exec.Cmd // by product: a program of the same name elsewhere
	offers map[string]string    // by product: the version in the depot
	orders map[string]int       // "product version": how often it was ordered
}

// ending is what a product looked like when its run was over.
type ending struct {
	product, version string
	run              int
	row              apitypes.ReportRow
	wanted           apitypes.ReportRow
	disk             string
	closed           bool // the user's program has ended
}

// newLife prepares a machine and starts it.
func newLife(t testing.TB, bin string, seed uint64, kills int, a aim, terminal bool) *life {
	l := newStill(t, bin, seed, kills, a)
	l.start()
	l.tail = l.follow()
	if terminal {
		l.person = sit(l)
	} else {
		l.person = attend(l, rand.New(rand.NewPCG(seed, 2)))
	}
	return l
}

// newStill prepares a machine on which nothing runs yet.
func newStill(t testing.TB, bin string, seed uint64, kills int, a aim) *life {
	l := &life{machine: newMachineOf(t, bin, "defer_interval = \"100ms\"\nprompt_interval = 0\nclose_grace = \"5s\"\n"),
		r: rand.New(rand.NewPCG(seed, 1)), aim: a, left: kills, did: map[string]int{}, hits: map[string]bool{},
		later: map[string]int{}, stays: map[string]*exec.Cmd{}, orders: map[string]int{}, offers: map[string]string{}}
	l.keeps = true
	return l
}

// live lets the machine work and die until all kills are done, and returns what
// was wrong.
func (l *life) live() []string {
	for l.left > 0 {
		l.wave()
	}
	l.rest()
	l.judge()
	return l.faults
}

// wave requests one or two products and kills until their runs are over.
func (l *life) wave() {
	l.t.Helper()
	ids := []string{l.pick(l.aim.kinds)}
	if other := l.pick(l.aim.kinds); other != ids[0] && l.r.IntN(2) == 0 {
		ids = append(ids, other)
	}
	w := l.begin(ids, func() int { return l.r.IntN(3) })
	for end := time.Now().Add(30 * time.Second); l.left > 0 && !w.over() && time.Now().Before(end); {
		l.blow()
		l.nudgeAll(ids)
	}
	w.end()
}

// wave is some products on their way to a new version.
type wave struct {
	*life
	ids     []string
	version string
	busy    map[string]*exec.Cmd
	asked   chan struct{}
}

// begin puts new versions into the depot, starts programs and gives the orders.
func (l *life) begin(ids []string, later func() int) *wave {
	l.t.Helper()
	l.idle("before the next version", ids) // a version that comes while the last one is installed waits for another request
	l.waves++
	w := &wave{life: l, ids: ids, version: fmt.Sprintf("%d.0", l.waves+1), busy: map[string]*exec.Cmd{}, asked: make(chan struct{}, len(ids))}
	for _, id := range ids {
		l.furnish(id, w.version)
		l.offers[id], l.orders[id+" "+w.version] = w.version, 1
		if l.stays[id] == nil {
			l.stays[id] = l.program(filepath.Join(l.elsewhere(), id))
		}
		w.busy[id] = l.program(filepath.Join(l.home(id), id))
		l.note(id, w.busy[id])
		l.person.plans(id, later())
		l.later[id+" "+w.version] = l.person.planned(id)
	}
	l.tail.skip()
	for _, id := range ids {
		go func() {
			l.order(id)
			w.asked <- struct{}{}
		}()
	}
	return w
}

// over: the last run of each is over, and the source shows it.
func (w *wave) over() bool {
	for _, id := range w.ids {
		if !w.settled(id, w.version) {
			return false
		}
	}
	return true
}

// end waits in peace until all is over, and remembers how it ended.
func (w *wave) end() {
	w.t.Helper()
	w.until(fmt.Sprintf("%v of %s are reported", w.ids, w.version), 90*time.Second, func() bool { w.nudgeAll(w.ids); return w.over() })
	for _, id := range w.ids {
		<-w.asked
		w.remember(id, w.version, w.busy[id])
	}
	w.until("the daemon has waited for its children", 5*time.Second, func() bool { return len(w.zombies()) == 0 })
}

// blow waits for a moment and kills.
func (l *life) blow() {
	l.t.Helper()
	moment, victim := l.pick(l.aim.moments), l.pick(l.aim.victims)
	if victim == "supervisor" {
		moment = l.pick([]string{"install_cleared", "install_begun"}) // elsewhere there is none
	}
	if moment == "" {
		l.nap(150)
	} else if l.tail.skip(); !l.tail.await(moment, 400*time.Millisecond) {
		moment = ""
	} else if l.r.IntN(2) == 0 {
		l.nap(20)
	}
	if l.aim.fallen && l.r.IntN(8) == 0 {
		l.did[l.strike("agent")]++
	}
	did := l.strike(victim)
	if did == "" {
		did = l.strike("daemon")
	}
	l.count(did, moment)
}

func (l *life) count(victim, moment string) {
	l.left--
	l.did[victim]++
	if moment != "" {
		l.did["after "+moment]++
	}
}

func (l *life) pick(from []string) string { return from[l.r.IntN(len(from))] }

// nap sleeps for less than so many milliseconds.
func (l *life) nap(most int) { time.Sleep(time.Duration(l.r.IntN(most*1000)) * time.Microsecond) }

// order gives the request until the daemon has acknowledged it, as an operator does.
func (l *life) order(id string) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		err := exec.Command(filepath.Join(l.bin, "quietsetup"), "--socket", l.socket(), "request", id, "setup").Run()
		if err == nil {
			return
		}
		if exitCode(err) != 3 { // a service that died in its middle may have recorded it
			l.orders[id+" "+l.offers[id]]++
		}
	}
}

// strikeOrder kills the command line in the middle of an order.
func (l *life) strikeOrder() string {
	id := l.pick(l.aim.kinds)
	cmd := exec.Command(filepath.Join(l.bin, "quietsetup"), "--socket", l.socket(), "request", id, "setup")
	if cmd.Start() != nil {
		return ""
	}
	l.orders[id+" "+l.offers[id]]++
	l.nap(30)
	cmd.Process.Kill()
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		return "" // it was faster
	}
	return "cli"
}

// settled: the last run is over, and the source shows it.
func (l *life) settled(id, version string) bool {
	p := l.product(id)
	return p.Phase == "reported" && p.Report.Accepted && p.Version == version+"-1"
}

// nudgeAll is the operator who does not wait for what nobody charges: a kill in
// the wrong moment may put a round off, uncounted, for a minute or more.
func (l *life) nudgeAll(ids []string) {
	for _, id := range ids {
		if w := l.product(id).Waits; w != nil && w.Reason != "user" {
			c := localclient.New(l.socket())
			_, _ = c.Order(context.Background(), id, apitypes.VerbResume, "test") // the daemon may just have been killed
			c.Close()
		}
	}
}

// remember notes how a run ended.
func (l *life) remember(id, version string, busy *exec.Cmd) {
	l.t.Helper()
	for {
		p := l.product(id)
		e := ending{product: id, version: version, run: p.Run, row: l.row(id), wanted: p.Report.Wanted, disk: l.disk(id), closed: !alive(busy)}
		if again := l.product(id); p.Run > 0 && again.Run == p.Run && e.row.ActionRequest == "none" && l.settled(id, version) {
			l.ended = append(l.ended, e)
			return
		}
		l.until(id+" is reported once more", 30*time.Second, func() bool { // an order that was cut off has come through
			l.nudgeAll([]string{id})
			return l.settled(id, version) && l.row(id).ActionRequest == "none"
		})
	}
}

// idle waits until nothing of the products is open: an order that was cut off may
// have begun a run that nobody waits for.
func (l *life) idle(when string, ids []string) {
	l.t.Helper()
	l.until("nothing is open "+when, time.Minute, func() bool {
		l.nudgeAll(ids)
		c := localclient.New(l.socket())
		defer c.Close()
		all, err := c.Products(context.Background())
		return err == nil && !slices.ContainsFunc(all.Products, func(p apitypes.Product) bool {
			return slices.Contains(ids, p.ID) && (p.Phase != "reported" || !p.Report.Accepted)
		}) && !slices.ContainsFunc(ids, l.requested)
	})
}

// requested reports whether the source shows a request: it may be written, and not
// looked at yet.
func (l *life) requested(id string) bool {
	_, err := os.Lstat(filepath.Join(l.state, "local", id+".json"))
	return err == nil && l.row(id).ActionRequest != "none"
}

// rest ends the machine in order, and once more: what a kill left behind is gone
// after the next start.
func (l *life) rest() {
	l.t.Helper()
	l.idle("at the end", l.aim.kinds)
	l.stop()
	l.start()
	l.idle("after one more start", l.aim.kinds) // the stop may have come between an order that was cut off and the look at it
	l.person.goes()
	l.stop()
	l.until("no process of ours is left", 20*time.Second, func() bool { return len(l.parts()) == 0 })
}

func (l *life) fault(format string, args ...any) {
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}
