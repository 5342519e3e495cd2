// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"maps"
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// How often a Watch looks again, and how long a failed look waits.
const (
	watchWindow  = 2 * events.Second  // while a window is open: closing the last program should be felt at once
	watchWaiting = 30 * events.Second // for programs, while a product waits
	watchPeople  = 10 * events.Second // for people, while a product waits for a change of them
	scanPause    = 5 * events.Second  // times the number of failed looks
)

// absence is how long nobody must be there before nobody is there.
const absence = 2 * events.Minute

// Due is all outstanding work, from the state alone: client first, then by
// product. After a restart the very same question is asked.
func Due(c *Client) []Effect {
	out := DueFor(c, "")
	for _, id := range slices.Sorted(maps.Keys(c.Products)) {
		out = append(out, DueFor(c, id)...)
	}
	return out
}

// DueFor is the outstanding work of one product, or with "" that of the client
// as a whole. A step changes only the work of the products that its events are about,
// and the client's; but a Restarted changes that of others, too: a report that was
// refused is due again, and in a new boot of the machine what awaited that is looked
// for. So does a ModeChanged, which holds back or lets go the reports of all. Whoever
// keeps work going asks for all of it then.
func DueFor(c *Client, product string) []Effect {
	if product == "" {
		return c.duePresence()
	}
	p := c.Product(product)
	if p == nil {
		return nil
	}
	var out []Effect
	add := func(n uint64, w Work) {
		out = append(out, Effect{Ticket: events.Ticket{Kind: w.kind(), Product: p.ID, Run: p.Run, N: n}, Work: w})
	}
	if p.Outcome == "" && p.Run > 0 {
		p.dueWork(c.Clock.Boot, add, &out)
	}
	switch {
	case len(p.Owed) > 0: // in the order of the runs
		out = append(out, Effect{Ticket: events.Ticket{Kind: events.KindSendReport, Product: p.ID, Run: p.Owed[0].Run, N: p.N.Report}, Work: p.owed()})
	case p.Run > 0 && p.Phase != events.PhaseReported && p.ReportDue() && !c.leaves(p) && p.ReportClass != reportRefused:
		add(p.N.Report, SendReport{Report: p.Want, Request: p.Request})
	}
	return out
}

// dueWork is the work of an open run in a boot of the machine.
func (p *Product) dueWork(boot string, add func(uint64, Work), out *[]Effect) {
	switch p.Phase {
	case events.PhasePending, events.PhaseDeferred:
		if p.Wait == nil {
			return // waits for the slot, whose owner has work
		}
		if !p.Wait.Until.IsZero() {
			add(p.N.Work, WakeAt{At: p.Wait.Until})
		}
		if p.watchesPrograms() {
			add(p.N.Watch, p.watch(watchWaiting))
		}
	case events.PhaseChecking:
		if !p.Prepared {
			add(p.N.Work, Prepare{Product: p.ID, Request: p.Request})
			return
		}
		add(p.N.Work, RunChecks{Package: p.Package, After: scanPause * events.Span(p.Scans)})
	case events.PhasePrompting:
		add(p.N.Work, WakeAt{At: p.Window.Deadline})
		add(p.N.Watch, p.watch(watchWindow))
		for _, a := range p.Window.Asks {
			if a.Answer != "" || a.Lost != "" {
				continue
			}
			w := *p.Window
			w.Asks = []events.Ask{a}
			*out = append(*out, Effect{
				Ticket: events.Ticket{Kind: events.KindAskUsers, Product: p.ID, Window: w.ID, Session: a.Session, Run: p.Run, N: a.N},
				Work:   AskUsers{Window: w, Ask: a},
			})
		}
	case events.PhaseKilling:
		calm := calmAfterUnlock
		if p.Closing.Why == closeAsked {
			calm = 0 // the person who agreed is there
		}
		add(p.N.Work, ClosePrograms{Package: p.Package, Targets: p.Closing.Targets,
			Grace: p.Policy.CloseGrace, Force: p.Closing.Force, Calm: calm})
	case events.PhaseInstalling:
		a := p.Attempt
		switch a.Stage {
		case StageCleared:
			add(p.N.Attempt, RunInstaller{Token: a.Token, Action: p.Action(), Package: p.Package, Resumes: p.Resumes})
		case StageBegun:
			add(p.N.Attempt, WaitInstaller{Token: a.Token, Supervisor: a.Supervisor, Installer: a.Installer,
				Package: p.Package, Action: p.Action(), Target: p.Target(), Stalled: a.Stalled != ""})
		case StageLost:
			add(p.N.Attempt, ProbeInstall{Token: a.Token, Package: p.Package, Action: p.Action(), Target: p.Target(),
				Detect: a.Suspect || !a.Installer.IsZero(), Installer: a.Installer})
		case StageExited:
			if a.Awaits == boot && boot != "" {
				return // the restart comes first
			}
			add(p.N.Attempt, VerifyInstall{Token: a.Token, Package: p.Package, Action: p.Action(), Target: p.Target()})
		}
	}
}

// watchesPrograms: the wait can end because programs ended.
func (p *Product) watchesPrograms() bool {
	switch p.Wait.Reason {
	case events.ReasonAlone, events.ReasonOwnerAway, events.ReasonNotAsked:
		return p.Prepared
	}
	return false
}

func (p *Product) watch(every events.Span) Watch {
	return Watch{Package: p.Package, Every: every, Programs: true, Known: ids(p.Blockers)}
}

// waitsForPeople: the wait can end because somebody left, unlocked or came.
func (p *Product) waitsForPeople() bool {
	if !p.Waiting() || p.Wait == nil {
		return false
	}
	switch p.Wait.Reason {
	case events.ReasonNoMetadata, events.ReasonNotBackground, events.ReasonNotAsked, events.ReasonAlone, events.ReasonOwnerAway, events.ReasonUnlock:
		return true
	}
	return false
}

// duePresence watches the people while a product waits for a change of them.
func (c *Client) duePresence() []Effect {
	waits, absent := false, false
	c.eachOpen(func(p *Product) {
		if p.waitsForPeople() {
			waits = true
			absent = absent || (p.Wait.Reason == events.ReasonNoMetadata || p.Wait.Reason == events.ReasonNotBackground || p.Wait.Reason == events.ReasonNotAsked)
		}
	})
	if !waits {
		return nil
	}
	tick := func(w Work) Effect {
		return Effect{Ticket: events.Ticket{Kind: w.kind(), N: c.Presence.N}, Work: w}
	}
	out := []Effect{tick(Watch{Every: watchPeople, Sessions: true, Present: c.Presence.Sessions, Informed: c.Presence.Known, Leaving: c.Presence.Leaving})}
	if absent && c.Presence.empty() && !c.Presence.Leaving {
		out = append(out, tick(WakeAt{At: c.Presence.Since.Add(absence)}))
	}
	return out
}

// empty: a source of sessions says that there is none.
func (p Presence) empty() bool { return p.Known && len(p.Sessions) == 0 }

func ids(ps []events.Process) []events.ProcessID {
	var out []events.ProcessID
	for _, p := range ps {
		out = append(out, p.ProcessID)
	}
	return out
}
