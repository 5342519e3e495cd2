// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"strconv"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Lengths of time in the milliseconds of a world.
const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// Options say which world is made and for how long it is troubled.
type Options struct {
	Seed     uint64
	Days     int // with troubles; then it is calm until everything has ended
	Products int // 0 = one to four, by chance
	// Peace leaves out crashes, cuts of power and a full disk: what is left comes
	// from people, packages and the source.
	Peace bool
	// Jumps is how many steps the wall clock makes besides those by chance.
	Jumps int
	Crash []Crash
	// Record keeps the log as lines, which costs most of the time.
	Record bool

	bent bent // for tests: a fault that the judge must find
}

// Result is what became of a world.
type Result struct {
	Days       int // simulated, the calm ones too
	Records    int
	Boundaries []Boundary // crossed, in order; a Crash names one by its number
	Installs   int
	Defers     int // counted
	Restarts   int
	Jumps      int // of the wall clock
	Faults     []string
	Log        []byte // NDJSON, with Options.Record
}

// daemon is a process of the daemon as the world has it: started, spoken to, killed.
type daemon interface {
	// start begins a process on the log that is there.
	start()
	// submit hands an input in for a task, which waits for the verdict.
	submit(t *task, actor string, in events.Input) error
	// kill ends the process here and now. What it was about to do does not happen.
	kill()
	// state is what the process knows; nil without a process.
	state() *fsm.Client
}

// world is a machine, the people at it, the source of its requests and the
// daemon on it. It has one clock, which only the agenda moves.
type world struct {
	opt    Options
	c      chance
	agenda agenda
	now    int64 // milliseconds since the world began; nobody in it sees this
	daemon daemon
	life   *life // of the running process; nil = none runs

	// The machine's clock and power.
	wall    int64 // what the wall clock shows besides now
	boots   int
	booted  int64 // now at the last boot
	on      bool
	leaving bool  // a shutdown is announced
	resumed int64 // when it woke last; -1 = never
	full    int64 // the disk is full until then

	people   []*person
	sessions []*session
	programs []*program
	products []*product
	files    map[string]*attempt // of attempts, by token
	running  []*attempt
	watchers []*task
	threads  []*thread
	idle     []*thread                // of them, without a task
	branch   func(*life, func(*task)) // makes a task; nil = a coroutine
	nextPID  int

	source source
	calm   bool

	secrets bool // texts about people are private

	boundaries []Boundary
	fallen     int // crashes of Options.Crash that happened
	judge      *judge
	presses    []press
	res        Result
}

// epoch is what the wall clock shows when a world begins: a Monday, at midnight.
const epoch = 1_772_409_600_000

// newWorld makes the machine and everybody around it.
func newWorld(o Options) *world {
	w := &world{opt: o, c: newChance(o.Seed), on: true, boots: 1, resumed: -1, nextPID: 100, files: map[string]*attempt{}}
	w.booted = -w.c.span(minute, day)
	w.judge = newJudge(w)
	w.settle()
	return w
}

// Run lives through a world with the core in memory and judges it. The table is
// fsm.NewTable's, made once for all worlds.
func Run(table *fsm.Table, o Options) Result {
	w := newWorld(o)
	core := newCore(w, table)
	w.daemon = core
	w.live(func(i *item) { i.happen() })
	w.unwind()
	w.res.Log = core.lines
	return w.result()
}

// live begins everything and goes through the agenda until all has ended. act
// lets an item happen.
func (w *world) live(act func(*item)) {
	w.after(0, w.dawn)
	w.after(w.c.span(0, minute), w.startDaemon)
	end := int64(w.opt.Days) * day
	w.after(end, w.becalm)
	for {
		i := w.agenda.next()
		if i == nil || len(w.judge.faults) > 0 {
			return
		}
		w.now = max(w.now, i.at)
		act(i)
		if w.calm && w.ended() {
			w.judge.converged(w.daemon.state())
			return
		}
	}
}

// happen does what an item is about.
func (i *item) happen() {
	switch {
	case i.task == nil:
		i.do()
	case !i.task.done.Load():
		i.task.turn()
	}
}

// after enters a change of the world.
func (w *world) after(d int64, do func()) *item {
	return w.agenda.add(&item{at: w.now + max(d, 0), do: do})
}

// clock is what the machine shows of the time.
func (w *world) clock() (wall time.Time, boot string, ms int64) {
	return time.UnixMilli(epoch + w.now + w.wall).UTC(), "boot-" + strconv.Itoa(w.boots), w.now - w.booted
}

// stamp is an input with that.
func (w *world) stamp(in events.Input, actor string) events.Stamped {
	wall, boot, ms := w.clock()
	return events.Stamped{Input: in, Actor: actor, Wall: wall, Boot: boot, BootMS: ms}
}

func (w *world) result() Result {
	w.res.Days = int((w.now + day - 1) / day)
	w.res.Boundaries = w.boundaries
	w.res.Faults = w.judge.faults
	return w.res
}
