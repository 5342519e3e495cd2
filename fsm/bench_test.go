// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"errors"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

// history is the log of a run that is put off twice, as decoded steps.
func history(b *testing.B) (*Table, []events.Step) {
	w := newWorld(b)
	w.seen.Sessions = []events.Session{session("c2", "uid:1000")}
	w.seen.Programs = []events.Process{proc(1, "a", "uid:1000", "dir /opt/a")}
	for range 50 {
		w.must(events.RequestsObserved{Trigger: "operator", Requests: []events.Request{w.request("a", events.ActionSetup, "1")}})
		for _, c := range []events.Choice{events.ChoiceDefer, events.ChoiceDefer, events.ChoiceKill} {
			w.mechanical("a")
			ask := w.needDue("a", events.KindAskUsers)
			w.must(events.WindowShown{For: ask.Ticket})
			w.must(events.UserAnswered{Window: ask.Ticket.Window, Session: "c2", Seen: w.c.Seq, Choice: c})
			if c == events.ChoiceDefer {
				w.pass(24 * 3600e9)
				w.must(events.TimeCame{For: w.needDue("a", events.KindWakeAt).Ticket, Seen: w.people()})
			}
		}
		w.must(events.CloseObserved{For: w.needDue("a", events.KindClosePrograms).Ticket, Seen: events.Observation{Scanned: true, Complete: true, SessionsKnown: true}})
		run := w.needDue("a", events.KindRunInstaller).Work.(RunInstaller)
		w.must(events.InstallerStarted{Token: run.Token})
		w.must(events.InstallerEnded{Token: run.Token})
		rep := w.needDue("a", events.KindSendReport)
		w.must(events.ReportAnswered{For: rep.Ticket, Report: rep.Work.(SendReport).Report, Accepted: true})
		w.pass(24 * 3600e9)
	}
	var steps []events.Step
	for _, r := range w.log {
		s, err := w.codec.Open(r)
		if err != nil {
			b.Fatal(err)
		}
		steps = append(steps, s)
	}
	return w.c.table, steps
}

// BenchmarkDecide decides and folds decoded records: what a verification costs
// besides reading.
func BenchmarkDecide(b *testing.B) {
	table, steps := history(b)
	b.ReportAllocs()
	b.ResetTimer()
	n := 0
	for b.Loop() {
		c := New(table)
		for _, s := range steps {
			if _, err := Decide(c, s.Stamp()); err != nil && !errors.Is(err, ErrNothing) {
				b.Fatal(err)
			}
			Apply(c, s)
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}
