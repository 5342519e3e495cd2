// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// program is a running program.
type program struct {
	events.ProcessID
	app     string
	path    string
	owner   string
	session string
	stays   bool // does not end when it is asked to
	returns bool // starts again when it was closed
}

func (p *program) is(q events.Process) bool {
	path, _ := q.Path.Reveal(nil)
	return p.ProcessID == q.ProcessID && p.path == path
}

// pids is how many numbers there are for processes. There are few, so that they
// are used again soon.
const pids = 48

// freePID is a number that is free: sometimes the very one that has just become so.
func (w *world) freePID() int {
	if w.c.one(2) {
		w.nextPID = 99
	}
	for {
		w.nextPID = 100 + (w.nextPID-100+1)%pids
		if w.byPID(w.nextPID) == nil {
			return w.nextPID
		}
	}
}

func (w *world) byPID(pid int) *program {
	for _, p := range w.programs {
		if p.PID == pid {
			return p
		}
	}
	return nil
}

// ticks is the machine's time for starts of processes: hundredths of a second.
func (w *world) ticks() int64 { return (w.now - w.booted) / 10 }

func (w *world) startProgram(app string, s *session) {
	if len(w.programs) >= pids/2 {
		return
	}
	path := "/opt/" + app + "/" + app
	if s.who == w.people[0] && len(app)%2 == 0 {
		path = "/home/" + s.who.name + "/" + app
	}
	p := &program{ProcessID: events.ProcessID{PID: w.freePID(), Start: w.ticks()}, app: app, path: path,
		owner: s.who.owner, session: s.id}
	if !w.calm {
		p.stays, p.returns = w.c.one(6), w.c.one(8)
	}
	w.programs = append(w.programs, p)
	w.changed()
}

func (w *world) endProgram(p *program) {
	if i := slices.Index(w.programs, p); i >= 0 {
		w.programs = slices.Delete(slices.Clone(w.programs), i, i+1)
		w.changed()
	}
}

// replace lets a program end just before it is asked to, and gives its number to
// the next one.
func (w *world) replace(q events.Process) {
	p := w.byPID(q.PID)
	if p == nil || !p.is(q) {
		return
	}
	w.endProgram(p)
	n := *p
	n.Start = w.ticks() + 1
	w.programs = append(w.programs, &n)
	w.changed()
}

// changeProgram ends one of a person's programs, or starts one.
func (w *world) changeProgram(p *person) {
	s := w.sessionOf(p)
	if s == nil || !s.present() {
		return
	}
	for _, q := range w.programs {
		if q.owner == p.owner && w.c.one(2) {
			w.endProgram(q)
			return
		}
	}
	w.startProgram(w.products[w.c.below(len(w.products))].app, s)
}

// startLate has somebody start a program that everybody had agreed to close.
func (w *world) startLate(product string) {
	for _, s := range w.sessions {
		if s.present() {
			w.startProgram(w.product(product).app, s)
			return
		}
	}
}

// askToClose asks a program to close. It takes its time, or stays.
func (w *world) askToClose(p *program) {
	if p.stays {
		return
	}
	w.after(w.c.span(100, 5*second), func() { w.closed(p) })
}

// closed ends a program that was closed; some start again.
func (w *world) closed(p *program) {
	if !slices.Contains(w.programs, p) {
		return
	}
	w.endProgram(p)
	if !p.returns {
		return
	}
	w.after(w.c.span(200, of(w.c, second, 20*second)), func() {
		if s := w.session(p.session, p.owner); s != nil && !w.calm {
			w.startProgram(p.app, s)
		}
	})
}

// look is what a look for a package's programs shows.
func (w *world) look(pkg events.Package) events.Observation {
	o := w.lookAtPeople()
	o.Scanned = true
	if w.now < w.source.dim {
		o.Reason = "permission denied"
		return o
	}
	o.Complete = true
	for _, p := range w.programs {
		if !slices.Contains(pkg.Processes, p.app) {
			continue
		}
		path := events.Plain(p.path)
		if p.path[:5] == "/home" {
			path = w.private(p.path)
		}
		o.Programs = append(o.Programs, events.Process{ProcessID: p.ProcessID, Name: p.app, Path: path, Owner: p.owner,
			Session: p.session, Class: events.ClassNamed, Rule: "process " + p.app})
	}
	events.SortProcesses(o.Programs)
	return o
}

// changed wakes whoever watches: at the next of its looks.
func (w *world) changed() {
	for _, t := range w.watchers {
		t.wakeIn(w.c.span(100, 2*second))
	}
	w.watchers = w.watchers[:0]
}
