// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"encoding/json"
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// forgetPrompt bounds what is remembered of sessions that are long gone.
const forgetPrompt = 30 * events.Day

// Apply folds a record into the client. It is the only way state changes. It is
// total: what was recorded is a fact and is never refused.
func Apply(c *Client, s events.Step) {
	if c.Seq == 0 {
		for _, e := range s.Did {
			if cp, ok := e.(events.Checkpointed); ok {
				c.load(cp)
			}
		}
	}
	in := s.Stamp()
	now := c.at(in)
	f := c.fork() // copies each touched product once, however many events touch it
	for _, e := range s.Did {
		f.fold(e, s.Seq, now, s.Actor)
	}
	c.join(f, s.Seq, now, in)
}

// load takes a checkpoint's state over, when a log begins with it.
func (c *Client) load(e events.Checkpointed) {
	if e.Shape != Shape {
		return // no other shape exists; a later one brings its upcaster
	}
	n := New(c.table)
	if json.Unmarshal(e.State, n) == nil {
		if n.Products == nil {
			n.Products = map[string]*Product{}
		}
		n.table = c.table
		n.setOrder(n.Order)
		*c = *n
	}
}

// snapshot is what a checkpoint stores.
func (c *Client) snapshot() (json.RawMessage, error) {
	s := *c
	s.Products = map[string]*Product{}
	c.each(func(p *Product) { s.Products[p.ID] = p })
	return json.Marshal(&s)
}

// fold changes the client by one event.
func (c *Client) fold(e events.Event, seq uint64, now events.Moment, actor string) {
	switch e := e.(type) {
	case events.ClientBorn:
		c.StoreID = e.StoreID
	case events.ClientRestarted:
		c.Presence.Since, c.Presence.N = now, seq // who came and went meanwhile is not known
		c.each(func(p *Product) {
			if p.ReportClass == reportRefused { // a restart may have brought what was missing
				q := c.own(p.ID)
				q.ReportClass, q.ReportWhy = "", ""
			}
		})
	case events.RulesChanged:
		c.Rules = e.Rules
	case events.OrderChanged:
		c.setOrder(e.Order)
	case events.PresenceChanged:
		c.Presence = Presence{Known: e.Known, Sessions: e.Sessions, Leaving: e.Leaving, Since: now, N: seq}
	case events.StoreForked:
		for _, id := range e.Products {
			c.own(id).Suspect = true
		}
	case events.RebootDone:
		c.Reboot = nil
	case events.HoldPlaced:
		h := &Hold{Reason: e.Reason, Actor: actor, Since: now}
		if e.Product == "" {
			c.Hold = h
		} else {
			c.own(e.Product).Hold = h
		}
	case events.HoldReleased:
		if e.Product == "" {
			c.Hold = nil
		} else {
			c.own(e.Product).Hold = nil
		}
	case events.ModeChanged:
		c.foldMode(e, seq, now, actor)
	case events.RebootWanted:
		if !slices.Contains(c.Reboot, e.Product) {
			c.Reboot = slices.Sorted(slices.Values(append(slices.Clone(c.Reboot), e.Product)))
		}
	}
	if id := e.About(); id != "" {
		p := c.own(id)
		was := p.Phase
		if to, ok := c.table.Next(p.Phase, e); ok {
			p.Phase = to
		}
		c.foldProduct(p, e, seq, now)
		if p.Phase != was {
			p.N.Work, p.N.Watch = seq, seq
		}
		c.foldSlot(p)
		c.foldReport(p, seq)
	}
}

// foldReport takes over what the source should show for the product now.
func (c *Client) foldReport(p *Product, seq uint64) {
	if want := c.shows(p); want != p.Want {
		p.Unsure = p.Unsure || p.Want != p.Row && p.Phase != events.PhaseReported
		p.Want, p.N.Report = want, seq
		if p.ReportClass == reportRefused {
			p.ReportClass, p.ReportWhy = "", "" // a different report has its own fate
		}
	}
}

// foldSlot gives the slot to a product that is worked on and takes it when the
// work is over or waits, or is an attempt that others need not wait for.
func (c *Client) foldSlot(p *Product) {
	switch p.Phase {
	case events.PhaseChecking, events.PhasePrompting, events.PhaseKilling, events.PhaseInstalling:
		if p.Outcome == "" && !p.Attempt.Yields() {
			switch c.Slot {
			case "":
				c.Slot = p.ID
			case p.ID:
			default:
				p.beside(true)
			}
			return
		}
	}
	if c.Slot == p.ID {
		c.Slot = ""
		c.takeBack()
	}
}

// takeBack gives the free slot to an attempt that stalled once and does no more.
func (c *Client) takeBack() {
	var first *Product
	c.eachOpen(func(p *Product) {
		if a := p.Attempt; a != nil && a.Beside && a.Stalled == "" && a.Awaits == "" && (first == nil || p.ID < first.ID) {
			first = p
		}
	})
	if first != nil {
		c.own(first.ID).beside(false)
		c.Slot = first.ID
	}
}

// beside notes whether another product has the slot that the attempt should have.
func (p *Product) beside(yes bool) {
	if p.Attempt != nil { // else its check begins again, and it gets in line
		a := *p.Attempt
		a.Beside = yes
		p.Attempt = &a
	}
}

func (c *Client) foldProduct(p *Product, e events.Event, seq uint64, now events.Moment) {
	switch e := e.(type) {
	case events.Accepted:
		row, owed := e.Request.Row, p.Owed
		if p.Outcome != "" && p.ReportDue() && p.reports() { // the report of the run before is carried along
			owed = append(slices.Clone(owed), Owed{Report: p.Want, Request: p.Request, Run: p.Run})
		}
		if len(owed) > 0 {
			row = p.Row
		}
		*p = Product{ID: p.ID, Phase: p.Phase, Run: e.Run, Request: e.Request, Since: now, Row: row, Owed: owed,
			Policy: p.Policy, Package: p.Package, Last: p.Last, LastWhy: p.LastWhy,
			Counters: p.Counters, Hold: p.Hold, Want: row, Unsure: p.Unsure, Suspect: p.Suspect, N: p.N}
		if e.Run == 1 {
			p.Policy = events.DefaultPolicy()
		}
		p.N.Work = seq
	case events.Queued:
		p.Next = &e.Request
		if e.Request.Row.ActionRequest == p.Action() && e.Request.Target() == p.Target() {
			p.Next = nil // the running request was set again
		}
	case events.Retargeted:
		p.Retarget, p.Next = &e.Request, nil
	case events.Held:
		p.wait(e.Reason, e.Detail, e.Until, now)
		if e.Reason != events.ReasonObserved { // of that the source is told nothing
			p.Progress = waitText(e.Reason, e.Detail)
		}
		p.N.Work, p.N.Watch = seq, seq
	case events.Deferred:
		p.wait(e.Reason, e.Detail, e.Until, now)
		if e.Counted || e.Reason == events.ReasonUnanswered {
			p.count(func(k *Counter) {
				if k.First.IsZero() {
					k.First = now
				}
				if e.Counted {
					k.Defers = e.Count
				} else {
					k.Unanswered++
				}
			})
		}
		p.Closing, p.Attempt, p.Put = nil, nil, true
		if e.Reason != events.ReasonObserved || p.Starts > 0 && tellsOfRestart(p.Progress) { // which has been
			p.Progress = deferredText(e, p)
		}
		p.N.Work, p.N.Watch = seq, seq
	case events.WaitEnded:
		p.Wait = nil
		p.N.Work = seq
	case events.ChecksStarted:
		p.Round, p.Prepared, p.Wait = e.Round, false, nil
		p.Scans, p.Rechecks, p.Returns = 0, 0, 0
		p.Blockers = nil
		if p.Retarget != nil {
			row := p.Request.Row
			p.Request, p.Retarget = *p.Retarget, nil
			p.Request.Row = row
		}
	case events.RoundPrepared:
		p.Prepared = true
		if e.Policy != nil {
			p.Policy = *e.Policy
		}
		if e.Package != nil {
			if x := e.Package; x.Script != p.Package.Script || x.ProductVersion != p.Package.ProductVersion || x.PackageVersion != p.Package.PackageVersion {
				p.Resumes, p.Alone = false, false // people agreed to what was there, and nobody knows how this one begins
			}
			p.Package = *e.Package
		}
		// What is installed is what the package holds now, whatever was offered.
		p.Request.ProductVersion, p.Request.PackageVersion = p.Package.ProductVersion, p.Package.PackageVersion
		p.N.Work = seq
	case events.ScanFailed:
		p.Scans = e.N
		p.N.Work = seq
	case events.Rechecked:
		p.Rechecks = e.N
	case events.SentBack:
		p.Returns, p.Closing = e.Returns, nil
		p.N.Work = seq
	case events.CloseAgreed:
		p.Closing = &e
	case events.CountersReset:
		p.Counters = nil
		if w := p.Waited; w != nil && p.Progress != waitText(w.Reason, w.Detail) { // it tells the count
			p.Progress = deferredText(events.Deferred{Reason: w.Reason, Detail: w.Detail, Counted: true}, p)
		}
	case events.Detected:
		p.Found = &e.Found
	case events.Finished:
		p.Outcome, p.Why, p.Ran, p.Ended = e.Outcome, e.Reason, e.Ran, now
		p.Wait, p.Closing = nil, nil
		if e.Ran || e.Outcome == events.OutcomeFailed || e.Outcome == events.OutcomeWithdrawn {
			p.count(func(k *Counter) { *k = Counter{} })
		}
		p.N.Work = seq
	case events.ReportAccepted:
		p.Row = e.Report
		p.Unsure = p.Unsure && e.Report != p.Want
		p.ReportClass, p.ReportWhy = "", ""
		if len(p.Owed) > 0 && p.owed().Report == e.Report {
			p.Owed = p.Owed[1:]
			if p.Open() {
				p.Row.ActionRequest = p.Action() // a source leaves a newer request alone
			}
		}
	case events.ReportRefused:
		p.ReportClass, p.ReportWhy = e.Class, e.Reason
		if e.Class == reportRefused && len(p.Owed) > 0 {
			p.Owed, p.ReportClass = p.Owed[1:], "" // it will never be taken; what follows has its own fate
		}
	case events.Reported:
		p.Wait, p.Closing, p.Attempt, p.Window = nil, nil, nil, nil
		p.Next, p.Retarget, p.Blockers = nil, nil, nil
		p.Unsure = false
	default:
		c.foldWindow(p, e, seq, now)
		c.foldAttempt(p, e, seq, now)
	}
}

// wait keeps the beginning of a wait for the same reason: its age is told to people.
func (p *Product) wait(r events.Reason, detail string, until, now events.Moment) {
	since := now
	if p.Waited != nil && p.Waited.Reason == r && p.Waited.Detail == detail {
		since = p.Waited.Since
	}
	p.Wait = &Wait{Reason: r, Detail: detail, Since: since, Until: until}
	p.Waited = p.Wait
}

func (c *Client) foldWindow(p *Product, e events.Event, seq uint64, now events.Moment) {
	switch e := e.(type) {
	case events.WindowOpened:
		w := e.Window
		w.Asks = slices.Clone(w.Asks)
		for i := range w.Asks {
			w.Asks[i].N, w.Asks[i].Added = seq, seq
		}
		p.Window, p.Windows = &w, p.Windows+1
		p.Blockers = shownIn(w.Asks)
		p.N.Work, p.N.Watch = seq, seq
	case events.WindowSeen:
		p.changeAsk(e.Window, e.Session, func(a *events.Ask) { a.Shown, a.ShownC, a.Lost = true, now.Clock, "" })
		c.prompted(e.Session, p, now)
	case events.WindowLost:
		p.changeAsk(e.Window, e.Session, func(a *events.Ask) { a.Lost = e.Reason })
	case events.Answered:
		p.changeAsk(e.Window, e.Session, func(a *events.Ask) {
			if !a.Shown { // who answered has seen it, though the word of that was lost
				c.prompted(e.Session, p, now)
			}
			a.Answer, a.Covers = e.Choice, e.Covers
		})
	case events.ProgramsChanged:
		p.Blockers = e.Programs
		p.N.Watch = seq
		if p.Window != nil && p.Window.ID == e.Window {
			w := *p.Window
			w.Asks = mergeAsks(w.Asks, e.Asks, seq)
			p.Window = &w
		}
	case events.WindowClosed:
		if p.Window != nil && p.Window.ID == e.Window {
			p.Last, p.LastWhy, p.Window = p.Window, e.Why, nil
		}
	}
}

// changeAsk replaces one session's part of the open window.
func (p *Product) changeAsk(window, session string, change func(*events.Ask)) {
	if p.Window == nil || p.Window.ID != window {
		return
	}
	w := *p.Window
	w.Asks = slices.Clone(w.Asks)
	for i := range w.Asks {
		if w.Asks[i].Session == session {
			change(&w.Asks[i])
		}
	}
	p.Window = &w
}

// mergeAsks keeps of the old parts what was shown and answered. A part with a
// new program is asked again: neither what was seen nor what was answered
// before covers it. A session is the same only with the same owner, because ids
// are used again.
func mergeAsks(old, now []events.Ask, seq uint64) []events.Ask {
	out := slices.Clone(now)
	for i, a := range out {
		j := slices.IndexFunc(old, func(o events.Ask) bool { return o.Session == a.Session && o.Owner == a.Owner })
		if j < 0 {
			out[i].N, out[i].Added = seq, seq
			continue
		}
		o := old[j]
		added := slices.ContainsFunc(a.Programs, func(p events.Process) bool { return !has(o.Programs, p.ProcessID) })
		gone := slices.ContainsFunc(o.Programs, func(p events.Process) bool { return !has(a.Programs, p.ProcessID) })
		o.Programs = a.Programs
		if added {
			o.Added, o.Answer, o.Covers, o.Shown, o.ShownC = seq, "", nil, false, 0
		}
		if added || gone {
			o.N = seq
		}
		out[i] = o
	}
	return out
}

func (c *Client) foldAttempt(p *Product, e events.Event, seq uint64, now events.Moment) {
	switch e := e.(type) {
	case events.InstallCleared:
		p.Starts, p.Attempts = e.Attempt, p.Attempts+1
		p.Attempt = &Attempt{N: e.Attempt, Token: e.Token, Stage: StageCleared, Since: now}
		p.Blockers, p.Closing = nil, nil
		p.N.Attempt = seq
	case events.InstallBegun:
		c.changeAttempt(p, e.Token, seq, func(a *Attempt) {
			a.Stage, a.Supervisor, a.Installer = StageBegun, e.Supervisor, e.Installer
		})
	case events.AttemptStalled:
		p.stalls(e.Token, e.What)
	case events.AttemptWentOn:
		p.stalls(e.Token, "")
	case events.RestartAwaited:
		c.changeAttempt(p, e.Token, seq, func(a *Attempt) { a.Awaits = e.Boot })
	case events.AttemptLost:
		if p.Attempt == nil || p.Attempt.Token != e.Token {
			p.Starts, p.Attempts = p.Starts+1, p.Attempts+1
			p.Attempt = &Attempt{N: p.Starts, Token: e.Token, Since: now}
			p.Closing, p.Blockers = nil, nil
		}
		suspect := p.Suspect
		p.Suspect = false
		p.stalls(e.Token, "")
		c.changeAttempt(p, e.Token, seq, func(a *Attempt) { a.Stage, a.Suspect = StageLost, a.Suspect || suspect })
	case events.InstallerExited:
		// A script that put itself off, or stopped for a restart of the machine, has not
		// failed; the interval and the restart keep it from going round in circles.
		if a := p.Attempt; a != nil && a.Token == e.Token && (e.Meaning == meansDeferred || e.Meaning == meansInterrupted) {
			p.Attempts = max(p.Attempts-1, 0)
		}
		if a := p.Attempt; a != nil && a.Token == e.Token && e.Meaning != meansNotNow && e.Meaning != meansOccupied && e.Meaning != meansUntouched { // these did not begin
			p.Resumes = e.Meaning == meansInterrupted || e.Meaning == meansLogout
			p.Alone = e.Meaning == meansLogout
			p.Touched = p.Touched || p.Resumes
		}
		p.stalls(e.Token, "")
		c.changeAttempt(p, e.Token, seq, func(a *Attempt) {
			a.Stage, a.Exit, a.Meaning, a.Ended = StageExited, e.Exit, e.Meaning, now
		})
	case events.AttemptVoided:
		p.Attempt, p.Attempts = nil, max(p.Attempts-1, 0)
		p.N.Attempt = seq
	case events.AttemptRepeated:
		p.Attempt, p.Touched = nil, true
		p.N.Attempt = seq
	}
}

// stalls notes what the attempt seems to wait for, "" = for nothing any more. Its
// work stays due as it is: what waits for its end goes on.
func (p *Product) stalls(token, what string) {
	if a := p.Attempt; a != nil && a.Token == token && a.Stalled != what {
		b := *a
		b.Stalled, b.Beside = what, false // foldSlot knows who has the slot
		p.Attempt = &b
	}
}

func (c *Client) changeAttempt(p *Product, token string, seq uint64, change func(*Attempt)) {
	if p.Attempt == nil || p.Attempt.Token != token {
		return // a late outcome of an attempt that is over: recorded, changes nothing
	}
	a := *p.Attempt
	change(&a)
	p.Attempt = &a
	p.N.Attempt = seq
}

// shownIn is the union of the programs of all parts, by pid.
func shownIn(asks []events.Ask) []events.Process {
	var out []events.Process
	for _, a := range asks {
		for _, q := range a.Programs {
			if !has(out, q.ProcessID) {
				out = append(out, q)
			}
		}
	}
	events.SortProcesses(out)
	return out
}

// has reports whether a process is in the list, by pid and start alone.
func has(ps []events.Process, id events.ProcessID) bool {
	return slices.ContainsFunc(ps, func(p events.Process) bool { return p.ProcessID == id })
}
