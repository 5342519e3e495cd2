// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// bent is a fault built into a world by a test, to see whether the judge finds
// it. The zero bent is straight: the real functions are asked.
type bent struct {
	blindToFiles bool // an attempt's file is not looked at before a start
	pidOnly      bool // a process is known by its number alone
	noLastLook   bool // nobody looks again before an installer starts
	acksEarly    bool // an input is acknowledged before it is in the log
	forgetsFiles bool // an outcome's file goes before its record is there

	onDecide func(*fsm.Client, events.Stamped) ([]events.Event, error)
	onDue    func(*fsm.Client, string) []fsm.Effect
	onStamp  func(*world, events.Stamped) events.Stamped
	onStart  func(*fsm.Client) // what a start remembers
}

func (b *bent) decide(c *fsm.Client, in events.Stamped) ([]events.Event, error) {
	if b.onDecide != nil {
		return b.onDecide(c, in)
	}
	return fsm.Decide(c, in)
}

func (b *bent) due(c *fsm.Client, product string) []fsm.Effect {
	if b.onDue != nil {
		return b.onDue(c, product)
	}
	return fsm.DueFor(c, product)
}

func (b *bent) stamp(w *world, in events.Stamped) events.Stamped {
	if b.onStamp != nil {
		return b.onStamp(w, in)
	}
	return in
}

func (b *bent) remembers(c *fsm.Client) {
	if b.onStart != nil {
		b.onStart(c)
	}
}
