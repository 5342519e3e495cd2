// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/effects"
)

// attempt is the file of an attempt, and what runs under it.
type attempt struct {
	stage      stage
	work       fsm.RunInstaller
	supervisor events.ProcessID
	installer  events.ProcessID
	alive      bool
	stalls     bool // stands in a window that nobody sees, and its supervisor has noticed
	end        events.InstallerEnded
	ends       *item
	waiter     *task
}

// stage is what the file of an attempt says. The file decides whether it runs.
type stage string

const (
	claimed stage = "claimed"
	started stage = "started"
	over    stage = "ended"
	void    stage = "void"
)

// Begun reports whether there is a file of the attempt.
func (h *hands) Begun(_ context.Context, token string) (bool, error) {
	if err := h.t.sleep(h.w.c.span(5, of(h.w.c, 100, 10*second))); err != nil {
		return false, err
	}
	if !h.w.calm && h.w.c.one(12) {
		h.w.startLate(h.product)
	}
	return h.w.files[token] != nil && !h.w.opt.bent.blindToFiles, nil
}

// Start claims the file and runs the installer under a supervisor.
func (h *hands) Start(_ context.Context, work fsm.RunInstaller) (events.InstallerStarted, error) {
	w := h.w
	if w.files[work.Token] != nil && !w.opt.bent.blindToFiles {
		return events.InstallerStarted{}, effects.ErrBegun
	}
	a := &attempt{work: work, stage: claimed}
	claim := func() { w.files[work.Token] = a }
	run := func() { claim(); w.run(a) }
	half := claim // a loss of power finds it claimed by a supervisor that is gone
	if !w.losesPower() {
		half = run // a supervisor that was forked goes on by itself
	}
	if err := w.cross("start installer", run, half); err != nil {
		return events.InstallerStarted{}, err
	}
	return events.InstallerStarted{Token: work.Token, Supervisor: a.supervisor, Installer: a.installer}, nil
}

// losesPower: the crash that comes next takes the machine along.
func (w *world) losesPower() bool {
	return w.fallen < len(w.opt.Crash) && w.opt.Crash[w.fallen].Power
}

// run lets an installer begin, and settles how it will end.
func (w *world) run(a *attempt) {
	w.res.Installs++
	w.judge.installs(a.work)
	w.running = append(w.running, a)
	a.stage, a.alive = started, true
	a.supervisor = events.ProcessID{PID: w.freePID(), Start: w.ticks()}
	a.installer = events.ProcessID{PID: w.freePID(), Start: w.ticks()}
	p := w.product(a.work.Package.Product)
	a.end = events.InstallerEnded{Token: a.work.Token}
	takes, done := w.c.span(5*second, 20*minute), true
	switch n, m := w.c.below(100), p.how; {
	case n < m.fails:
		a.end.Exit, done = 1, w.c.one(2)
	case n < m.fails+m.hangs:
		takes = w.c.span(10*hour, 12*day)
	case n < m.fails+m.hangs+m.reboots:
		a.end.Exit = 3010
	case n < m.fails+m.hangs+m.reboots+m.retries:
		a.end.Exit, done, takes = 1618, false, second
	case n < m.fails+m.hangs+m.reboots+m.retries+m.lies:
		done = false
	}
	a.end.TookMS = takes
	a.ends = w.after(takes, func() { w.finishInstaller(a, done) })
	if takes >= 10*hour { // it stands in a window that nobody sees
		w.after(5*minute, func() {
			if a.stalls = a.alive; a.alive && a.waiter != nil {
				a.waiter.wakeIn(second)
			}
		})
		if takes%2 == 0 { // and goes on by itself
			w.after(hour, func() {
				if a.stalls = false; a.alive && a.waiter != nil {
					a.waiter.wakeIn(second)
				}
			})
		}
	}
	w.trouble(12, takes)
}

// finishInstaller ends an installer; its supervisor writes the outcome.
func (w *world) finishInstaller(a *attempt, done bool) {
	if !a.alive {
		return
	}
	if done {
		w.install(a)
	}
	write := func() {
		a.alive, a.stage = false, over
		w.running = slices.DeleteFunc(slices.Clone(w.running), func(o *attempt) bool { return o == a })
		w.judge.outcome(a.end)
		if a.waiter != nil {
			a.waiter.wakeIn(w.c.span(10, second))
		}
	}
	if w.life == nil { // the supervisor needs no daemon
		write()
		return
	}
	// The supervisor is not the daemon: what is left undone here comes after a
	// crash of that, but not after a loss of power.
	power := w.losesPower()
	if err := w.cross("outcome", write, func() {}); err != nil && a.alive && !power {
		write()
	}
}

// killInstallers is what a loss of power does to them.
func (w *world) killInstallers() {
	for _, a := range w.running {
		a.alive = false
		w.agenda.cancel(a.ends)
		if w.c.one(2) {
			w.install(a) // it was as good as done
		}
	}
	w.running = nil
}

// install is what an installer leaves on the machine.
func (w *world) install(a *attempt) {
	p := w.product(a.work.Package.Product)
	if p.there = target(a.work.Package); removes(a.work.Action) {
		p.there = ""
	}
}

// endHanging has somebody end the installers that hang.
func (w *world) endHanging() {
	for _, a := range w.running {
		if a.end.TookMS > hour {
			w.agenda.cancel(a.ends)
			a.end = events.InstallerEnded{Token: a.work.Token, Exit: -1, Signal: "SIGTERM", TookMS: hour}
			a.ends = w.after(minute, func() { w.finishInstaller(a, false) })
		}
	}
}

// Wait waits for the outcome of an attempt.
func (h *hands) Wait(_ context.Context, work fsm.WaitInstaller, stalled func(string) error) (events.InstallerEnded, bool, error) {
	for {
		a := h.w.files[work.Token]
		if a == nil || a.stage != over && !a.alive {
			return events.InstallerEnded{}, true, nil
		}
		if a.stage == over {
			if h.w.opt.bent.forgetsFiles {
				delete(h.w.files, work.Token)
			}
			return a.end, false, nil
		}
		if err := stalled(map[bool]string{true: "a window"}[a.stalls]); err != nil {
			return events.InstallerEnded{}, false, err
		}
		a.waiter = h.t
		if err := h.t.block(); err != nil {
			return events.InstallerEnded{}, false, err
		}
	}
}

// Probe finds out what became of an attempt.
func (h *hands) Probe(_ context.Context, token string) (effects.Fate, error) {
	if err := h.t.sleep(h.w.c.span(10, second)); err != nil {
		return effects.Fate{}, err
	}
	a := h.w.files[token]
	switch {
	case a == nil:
		err := h.w.cross("void", func() { h.w.files[token] = &attempt{stage: void} }, nil)
		return effects.Fate{NeverStarted: true}, err
	case a.stage == void, a.stage == claimed:
		return effects.Fate{NeverStarted: true}, nil
	case a.stage == over:
		return effects.Fate{Ended: &a.end}, nil
	case a.alive:
		return effects.Fate{Running: &events.InstallerStarted{Token: token, Supervisor: a.supervisor, Installer: a.installer}}, nil
	}
	return effects.Fate{Lost: true}, nil
}

// Remove forgets an attempt.
func (h *hands) Remove(token string) error {
	return h.w.cross("remove outcome", func() { delete(h.w.files, token) }, nil)
}

// lives reports whether the very process runs.
func (w *world) lives(id events.ProcessID) bool {
	for _, a := range w.running {
		if a.alive && (a.installer == id || a.supervisor == id) {
			return true
		}
	}
	return false
}

// attempts tells a starting daemon which attempts live.
func (w *world) attempts(c *fsm.Client) []events.AttemptSeen {
	var out []events.AttemptSeen
	for _, p := range w.products {
		if q := c.Product(p.id); q != nil && q.Attempt != nil {
			a := w.files[q.Attempt.Token]
			out = append(out, events.AttemptSeen{Token: q.Attempt.Token, Alive: a != nil && a.alive})
		}
	}
	return out
}

// Close asks the targets to end, and terminates what is left with force.
func (h *hands) Close(_ context.Context, targets []events.Process, grace int64, force bool) error {
	w := h.w
	if !w.calm && w.c.one(15) && len(targets) > 0 {
		w.replace(targets[0])
	}
	signal := func(end func(*program)) error {
		for _, q := range targets {
			p := w.byPID(q.PID)
			if p == nil || !p.is(q) && !w.opt.bent.pidOnly {
				continue
			}
			if err := w.cross("signal", func() { w.judge.signalled(h.product, p, q); end(p) }, nil); err != nil {
				return err
			}
		}
		return nil
	}
	if err := signal(w.askToClose); err != nil {
		return err
	}
	left := func() bool {
		return slices.ContainsFunc(targets, func(q events.Process) bool { p := w.byPID(q.PID); return p != nil && p.is(q) })
	}
	for waited := int64(0); waited < grace && left(); waited += second {
		if err := h.t.sleep(min(second, grace-waited)); err != nil {
			return err
		}
	}
	if !force {
		return nil
	}
	return signal(w.closed)
}
