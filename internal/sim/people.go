// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"strconv"

	"github.com/quietsetup/quietsetup/events"
)

// person works at the machine on some days.
type person struct {
	owner string // "uid:1000"
	name  string
	temper
}

// temper is how a person answers, each in a hundred; the rest waits for the time to run out.
type temper struct{ later, again, kill int }

// session is a person's presence.
type session struct {
	id       string
	who      *person
	locked   bool
	away     bool  // another one is in front
	agent    bool  // shows windows
	gone     bool  // logged off
	began    int64 // when
	idle     int64 // since when nothing was touched; -1 = somebody works at it
	unlocked int64 // when last; -1 = it never was locked
	prompts  []*prompt
}

func (w *world) makePeople() {
	n := of(w.c, 1, 1, 1, 2, 3)
	for i := range n {
		t := of(w.c, temper{60, 10, 20}, temper{10, 10, 75}, temper{30, 30, 30}, temper{0, 10, 10}, temper{30, 30, 30}, temper{90, 0, 0})
		w.people = append(w.people, &person{owner: "uid:" + strconv.Itoa(1000+i), name: "person" + strconv.Itoa(i), temper: t})
	}
}

// sessionOf is the session of a person, nil if there is none.
func (w *world) sessionOf(p *person) *session {
	for _, s := range w.sessions {
		if s.who == p {
			return s
		}
	}
	return nil
}

// session finds a session as an observation names it.
func (w *world) session(id, owner string) *session {
	for _, s := range w.sessions {
		if s.id == id && s.who.owner == owner {
			return s
		}
	}
	return nil
}

// plan enters what a person does on a day.
func (w *world) plan(p *person, workday bool) {
	if workday == w.c.one(8) || p != w.people[0] && w.c.one(3) { // away on some workdays, here on few others
		return
	}
	come := w.c.span(7*hour+30*minute, 10*hour)
	lunch := w.c.span(11*hour+30*minute, 13*hour)
	back := lunch + w.c.span(20*minute, hour)
	leave := w.c.span(15*hour, 19*hour)
	w.after(come, func() { w.come(p) })
	if !w.calm && w.c.one(3) { // walks off without a word
		w.after(lunch, func() { w.rest(p) })
	} else {
		w.after(lunch, func() { w.lock(p) })
	}
	w.after(back, func() { w.come(p) })
	if w.c.one(2) {
		at := w.c.span(come, leave)
		w.after(at, func() { w.changeProgram(p) })
	}
	switch n := w.c.below(100); {
	case n < 60 || w.calm:
		w.after(leave, func() { w.logOff(p) })
	case n < 80:
		w.after(leave, func() { w.lock(p) })
	case n < 85:
		w.after(leave, func() { w.rest(p) })
	case n < 95:
		w.after(leave, func() { w.shutDown(w.c.span(hour, 12*hour)) })
	default:
		w.after(leave, func() { w.shutDown(w.c.span(10*second, 3*minute)) }) // a restart
	}
}

// come brings a person to the machine: it is switched on, the session opened or unlocked.
func (w *world) come(p *person) {
	if !w.on {
		w.boot()
	}
	s := w.sessionOf(p)
	for _, o := range w.sessions {
		if o != s && !o.away { // fast user switching
			o.away, o.idle = true, w.now
		}
	}
	if s == nil {
		s = &session{id: w.freeSession(), who: p, began: w.now, unlocked: -1, agent: !w.c.one(10) || w.calm}
		w.sessions = append(w.sessions, s)
		for _, prod := range w.products {
			if !w.c.one(4) {
				w.startProgram(prod.app, s)
			}
		}
	}
	if s.locked || s.away {
		s.unlocked = w.now
	}
	s.locked, s.away, s.idle = false, false, -1
	w.changed()
	for _, pr := range s.prompts {
		w.consider(s, pr)
	}
}

// freeSession names a session; the system uses names again.
func (w *world) freeSession() string {
	for n := 1; ; n++ {
		id := "c" + strconv.Itoa(n)
		used := false
		for _, s := range w.sessions {
			used = used || s.id == id
		}
		if !used {
			return id
		}
	}
}

func (w *world) lock(p *person) {
	if s := w.sessionOf(p); s != nil && !s.locked {
		s.locked, s.idle = true, w.now
		w.changed()
	}
}

func (w *world) rest(p *person) {
	if s := w.sessionOf(p); s != nil && s.idle < 0 {
		s.idle = w.now
	}
}

func (w *world) logOff(p *person) {
	s := w.sessionOf(p)
	if s == nil {
		return
	}
	w.endSession(s)
	w.changed()
}

func (w *world) endSession(s *session) {
	s.gone = true
	for i, o := range w.sessions {
		if o == s {
			w.sessions = append(w.sessions[:i:i], w.sessions[i+1:]...)
			break
		}
	}
	for _, p := range append([]*program(nil), w.programs...) {
		if p.owner == s.who.owner {
			w.endProgram(p)
		}
	}
	for _, pr := range s.prompts {
		if pr.by != nil {
			pr.by.wakeIn(0)
		}
	}
	s.prompts = nil
}

// present: somebody is working at the session.
func (s *session) present() bool { return !s.gone && !s.locked && !s.away && s.idle < 0 }

// lookAtPeople is what the machine shows of them.
func (w *world) lookAtPeople() events.Observation {
	o := events.Observation{SessionsKnown: w.now >= w.source.blind, Leaving: w.leaving, ResumedMS: -1}
	if w.resumed >= 0 {
		o.ResumedMS = w.now - w.resumed
	}
	if !o.SessionsKnown {
		return o
	}
	for _, s := range w.sessions {
		seen := events.Session{ID: s.id, Owner: s.who.owner, User: w.private(s.who.name), Kind: "graphical",
			Locked: s.locked, Away: s.away, Agent: s.agent, UnlockedMS: -1}
		if s.idle >= 0 {
			seen.IdleMS = w.now - s.idle
		}
		if s.unlocked >= 0 {
			seen.UnlockedMS = w.now - s.unlocked
		}
		o.Sessions = append(o.Sessions, seen)
	}
	return o
}

// private is a text that must be sealed before it is recorded. Only the
// engine seals.
func (w *world) private(s string) events.Text {
	if w.secrets {
		return events.Secret(s)
	}
	return events.Plain(s)
}
