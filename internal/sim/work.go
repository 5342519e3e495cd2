// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// arrange compares what is due for a product with what is in flight.
func (k *core) arrange(product string) {
	if k.broken || k.c == nil {
		return
	}
	due := k.w.opt.bent.due(k.c, product)
	for _, j := range slices.Clone(k.jobs) {
		if t := j.effect.Ticket; t.Product == product && !j.dropped && !has(due, t) {
			k.drop(j)
		}
	}
	for _, e := range due {
		if !k.busy(e.Ticket) {
			j := &job{effect: e}
			k.jobs = append(k.jobs, j)
			k.begin(j)
		}
	}
}

func has(due []fsm.Effect, t events.Ticket) bool {
	return slices.ContainsFunc(due, func(e fsm.Effect) bool { return e.Ticket == t })
}

// busy reports whether the work is in flight, or work of its kind that was
// cancelled and has not returned.
func (k *core) busy(t events.Ticket) bool {
	for _, j := range k.jobs {
		o := j.effect.Ticket
		if o == t || j.task != nil && o.Kind == t.Kind && o.Product == t.Product && o.Session == t.Session {
			return true
		}
	}
	return false
}

// begin runs a job's worker.
func (k *core) begin(j *job) {
	j.leash, j.again = &leash{Context: context.Background()}, nil
	j.task = k.w.coroutine(k.w.life, func(t *task) {
		if j.leash.err == nil {
			emit := func(in events.Input) error { return k.submit(t, "daemon", in) }
			// What failed is tried again while it is due; the judge sees what came of it.
			_ = k.w.workers(t, j.effect, k.until).Do(j.leash, j.effect, emit)
		}
		if !t.life.dead.Load() {
			k.finish(j)
		}
	})
	j.task.leash = j.leash
	j.task.wakeIn(1)
}

func (k *core) until(m events.Moment) events.Span {
	if k.c == nil {
		return 0
	}
	return k.c.Until(m, k.w.opt.bent.stamp(k.w, k.w.stamp(nil, "daemon")))
}

// drop cancels a job.
func (k *core) drop(j *job) {
	j.dropped = true
	if j.again != nil {
		k.w.agenda.cancel(j.again)
		k.forget(j)
		return
	}
	j.leash.err = context.Canceled
	j.task.wakeIn(0)
}

func (k *core) forget(j *job) {
	k.jobs = slices.DeleteFunc(k.jobs, func(o *job) bool { return o == j })
}

// finish takes the end of a worker. What is still due rests before its next try.
func (k *core) finish(j *job) {
	j.task = nil
	t := j.effect.Ticket
	if k.broken { // begun anew when the log is read
		k.forget(j)
		return
	}
	if j.dropped || !has(k.w.opt.bent.due(k.c, t.Product), t) {
		k.forget(j)
		k.arrange(t.Product)
		return
	}
	pause := min(second<<min(j.tries, 11), 30*minute)
	j.tries++
	j.again = k.w.after(pause, func() {
		j.again = nil
		for _, e := range k.w.opt.bent.due(k.c, t.Product) {
			if e.Ticket == t {
				j.effect = e
			}
		}
		k.begin(j)
	})
	k.arrange(t.Product)
}

// fail is an append of which nobody knows whether the record is there. What acts
// is cancelled, and nothing is decided until the log can be read.
func (k *core) fail(s events.Step) error {
	k.broken, k.tries = true, 0
	if k.w.c.one(2) {
		k.add(s) // it is in the log all the same
	}
	for _, j := range slices.Clone(k.jobs) {
		switch j.effect.Ticket.Kind {
		case events.KindClosePrograms, events.KindRunInstaller, events.KindSendReport:
			if !j.dropped {
				k.drop(j)
			}
		}
	}
	mine := k.w.life
	k.w.after(second, func() { k.mend(mine) })
	return errDisk
}

// mend reads the log as a start does.
func (k *core) mend(mine *life) {
	if k.w.life != mine {
		return
	}
	if k.w.now < k.w.full {
		k.tries++
		k.w.after(min(second<<min(k.tries, 6), minute), func() { k.mend(mine) })
		return
	}
	k.broken = false
	k.c = fsm.New(k.table)
	for _, r := range k.log {
		fsm.Apply(k.c, r)
	}
	k.w.judge.folded(k.c)
	for _, t := range k.waiting {
		t.wakeIn(0)
	}
	k.waiting = nil
	k.arrangeAll()
}
