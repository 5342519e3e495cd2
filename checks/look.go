// SPDX-License-Identifier: Apache-2.0

package checks

import (
	"context"
	"fmt"
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// Look tells which programs a package's installer would disturb, and who is at
// the machine. Complete is true only if every program could be seen; otherwise
// Reason says why not, and what was found is still listed.
func Look(ctx context.Context, h Host, p events.Package) events.Observation {
	people, err := h.People(ctx)
	o := observed(people, err)
	o.Scanned, o.Reason = true, ""
	rules := h.Rules()
	m, err := NewMatcher(rules, p.Dirs, p.Processes, h.Resolve)
	if err != nil {
		o.Reason = err.Error()
		return o
	}
	if m.Empty() {
		o.Complete = true
		return o
	}
	found, err := h.Find(ctx, m)
	if err != nil {
		o.Reason = err.Error()
	}
	o.Complete = err == nil
	for _, f := range found {
		o.Programs = append(o.Programs, finding(rules, f, people))
	}
	events.SortProcesses(o.Programs)
	if n := room(o.Programs); n < len(o.Programs) {
		o.Complete = false
		o.Reason = fmt.Sprintf("%d programs are too many to be closed for one package: it looks in too wide a place, or somebody starts them on purpose", len(o.Programs))
		o.Programs = o.Programs[:n]
	}
	return o
}

// maxFound bounds what the programs of one look take in a record, in bytes: about
// 8,000 with paths of usual length. A machine of many users has hundreds of
// processes of one program; whoever starts more keeps a package waiting, but must
// not make a record that is too long for the log.
const maxFound = 2 << 20

// room is how many of the programs there is room for.
func room(found []events.Process) int {
	const members = 200 // of a process in a record, about
	size := 0
	for i, p := range found {
		if size += members + len(p.Path.String()) + len(p.Name) + len(p.Rule) + len(p.Owner) + len(p.Session); size > maxFound {
			return i
		}
	}
	return len(found)
}

// LookAtPeople tells who is at the machine and looks for no programs. Without
// sessions Reason says why.
func LookAtPeople(ctx context.Context, h Host) events.Observation {
	people, err := h.People(ctx)
	return observed(people, err)
}

func observed(people People, err error) events.Observation {
	o := events.Observation{SessionsKnown: people.Known && err == nil, Leaving: people.Leaving, ResumedMS: people.ResumedMS}
	if err != nil {
		// Whom a half-read list leaves out is there too: better nobody listed
		// and everything possible than a list that is taken for whole.
		o.Reason = err.Error()
		return o
	}
	o.Sessions = slices.Clone(people.Sessions)
	return o
}

func finding(rules PathRules, f Program, people People) events.Process {
	out := events.Process{
		ProcessID: f.ID,
		Name:      rules.Base(f.Path),
		Path:      events.Plain(f.Path),
		Owner:     f.Owner,
		Session:   sessionFor(f, people.Sessions),
		Class:     Classify(rules, f),
		Rule:      f.Rule,
	}
	if rules.Private(f.Path) {
		out.Path = events.Secret(f.Path)
	}
	if slices.Contains(people.Leaders, f.ID.PID) {
		out.Class = events.ClassVital
	}
	return out
}

// sessionFor returns the session a program belongs to: one of those it may go
// by if that person is there, else its owner's, a graphical one first.
func sessionFor(f Program, there []events.Session) string {
	for _, id := range f.Sessions {
		if slices.ContainsFunc(there, func(s events.Session) bool { return s.ID == id }) {
			return id
		}
	}
	owners := ""
	for _, s := range there {
		if f.Owner == "" || s.Owner != f.Owner {
			continue
		}
		if s.Kind == KindGraphical {
			return s.ID
		}
		if owners == "" {
			owners = s.ID
		}
	}
	if len(there) == 0 && len(f.Sessions) > 0 {
		return f.Sessions[0]
	}
	return owners
}

// The kinds of session.
const (
	KindGraphical = "graphical"
	KindTerminal  = "terminal"
	KindRemote    = "remote"
)
