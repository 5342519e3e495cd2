// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
)

// errDead is what everything in a process gets that has died.
var errDead = errors.New("the process is gone")

// life is one process of the daemon, from its start to its end.
type life struct{ dead atomic.Bool }

// task is a line of action that takes time: a worker of the daemon, an agent
// that hands in an answer, a look at the source. One task acts at a time; the
// others wait for their turn.
type task struct {
	w    *world
	key  string
	life *life       // whose it is; nil = it outlives the daemon
	turn func()      // lets it act until it waits again or ends
	park func() bool // waits for the turn; false = it is cancelled
	wake *item       // when it is its turn again; nil = when somebody wakes it
	// leash is a coroutine's context, nil for a task that nobody cancels.
	leash *leash
	done  atomic.Bool
}

// spawn enters a task: on the caller's thread, or as whoever runs the world has it.
func (w *world) spawn(l *life, body func(*task)) {
	if w.branch != nil {
		w.branch(l, body)
		return
	}
	w.coroutine(l, body).wakeIn(1)
}

// thread is a coroutine that acts for one task after the other: its stack has
// grown once.
type thread struct {
	turn func() (struct{}, bool)
	stop func()
	// yield gives the turn back; false = the world has ended.
	yield func(struct{}) bool
	task  *task
	body  func(*task)
}

// coroutine makes a task of a body that acts on the caller's thread.
func (w *world) coroutine(l *life, body func(*task)) *task {
	t := &task{w: w, life: l}
	var c *thread
	t.turn = func() {
		if c == nil { // its first
			c = w.thread()
			c.task, c.body = t, body
			t.park = func() bool { return c.yield(struct{}{}) }
		}
		c.turn()
		if t.done.Load() {
			w.idle = append(w.idle, c)
		}
	}
	return t
}

// thread is one that has nothing to do.
func (w *world) thread() *thread {
	if n := len(w.idle); n > 0 {
		c := w.idle[n-1]
		w.idle = w.idle[:n-1]
		return c
	}
	c := &thread{}
	c.turn, c.stop = iter.Pull(func(yield func(struct{}) bool) {
		c.yield = yield
		for {
			c.body(c.task)
			c.task.done.Store(true)
			if !yield(struct{}{}) {
				return
			}
		}
	})
	w.threads = append(w.threads, c)
	return c
}

// unwind ends every task that still waits.
func (w *world) unwind() {
	if w.life != nil {
		w.life.dead.Store(true)
		w.life = nil
	}
	for _, c := range w.threads {
		c.stop()
	}
}

// sleep waits for some milliseconds of the world.
func (t *task) sleep(d int64) error {
	t.wake = t.w.agenda.add(&item{at: t.w.now + d, key: t.key, task: t})
	return t.block()
}

// block waits until somebody wakes the task.
func (t *task) block() error {
	ok := t.park()
	switch {
	case t.life != nil && t.life.dead.Load():
		return errDead
	case !ok:
		return context.Canceled
	case t.leash != nil:
		return t.leash.err
	}
	return nil
}

// wakeIn gives a waiting task its turn after d at the latest.
func (t *task) wakeIn(d int64) {
	at := t.w.now + d
	if t.done.Load() {
		return
	}
	if t.wake != nil && !t.wake.gone {
		if t.wake.at <= at {
			return
		}
		t.w.agenda.cancel(t.wake)
	}
	t.wake = t.w.agenda.add(&item{at: at, key: t.key, task: t})
}

// leash is the context of a coroutine: it ends when it is told to, and nobody
// waits for it in any other way than by its error.
type leash struct {
	context.Context
	err error
}

func (l *leash) Err() error { return l.err }
