// SPDX-License-Identifier: Apache-2.0

package view

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// ReasonSlot is told of a product that waits for nothing but the install slot.
const ReasonSlot = "slot"

// View is the client's state as seen at one moment. It only reads; whoever owns
// the client must not change it meanwhile.
type View struct {
	c     *fsm.Client
	wall  time.Time
	clock int64 // client's clock at that moment
}

// At is the state as seen at a moment; of the stamp only the times count.
func At(c *fsm.Client, now events.Stamped) View {
	// The client alone knows how its clock runs across boots. It tells how far a
	// moment lies ahead, so it is asked for the most distant one.
	far := events.Moment{Clock: math.MaxInt64}
	return View{c: c, wall: now.Wall.UTC(), clock: far.Clock - int64(c.Until(far, now))}
}

// AtLast is the state as seen at its last record: what a copied log tells.
func AtLast(c *fsm.Client) View {
	now := c.Now()
	return View{c: c, wall: now.Wall.UTC(), clock: now.Clock}
}

// since is how long ago a moment was, at least 0.
func (v View) since(m events.Moment) events.Span { return events.Span(max(v.clock-m.Clock, 0)) }

// Products lists all products by id, without their policies.
func (v View) Products() apitypes.Products {
	out := apitypes.Products{Schema: apitypes.SchemaProducts, At: v.wall, Seq: v.c.Seq, Products: []apitypes.Product{}}
	for _, id := range slices.Sorted(maps.Keys(v.c.Products)) {
		out.Products = append(out.Products, v.product(v.c.Products[id]))
	}
	return out
}

// Product is one product with its policy; false if the client does not know it.
func (v View) Product(id string) (apitypes.ProductDoc, bool) {
	p := v.c.Product(id)
	if p == nil {
		return apitypes.ProductDoc{}, false
	}
	doc := apitypes.ProductDoc{Schema: apitypes.SchemaProduct, At: v.wall, Seq: v.c.Seq, Product: v.product(p)}
	if p.Prepared || p.Policy.Origin != nil {
		doc.Policy = PolicyValues(p.Policy)
	}
	return doc, true
}

// Status is the client as a whole, as far as the log knows it: what belongs to
// a running daemon (version, process, sources, live sessions) is left empty.
func (v View) Status() apitypes.Status {
	s := apitypes.Status{
		Schema: apitypes.SchemaStatus, At: v.wall,
		Store:         apitypes.StoreState{ID: v.c.StoreID, Seq: v.c.Seq, Rules: v.c.Rules},
		Hold:          hold(v.c.Hold),
		Observe:       hold(v.c.Observe),
		Slot:          v.c.Slot,
		Reboot:        v.c.Reboot,
		SessionsKnown: v.c.Presence.Known,
		Sessions:      []apitypes.Session{},
		Sources:       []apitypes.Source{},
		Phases:        map[string]int{},
	}
	for _, id := range v.c.Order.Sequence {
		if p := v.c.Product(id); p != nil && p.Open() {
			s.Order = append(s.Order, id)
		}
	}
	for _, m := range v.c.Presence.Sessions {
		s.Sessions = append(s.Sessions, apitypes.Session{ID: m.ID, Owner: m.Owner, Locked: m.Locked, Away: m.Away})
	}
	for _, p := range v.c.Products {
		s.Phases[string(p.Phase)]++
	}
	return s
}

func (v View) product(p *fsm.Product) apitypes.Product {
	k := p.Counter()
	row := p.Want
	if row.ProductID == "" {
		row = p.Row
	}
	out := apitypes.Product{
		ID: p.ID, Name: p.Package.Name, Phase: string(p.Phase), Run: p.Run,
		Action: string(p.Action()), Version: p.Target(), Installed: row.Version(), Status: row.InstallationStatus,
		Since: wall(p.Since), Round: p.Round, Waits: v.waits(p),
		Defers:     apitypes.Count{Used: k.Defers, Max: p.Policy.MaxDefer},
		Unanswered: apitypes.Count{Used: k.Unanswered, Max: p.Policy.MaxUnanswered},
		Rechecks:   apitypes.Count{Used: p.Rechecks, Max: p.Policy.MaxRecheck},
		Window:     window(p.Window),
		Attempt:    attempt(p),
		Held:       hold(p.Hold),
		Priority:   p.Request.Priority,
		Requires:   v.c.Requires(p),
		Script:     p.Package.Script != "",
		Report: apitypes.ReportState{Wanted: apitypes.ReportRow{
			ProductID: p.Want.ProductID, ProductType: p.Want.ProductType, InstallationStatus: p.Want.InstallationStatus,
			ActionRequest: string(p.Want.ActionRequest), ActionProgress: p.Want.ActionProgress,
			ActionResult: p.Want.ActionResult, LastAction: string(p.Want.LastAction),
			ProductVersion: p.Want.ProductVersion, PackageVersion: p.Want.PackageVersion,
		}, Accepted: !p.ReportDue(), Class: p.ReportClass, Reason: p.ReportWhy},
	}
	if p.Outcome != "" {
		out.Outcome = &apitypes.Outcome{Outcome: string(p.Outcome), Reason: p.Why, At: wall(p.Ended)}
	}
	if p.Next != nil {
		out.Next = &apitypes.Next{Action: string(p.Next.Row.ActionRequest), Version: p.Next.Target()}
	}
	out.OverdueWhy = v.overdue(p)
	out.Overdue = out.OverdueWhy != ""
	return out
}

// waits tells what a product waits for; with no wait of its own it is the slot.
func (v View) waits(p *fsm.Product) *apitypes.Waits {
	switch {
	case p.Wait != nil && p.Wait.Reason == events.ReasonHeld && p.Hold != nil:
		// Two orders may hold it; its own is the one that is left in the end.
		return &apitypes.Waits{Reason: string(p.Wait.Reason), Detail: p.Hold.Reason, Since: wall(p.Wait.Since)}
	case p.Wait != nil:
		return &apitypes.Waits{Reason: string(p.Wait.Reason), Detail: p.Wait.Detail, Since: wall(p.Wait.Since), Until: wall(p.Wait.Until)}
	case v.awaitsRestart(p):
		return &apitypes.Waits{Reason: string(events.ReasonReboot), Detail: p.ID, Since: wall(p.Attempt.Ended)}
	case p.Waiting() && v.c.Slot != "" && v.c.Slot != p.ID:
		return &apitypes.Waits{Reason: ReasonSlot, Detail: v.c.Slot}
	}
	return nil
}

// awaitsRestart: what the installer did is looked for again after a restart of the machine.
func (v View) awaitsRestart(p *fsm.Product) bool {
	a := p.Attempt
	return p.Open() && a != nil && a.Awaits != "" && a.Awaits == v.c.Clock.Boot
}

func window(w *events.Window) *apitypes.Window {
	if w == nil {
		return nil
	}
	out := &apitypes.Window{ID: w.ID, Opened: w.Opened.Wall, Deadline: w.Deadline.Wall, Default: string(w.Default),
		Final: w.Final, Choices: []string{}, Asks: []apitypes.Asked{}}
	for _, c := range w.Choices {
		out.Choices = append(out.Choices, string(c))
	}
	for _, a := range w.Asks {
		out.Asks = append(out.Asks, apitypes.Asked{Session: a.Session, Owner: a.Owner, Shown: a.Shown, Lost: a.Lost,
			Answer: string(a.Answer), Programs: len(a.Programs)})
	}
	return out
}

func attempt(p *fsm.Product) *apitypes.Attempt {
	a := p.Attempt
	if a == nil {
		return nil
	}
	out := &apitypes.Attempt{N: a.N, Max: p.Policy.MaxAttempts, Token: a.Token, PID: a.Installer.PID,
		Supervisor: a.Supervisor.PID, Began: wall(a.Since), Meaning: a.Meaning}
	switch a.Stage {
	case fsm.StageBegun:
		out.State = "running"
		if a.Stalled != "" {
			out.State = "stalled"
		}
	case fsm.StageExited:
		out.State = "ended"
		exit := a.Exit
		out.Exit, out.Ended = &exit, wall(a.Ended)
	default:
		out.State = string(a.Stage)
	}
	return out
}

func hold(h *fsm.Hold) *apitypes.Hold {
	if h == nil {
		return nil
	}
	return &apitypes.Hold{Reason: h.Reason, Since: wall(h.Since), Actor: h.Actor}
}

// wall is a moment for people, nil if none is meant.
func wall(m events.Moment) *time.Time {
	if m.IsZero() {
		return nil
	}
	t := m.Wall.UTC()
	return &t
}
