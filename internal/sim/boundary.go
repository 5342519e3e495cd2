// SPDX-License-Identifier: Apache-2.0

package sim

// Boundary is a place where the daemon meets the outside: a record that is
// appended, a signal, an installer that is started, a report, an answer.
type Boundary struct {
	Name string
	Torn bool // it can be half done
}

// Moment says when at a boundary a crash comes.
type Moment string

// The moments of a crash at a boundary.
const (
	Before Moment = "before" // nothing of it happens
	Torn   Moment = "torn"   // it happens in part
	After  Moment = "after"  // it happens, and nothing after it
)

// Crash ends the daemon at a boundary.
type Crash struct {
	At     int // number of the boundary, from 1
	Moment Moment
	Power  bool // the machine loses power; else the process is killed and its installers live on
}

// cross does what lies behind a boundary, unless a crash comes there. half is
// what of it happens when it is torn; nil = it cannot be.
func (w *world) cross(name string, do, half func()) error {
	if w.life == nil || w.life.dead.Load() {
		return errDead
	}
	w.boundaries = append(w.boundaries, Boundary{name, half != nil})
	if w.fallen < len(w.opt.Crash) && w.opt.Crash[w.fallen].At == len(w.boundaries) {
		c := w.opt.Crash[w.fallen]
		w.fallen++
		switch {
		case c.Moment == Torn && half != nil:
			half()
		case c.Moment == After:
			do()
		}
		w.fall(c.Power)
		return errDead
	}
	do()
	return nil
}

// fall ends the process, or all of the machine, and has it start again.
func (w *world) fall(power bool) {
	if power {
		w.cutPower(w.c.span(10*second, 10*minute))
		return
	}
	w.killDaemon()
	w.after(w.c.span(second, of(w.c, 5*second, minute, 20*minute)), w.startDaemon)
}

func (w *world) killDaemon() {
	if w.life == nil {
		return
	}
	w.life.dead.Store(true)
	w.life = nil
	w.watchers = nil
	w.daemon.kill()
}

// startDaemon begins a process, as the service manager does.
func (w *world) startDaemon() {
	if w.life != nil || !w.on {
		return
	}
	w.life = &life{}
	w.res.Restarts++
	w.daemon.start()
}
