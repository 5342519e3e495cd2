// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

func table(t testing.TB) *fsm.Table {
	t.Helper()
	tab, err := fsm.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// planted builds a fault into worlds until the judge finds it, in seeds worlds at
// most. says is part of what the judge must say: another complaint would mean
// that it was found by luck.
func planted(t *testing.T, b bent, seeds int, says string, change ...func(*Options)) {
	t.Helper()
	tab := table(t)
	for seed := 1; seed <= seeds; seed++ {
		o := Options{Seed: uint64(seed), Days: 20, bent: b}
		for _, f := range change {
			f(&o)
		}
		r := Run(tab, o)
		for _, f := range r.Faults {
			if strings.Contains(f, says) {
				t.Logf("found in world %d: %s", seed, f)
				return
			}
			t.Logf("world %d: %s", seed, f)
		}
	}
	t.Errorf("not found in %d worlds", seeds)
}

// without decides as if part of the client were not there.
func without(forget func(*fsm.Client)) func(*fsm.Client, events.Stamped) ([]events.Event, error) {
	return func(c *fsm.Client, in events.Stamped) ([]events.Event, error) {
		d := *c
		forget(&d)
		return fsm.Decide(&d, in)
	}
}

// instead lets the core decide and then changes what it decided.
func instead(change func(*fsm.Client, events.Stamped, []events.Event) []events.Event) func(*fsm.Client, events.Stamped) ([]events.Event, error) {
	return func(c *fsm.Client, in events.Stamped) ([]events.Event, error) {
		did, err := fsm.Decide(c, in)
		if err != nil {
			return nil, err
		}
		if did = change(c, in, did); len(did) == 0 {
			return nil, fsm.ErrNothing
		}
		return did, nil
	}
}

// A start runs an installer again whose outcome it does not know, and nobody
// looks at the attempt's file.
func TestPlantedNoProbe(t *testing.T) {
	planted(t, bent{blindToFiles: true, onDue: func(c *fsm.Client, product string) []fsm.Effect {
		due := fsm.DueFor(c, product)
		for i, e := range due {
			if w, ok := e.Work.(fsm.ProbeInstall); ok {
				due[i].Ticket.Kind = events.KindRunInstaller
				due[i].Work = fsm.RunInstaller{Token: w.Token, Action: w.Action, Package: w.Package}
			}
		}
		return due
	}}, 200, "runs twice")
}

// A counter that is stored beside the log begins anew at a start.
func TestPlantedCounterStored(t *testing.T) {
	planted(t, bent{onStart: func(c *fsm.Client) {
		for _, p := range c.Products {
			p.Counters = nil
		}
	}}, 200, "counts 0 defers")
}

// Later is done and not counted, so it can be pressed for ever.
func TestPlantedDeferNotCounted(t *testing.T) {
	planted(t, bent{onDecide: instead(func(c *fsm.Client, _ events.Stamped, did []events.Event) []events.Event {
		for i, e := range did {
			if d, ok := e.(events.Deferred); ok && d.Counted && d.Reason == events.ReasonUser {
				d.Counted = false
				d.Count--
				did[i] = d
			}
		}
		return did
	})}, 200, "and not counted")
}

// Every start lets the counters begin anew.
func TestPlantedCountersReset(t *testing.T) {
	planted(t, bent{onDecide: instead(func(c *fsm.Client, in events.Stamped, did []events.Event) []events.Event {
		if _, ok := in.Input.(events.Restarted); ok {
			for _, p := range c.Products {
				did = append(did, events.CountersReset{Product: p.ID, Reason: "restarted"})
			}
		}
		return did
	})}, 200, "nobody ordered it")
}

// An installer's failure is taken for success.
func TestPlantedFailureIsSuccess(t *testing.T) {
	planted(t, bent{onDecide: instead(func(c *fsm.Client, in events.Stamped, did []events.Event) []events.Event {
		for i, e := range did {
			if x, ok := e.(events.InstallerExited); ok && x.Exit != 0 {
				x.Meaning = "ok"
				did[i] = x
			}
		}
		return did
	})}, 200, "is said to mean ok")
}

// A failed run ends as ok.
func TestPlantedEndsAsOK(t *testing.T) {
	planted(t, bent{onDecide: instead(func(c *fsm.Client, _ events.Stamped, did []events.Event) []events.Event {
		for i, e := range did {
			if f, ok := e.(events.Finished); ok && f.Ran && f.Outcome == events.OutcomeFailed {
				f.Outcome = events.OutcomeOK
				did[i] = f
			}
		}
		return did
	})}, 200, "and its installer ended with")
}

// A start takes every report for sent.
func TestPlantedReportForgotten(t *testing.T) {
	planted(t, bent{onStart: func(c *fsm.Client) {
		for _, p := range c.Products {
			p.Row, p.Unsure = p.Want, false
		}
	}}, 200, "not ended")
}

// The text of a window says later, and its end closes.
func TestPlantedTextDiffers(t *testing.T) {
	planted(t, bent{onDue: func(c *fsm.Client, product string) []fsm.Effect {
		due := fsm.DueFor(c, product)
		for i, e := range due {
			if w, ok := e.Work.(fsm.AskUsers); ok {
				w.Window.Default = events.ChoiceDefer
				due[i].Work = w
			}
		}
		return due
	}}, 200, "showed that it does defer, and did")
}

// The end of a window does what the policy says of another one.
func TestPlantedDefaultDiffers(t *testing.T) {
	planted(t, bent{onDecide: instead(func(c *fsm.Client, _ events.Stamped, did []events.Event) []events.Event {
		for i, e := range did {
			if w, ok := e.(events.WindowOpened); ok && w.Window.Final {
				w.Window.Default = c.Product(w.Product).Policy.DefaultAction
				did[i] = w
			}
		}
		return did
	})}, 200, "the policy")
}

// The first person who agrees agrees for all.
func TestPlantedConsentCounted(t *testing.T) {
	planted(t, bent{onDecide: instead(func(c *fsm.Client, _ events.Stamped, did []events.Event) []events.Event {
		a, ok := did[len(did)-1].(events.Answered)
		if !ok || a.Choice != events.ChoiceKill {
			return did
		}
		return append(did, events.WindowClosed{Product: a.Product, Window: a.Window, Why: "answered"},
			events.CloseAgreed{Product: a.Product, Why: "asked", Targets: c.Product(a.Product).Blockers})
	})}, 1000, "nobody was shown that")
}

// The last window leaves a program out on the screen, and its end closes that one.
func TestPlantedListShortened(t *testing.T) {
	planted(t, bent{onDue: func(c *fsm.Client, product string) []fsm.Effect {
		due := fsm.DueFor(c, product)
		for i, e := range due {
			if w, ok := e.Work.(fsm.AskUsers); ok && w.Window.Final && len(w.Ask.Programs) > 1 {
				w.Ask.Programs = w.Ask.Programs[1:]
				due[i].Work = w
			}
		}
		return due
	}}, 1000, "(announced), and nobody was shown that")
}

// A process is known by its number alone.
func TestPlantedPIDAlone(t *testing.T) {
	planted(t, bent{pidOnly: true}, 500, "was to be")
}

// A hold is not looked at before an installer starts, nor before anything else.
func TestPlantedHoldIgnored(t *testing.T) {
	planted(t, bent{onDecide: without(func(c *fsm.Client) { c.Hold = nil })}, 200, "under a hold")
}

// Nobody looks again between the agreement and the start.
func TestPlantedNoLastLook(t *testing.T) {
	planted(t, bent{noLastLook: true}, 500, "runs over")
}

// A report whose acknowledgement is lost is not sent again: the request it
// answers is carried out again.
func TestPlantedLostAckRunsAgain(t *testing.T) {
	planted(t, bent{onDecide: instead(func(c *fsm.Client, in events.Stamped, did []events.Event) []events.Event {
		a, ok := in.Input.(events.ReportAnswered)
		if !ok || a.Accepted {
			return did
		}
		p := c.Product(a.For.Product)
		if p.Outcome == "" || len(p.Owed) > 0 {
			return did
		}
		return []events.Event{events.Reported{Product: p.ID}, events.Accepted{Product: p.ID, Run: p.Run + 1, Request: p.Request}}
	})}, 200, "wishes")
}

// The prompt interval is not kept.
func TestPlantedPromptInterval(t *testing.T) {
	planted(t, bent{onDecide: without(func(c *fsm.Client) { c.Prompted = nil })}, 200, "prompt_interval is")
}

// A window that nobody saw counts as a defer.
func TestPlantedUnansweredCounted(t *testing.T) {
	planted(t, bent{onDecide: instead(func(c *fsm.Client, _ events.Stamped, did []events.Event) []events.Event {
		for i, e := range did {
			if d, ok := e.(events.Deferred); ok && d.Reason == events.ReasonUnanswered && d.Count < c.Product(d.Product).Policy.MaxDefer {
				d.Reason, d.Counted, d.Count = events.ReasonTimeout, true, d.Count+1
				did[i] = d
			}
		}
		return did
	})}, 200, "nobody let pass")
}

// What a product requires is not waited for.
func TestPlantedDependencyIgnored(t *testing.T) {
	planted(t, bent{onDecide: without(func(c *fsm.Client) {
		c.Order = events.Order{Sequence: c.Order.Sequence}
		c.Products = clone(c.Products)
		for id, p := range c.Products {
			q := *p
			q.Request.Requires = nil
			c.Products[id] = &q
		}
	})}, 500, "overtakes")
}

func clone(m map[string]*fsm.Product) map[string]*fsm.Product {
	out := make(map[string]*fsm.Product, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// The wall clock tells how much time has passed.
func TestPlantedWallClock(t *testing.T) {
	planted(t, bent{onStamp: func(w *world, s events.Stamped) events.Stamped {
		s.BootMS = w.now - w.booted + w.wall
		return s
	}}, 500, "prompt_interval is", func(o *Options) { o.Jumps = 100 })
}

// An outcome is dropped when the work it belongs to is not due any more.
func TestPlantedOutcomeDropped(t *testing.T) {
	planted(t, bent{onDecide: func(c *fsm.Client, in events.Stamped) ([]events.Event, error) {
		if e, ok := in.Input.(events.InstallerEnded); ok {
			waits := func(d fsm.Effect) bool { return d.Ticket.Kind == events.KindWaitInstaller }
			if id, _ := events.ProductOfToken(e.Token); !slices.ContainsFunc(fsm.DueFor(c, id), waits) {
				return nil, fsm.ErrNothing
			}
		}
		return fsm.Decide(c, in)
	}}, 500, "never came")
}

// plantedAtCrash builds a fault into worlds that crash once, at a boundary of the
// given name.
func plantedAtCrash(t *testing.T, b bent, boundary, says string) {
	t.Helper()
	tab := table(t)
	for seed := uint64(1); seed <= 100; seed++ {
		base := Options{Seed: seed, Days: 3, Products: 2, Peace: true, bent: b}
		for k, at := range Run(tab, base).Boundaries {
			if at.Name != boundary {
				continue
			}
			o := base
			o.Crash = []Crash{{At: k + 1, Moment: Before}}
			for _, f := range Run(tab, o).Faults {
				if strings.Contains(f, says) {
					t.Logf("found in %s: %s", o, f)
					return
				}
			}
		}
	}
	t.Error("not found in 100 worlds")
}

// The file of an outcome goes before its record is durable.
func TestPlantedFileBeforeRecord(t *testing.T) {
	plantedAtCrash(t, bent{forgetsFiles: true}, "append", "never came")
}

// An answer is acknowledged before it is in the log.
func TestPlantedEarlyAck(t *testing.T) {
	plantedAtCrash(t, bent{acksEarly: true}, "append", "was acknowledged and is not in the log")
}

// An attempt whose fate is unclear is repeated although its package forbids it.
func TestPlantedRepeatsUnrepeatable(t *testing.T) {
	planted(t, bent{onDecide: func(c *fsm.Client, in events.Stamped) ([]events.Event, error) {
		if p, ok := in.Input.(events.InstallProbed); ok {
			if q := c.Product(p.For.Product); q != nil && q.Attempt != nil && !p.NeverStarted && q.Attempt.Token == p.Token {
				return []events.Event{events.AttemptRepeated{Product: q.ID, Token: p.Token, Reason: "interrupted"}}, nil
			}
		}
		return fsm.Decide(c, in)
	}}, 500, "which its package forbids")
}

// A world at fault leaves a log that support can read and verify: the fault may
// lie in what was done, not in what was decided.
func TestAFaultLeavesALog(t *testing.T) {
	tab := table(t)
	for seed := uint64(1); seed <= 200; seed++ {
		r := Run(tab, Options{Seed: seed, Days: 20, Record: true, bent: bent{noLastLook: true}})
		if len(r.Faults) > 0 {
			verified(t, r.Log)
			return
		}
	}
	t.Error("no fault in 200 worlds")
}
