// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// ordered takes over in which order products come, if that differs for what is
// wanted now. What is done and has left the order is no difference.
func (d *step) ordered(o *events.Order) {
	if o == nil || len(o.Sequence) == 0 || d.c.follows(*o) {
		return
	}
	d.emit(events.OrderChanged{Order: *o})
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
		if _, twice := c.ranks[id]; !twice {
			c.ranks[id] = i
		}
	}
}

// Requires lists what must be done before the product.
func (c *Client) Requires(p *Product) []string {
	if _, ordered := c.ranks[p.ID]; ordered {
		return c.Order.Requires[p.ID]
	}
	return p.Request.Requires
}

// before reports whether p comes first: what has a place in the order before
// what has none, among these by priority, then by id.
func (c *Client) before(p, q *Product) bool {
	i, ordered := c.ranks[p.ID]
	j, other := c.ranks[q.ID]
	switch {
	case ordered && other:
		return i < j
	case ordered != other:
		return ordered
	case p.Request.Priority != q.Request.Priority:
		return p.Request.Priority > q.Request.Priority
	}
	return p.ID < q.ID
}

// obstacle is the product another one has to wait for, and why.
func (d *step) obstacle(p *Product) (string, events.Reason) {
	needed := d.c.Requires(p)
	if i := slices.IndexFunc(d.c.Reboot, func(id string) bool {
		q := d.c.Product(id)
		return q != nil && id != p.ID && (q.Policy.RebootGate == events.All || slices.Contains(needed, id))
	}); i >= 0 {
		return d.c.Reboot[i], events.ReasonReboot
	}
	for _, id := range needed {
		q := d.c.Product(id)
		if q == nil || q.Run == 0 || d.c.needs(q, p.ID) {
			continue // not ours to wait for, or a circle that nobody could leave
		}
		switch q.Outcome {
		case events.OutcomeOK, events.OutcomeWithdrawn:
			continue
		}
		return id, events.ReasonDependency
	}
	return "", ""
}

// needs reports whether p requires the product id, directly or through others.
func (c *Client) needs(p *Product, id string) bool {
	seen := map[string]bool{}
	var reaches func(*Product) bool
	reaches = func(p *Product) bool {
		for _, r := range c.Requires(p) {
			if r == id {
				return true
			}
			if seen[r] {
				continue
			}
			seen[r] = true
			if q := c.Product(r); q != nil && reaches(q) {
				return true
			}
		}
		return false
	}
	return reaches(p)
}
