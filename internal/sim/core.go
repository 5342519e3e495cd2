// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// storeID names the log of every world.
const storeID = "5e5e5e5e5e5e5e5e"

// core is the daemon in memory: fsm.Decide, fsm.Apply and fsm.Due with a plain
// loop around them in place of the engine and the store. It keeps work equal to
// what is due as the engine does, but on one thread and without encoding
// anything.
type core struct {
	w     *world
	table *fsm.Table
	c     *fsm.Client // of the running process; nil without one
	log   []events.Step
	jobs  []*job

	broken  bool // an append failed: nothing is decided before the log was read
	waiting []*task
	tries   int

	book  *book // of lines, with Options.Record
	lines []byte
}

// job is work in flight.
type job struct {
	effect  fsm.Effect
	task    *task
	leash   *leash
	again   *item // it rests until then
	dropped bool
	tries   int
}

var errDisk = errors.New("no space left on device")

func newCore(w *world, table *fsm.Table) *core {
	k := &core{w: w, table: table}
	if w.opt.Record {
		k.book = newBook()
	}
	return k
}

func (k *core) state() *fsm.Client { return k.c }

// start folds the log and records what the host shows.
func (k *core) start() {
	k.c = fsm.New(k.table)
	for _, s := range k.log {
		fsm.Apply(k.c, s)
	}
	k.w.opt.bent.remembers(k.c)
	k.w.judge.folded(k.c)
	k.broken, k.waiting = false, nil
	k.w.spawn(k.w.life, func(t *task) {
		var first events.Input = events.StoreOpened{StoreID: storeID}
		if len(k.log) > 0 {
			first = events.Restarted{Attempts: k.w.attempts(k.c), Seen: k.w.lookAtPeople()}
		}
		if err := k.submit(t, "daemon", first); err != nil && !errors.Is(err, fsm.ErrNothing) {
			return
		}
		k.arrangeAll()
		k.w.pollEvery(t)
	})
}

// kill forgets everything but the log. What still waits for its turn gets
// errDead and ends.
func (k *core) kill() {
	for _, j := range k.jobs {
		if j.task != nil {
			j.leash.err = errDead
			j.task.wakeIn(0)
		}
		if j.again != nil {
			k.w.agenda.cancel(j.again)
		}
	}
	for _, t := range k.waiting {
		t.wakeIn(0)
	}
	for _, t := range k.w.source.waiting {
		t.wakeIn(0)
	}
	k.c, k.jobs, k.waiting = nil, nil, nil
}

// submit decides, appends and applies one input.
func (k *core) submit(t *task, actor string, in events.Input) error {
	mine := k.w.life
	if mine == nil || t.life != nil && t.life != mine {
		return errDead
	}
	for k.broken {
		k.waiting = append(k.waiting, t)
		if err := t.block(); err != nil {
			return err
		}
		if k.w.life != mine {
			return errDead
		}
	}
	return k.step(actor, in)
}

func (k *core) step(actor string, in events.Input) error {
	st := k.w.opt.bent.stamp(k.w, k.w.stamp(in, actor))
	did, err := k.w.opt.bent.decide(k.c, st)
	if err != nil {
		if errors.Is(err, fsm.ErrInternal) {
			k.w.judge.fault("%s: %v", events.InputName(in), err)
		}
		return err
	}
	s := events.Step{Record: events.Record{Seq: k.c.Seq + 1, At: st.Wall, Boot: st.Boot, BootMS: st.BootMS, Actor: actor}, In: in, Did: did}
	if k.book != nil {
		if s, err = k.book.write(s); err != nil {
			k.w.judge.fault("%s: %v", events.InputName(in), err)
			return err
		}
		did = s.Did
	}
	if k.w.now < k.w.full {
		return k.fail(s)
	}
	if err := k.w.cross("append", func() { k.add(s) }, func() {}); err != nil {
		if k.w.opt.bent.acksEarly {
			return nil
		}
		return err
	}
	fsm.Apply(k.c, s)
	k.w.judge.state(k.c, did)
	k.arrangeFor(did)
	return nil
}

// add makes a record durable.
func (k *core) add(s events.Step) {
	k.log = append(k.log, s)
	if k.book != nil {
		k.lines = k.book.add(k.lines)
	}
	k.w.res.Records++
	k.w.judge.record(s.Did)
}

// arrangeFor arranges the work of the products that events touched.
func (k *core) arrangeFor(did []events.Event) {
	if slices.ContainsFunc(did, func(e events.Event) bool { _, mode := e.(events.ModeChanged); return mode }) {
		k.arrangeAll()
		return
	}
	for i, e := range did {
		id := e.About()
		again := id == ""
		for _, before := range did[:i] {
			again = again || before.About() == id
		}
		if !again {
			k.arrange(id)
		}
	}
	k.arrange("")
}

func (k *core) arrangeAll() {
	k.arrange("")
	for _, p := range k.w.products {
		k.arrange(p.id)
	}
}
