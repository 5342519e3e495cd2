// SPDX-License-Identifier: Apache-2.0

package view

import (
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// Reveal turns a text that may be private into what may be told of it.
type Reveal func(events.Text) string

// Open tells private texts too, as far as their values are at hand: not sealed
// yet, or among the parts given.
func Open(parts map[string]events.Part) Reveal {
	return func(t events.Text) string {
		s, ok := t.Reveal(parts)
		if !ok {
			return ""
		}
		return s
	}
}

// Processes tells what a look at the machine found for a product.
func Processes(product string, at time.Time, seen events.Observation, reveal Reveal) apitypes.Processes {
	return apitypes.Processes{Schema: apitypes.SchemaProcesses, At: at.UTC(), Product: product,
		Complete: seen.Complete, Reason: seen.Reason, Processes: Programs(seen.Programs, reveal)}
}

// Programs tells of found programs.
func Programs(ps []events.Process, reveal Reveal) []apitypes.Process {
	out := []apitypes.Process{}
	for _, p := range ps {
		out = append(out, apitypes.Process{PID: p.PID, Start: p.Start, Name: p.Name, Path: reveal(p.Path),
			Owner: p.Owner, Session: p.Session, Class: string(p.Class), Blocks: p.Class.Blocks(), Rule: p.Rule})
	}
	return out
}

// Sessions tells who is at the machine.
func Sessions(seen events.Observation, reveal Reveal) []apitypes.Session {
	out := []apitypes.Session{}
	for _, s := range seen.Sessions {
		out = append(out, apitypes.Session{ID: s.ID, Owner: s.Owner, User: reveal(s.User), Kind: s.Kind,
			Locked: s.Locked, Away: s.Away, Agent: s.Agent})
	}
	return out
}
