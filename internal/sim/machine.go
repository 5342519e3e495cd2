// SPDX-License-Identifier: Apache-2.0

package sim

import "strconv"

// settle makes who and what is there when a world begins.
func (w *world) settle() {
	w.makePeople()
	n := w.opt.Products
	if n == 0 {
		n = 1 + w.c.below(4)
	}
	for i := range n {
		w.makeProduct("p" + strconv.Itoa(i))
	}
}

// dawn begins a day: everybody plans, and chance brings troubles.
func (w *world) dawn() {
	d := w.now / day
	for _, p := range w.people {
		w.plan(p, d%7 < 5)
	}
	w.admin()
	if w.calm {
		w.mendAll()
		if c := w.daemon.state(); c != nil && len(c.Reboot) > 0 {
			w.after(w.c.span(0, 4*hour), func() { w.shutDown(minute) }) // somebody sees to it
		}
	} else {
		w.troubles()
	}
	w.after(day, w.dawn)
}

// troubles enters what goes wrong on a day.
func (w *world) troubles() {
	sometime := func(days int, do func()) {
		if w.c.one(days) {
			w.during(w.c.span(0, day), do)
		}
	}
	if !w.opt.Peace {
		sometime(8, func() { w.fall(false) })
		sometime(30, func() { w.cutPower(w.c.span(10*second, 10*hour)) })
		sometime(20, func() { w.full = w.now + w.c.span(second, hour) })
	}
	sometime(8, func() { w.suspend(w.c.span(minute, 14*hour)) })
	sometime(15, w.stepClock)
	if w.opt.Jumps > 0 {
		for range 1 + w.opt.Jumps/max(w.opt.Days, 1) {
			w.during(w.c.span(0, day), w.stepClock)
		}
	}
	sometime(12, func() { w.source.out = w.now + w.c.span(minute, 20*hour) })
	sometime(30, func() { w.source.blind = w.now + w.c.span(minute, 2*hour) })
	sometime(20, func() { w.source.dim = w.now + w.c.span(second, hour) })
}

// trouble comes once in n times, within d: chance alone would seldom meet what is
// soon over.
func (w *world) trouble(n int, d int64) {
	if w.calm || w.opt.Peace || !w.c.one(n) {
		return
	}
	power := w.c.one(3)
	w.during(w.c.span(0, d), func() { w.fall(power) })
}

// during enters what happens only while there is no calm.
func (w *world) during(d int64, do func()) {
	w.after(d, func() {
		if !w.calm {
			do()
		}
	})
}

// stepClock sets the wall clock: by minutes, hours or years.
func (w *world) stepClock() {
	by := w.c.span(second, of(w.c, 5*minute, 12*hour, 20*365*day))
	if w.c.one(2) {
		by = -by
	}
	if w.wall+by < -20*365*day || w.wall+by > 60*365*day {
		by = -w.wall
	}
	w.wall += by
	w.res.Jumps++
	w.judge.jumped()
}

// suspend lets the machine sleep: nothing in it happens, and everything that was
// due meanwhile comes late.
func (w *world) suspend(d int64) {
	if !w.on {
		return
	}
	w.now += d
	w.resumed = w.now
	for _, s := range w.sessions {
		if s.idle < 0 {
			s.idle = w.now - d
		}
		s.locked = true
	}
	w.changed()
}

// shutDown announces that the machine goes down, and does it.
func (w *world) shutDown(off int64) {
	if !w.on || w.leaving {
		return
	}
	w.leaving = true
	w.changed()
	w.after(w.c.span(5*second, 2*minute), func() {
		if w.leaving {
			w.cutPower(off)
		}
	})
}

// cutPower ends everything that runs; the machine starts again after off.
func (w *world) cutPower(off int64) {
	if !w.on {
		return
	}
	w.on, w.leaving = false, false
	w.killDaemon()
	for len(w.sessions) > 0 {
		w.endSession(w.sessions[0])
	}
	w.killInstallers()
	w.after(off, w.boot)
}

// boot starts the machine.
func (w *world) boot() {
	if w.on {
		return
	}
	w.on, w.booted, w.resumed = true, w.now-w.c.span(second, 20*second), -1
	w.boots++
	w.judge.booted()
	w.after(w.c.span(second, 30*second), w.startDaemon)
}

// becalm ends the troubles: whatever is under way must end now.
func (w *world) becalm() {
	w.calm = true
	w.full, w.source.out, w.source.blind, w.source.dim = 0, 0, 0, 0
	if !w.on {
		w.boot()
	}
	w.mendAll()
	w.after(hour, func() { w.fall(false) }) // a start may bring what was missing
	w.after(calmDays*day, func() {
		if !w.ended() {
			w.judge.fault("not ended after %d calm days: %s", calmDays, w.open())
		}
	})
}

// calmDays is how long everything may take to end once nobody makes trouble.
const calmDays = 60
