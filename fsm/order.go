// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// ordered takes over in which order products come, if that differs for what is
// wanted now. What is done and has left the order is no difference.
func (d *step) ordered(o *events.Order) {
	if o == nil || len(o.Sequence) == 0 {
		return
	}
	once := events.Order{Sequence: each(o.Sequence), Requires: o.Requires}
	if !d.c.follows(once) {
		d.emit(events.OrderChanged{Order: once})
	}
}

// each gives every id once, at its first place.
func each(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		twice := seen[id]
		seen[id] = true
		return twice
	})
}

// follows reports whether the order known says the same of the products of o.
func (c *Client) follows(o events.Order) bool {
	last := -1
	for _, id := range o.Sequence {
		i, known := c.ranks[id]
		if !known || i <= last || !slices.Equal(c.Order.Requires[id], o.Requires[id]) {
			return false
		}
		last = i
	}
	return true
}

// setOrder replaces the order and what is derived from it.
func (c *Client) setOrder(o events.Order) {
	c.Order, c.ranks = o, make(map[string]int, len(o.Sequence))
	for i, id := range o.Sequence {
		c.ranks[id] = i
	}
}

// Requires lists the products that must be done before the product.
func (c *Client) Requires(p *Product) []string {
	if _, ordered := c.ranks[p.ID]; !ordered {
		return p.Request.Requires
	}
	var out []string
	for _, r := range c.Order.Requires[p.ID] {
		out = append(out, r.Product)
	}
	return out
}

// requirements are those with what each product must be.
func (c *Client) requirements(p *Product) []events.Requirement {
	if _, ordered := c.ranks[p.ID]; ordered {
		return c.Order.Requires[p.ID]
	}
	var out []events.Requirement
	for _, id := range p.Request.Requires {
		out = append(out, events.Requirement{Product: id})
	}
	return out
}

// fulfilled reports whether a product is what another one requires. What is
// being worked on is not: its action comes first.
func (p *Product) fulfilled(r events.Requirement) bool {
	switch {
	case p.Outcome == "":
		return false
	case r.Status == "":
		return p.Outcome == events.OutcomeOK || p.Outcome == events.OutcomeWithdrawn
	case p.status() != r.Status:
		return false
	case p.Outcome == events.OutcomeFailed, p.Outcome == events.OutcomeUnknown:
		return leadsTo(p.Action()) != r.Status // an older version may be there: not what was wanted
	}
	return true
}

// status is what the product is after its last run, as far as is known here. The
// source may not know yet.
func (p *Product) status() string {
	if !p.reports() {
		return p.Request.Row.InstallationStatus // nothing was done: what the run began with
	}
	return p.Want.InstallationStatus
}

// leadsTo is the status that an action is about, "" if it is about none; opsi's.
func leadsTo(a events.Action) string {
	switch a {
	case events.ActionSetup, events.ActionUpdate, events.ActionAlways:
		return events.StatusInstalled
	case events.ActionUninstall, events.ActionOnce:
		return events.StatusNotInstalled
	}
	return ""
}

// before reports whether p comes first: what is half done before all others, what
// has a place in the order before what has none, among these by priority, then by id.
func (c *Client) before(p, q *Product) bool {
	i, ordered := c.ranks[p.ID]
	j, other := c.ranks[q.ID]
	switch {
	case p.Resumes != q.Resumes:
		return p.Resumes
	case ordered && other:
		return i < j
	case ordered != other:
		return ordered
	case p.Request.Priority != q.Request.Priority:
		return p.Request.Priority > q.Request.Priority
	}
	return p.ID < q.ID
}

// obstacle is the product another one has to wait for, and why. It is the product
// itself where its own script goes on after a restart.
func (d *step) obstacle(p *Product) (string, events.Reason) {
	if p.Resumes && slices.Contains(d.c.Reboot, p.ID) {
		return p.ID, events.ReasonReboot
	}
	needed := d.c.requirements(p)
	if i := slices.IndexFunc(d.c.Reboot, func(id string) bool {
		q := d.c.Product(id)
		return q != nil && id != p.ID && (q.Policy.RebootGate == events.All ||
			slices.ContainsFunc(needed, func(r events.Requirement) bool { return r.Product == id }))
	}); i >= 0 {
		return d.c.Reboot[i], events.ReasonReboot
	}
	for _, r := range needed {
		q := d.c.Product(r.Product)
		if q == nil || q.Run == 0 || q.fulfilled(r) || d.c.needs(q, p.ID) {
			continue // not ours to wait for, done, or a circle that nobody could leave
		}
		return r.Product, events.ReasonDependency
	}
	return "", ""
}

// needs reports whether p requires the product id, directly or through others.
func (c *Client) needs(p *Product, id string) bool {
	seen := map[string]bool{}
	var reaches func(*Product) bool
	reaches = func(p *Product) bool {
		for _, r := range c.requirements(p) {
			if r.Product == id {
				return true
			}
			if seen[r.Product] {
				continue
			}
			seen[r.Product] = true
			if q := c.Product(r.Product); q != nil && reaches(q) {
				return true
			}
		}
		return false
	}
	return reaches(p)
}
