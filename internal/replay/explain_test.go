// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"slices"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/view"
)

// told explains a product after the first n records of a story, as a support
// desk with nothing but the log would.
func told(t *testing.T, story func(*machine), n int, product string) Explanation {
	t.Helper()
	lines := tell(t, story)
	var steps []events.Step
	c, err := Fold(read("log", join(lines[:n])), func(_ Line, s events.Step, _ *fsm.Client) error {
		if slices.Contains(s.Products, product) {
			steps = append(steps, s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	doc, ok := view.AtLast(c).Product(product)
	if !ok {
		t.Fatalf("record %d does not know %s", n, product)
	}
	return Explain(doc.Product, nil, steps)
}

// TestWhy asks at telling moments of the stories.
func TestWhy(t *testing.T) {
	at := func(story func(*machine), text string) int { return find(t, tell(t, story), text) + 1 }
	for _, c := range []struct {
		name     string
		story    func(*machine)
		after    string // text of the record
		product  string
		reason   string
		next     string
		rule     string // a key that must be named
		programs int
		until    bool
		actor    string
	}{
		{"asked", laterThenClosed, `"type":"window_seen"`, "editor", ReasonAsked, "default_defer", "default_action", 1, true, "daemon"},
		{"later", laterThenClosed, `"type":"deferred"`, "editor", "user", NextAsk, "max_defer", 1, true, "uid:user"},
		{"closing", laterThenClosed, `"type":"close_agreed"`, "editor", ReasonClosing, NextInstall, "close_grace", 1, false, "uid:user"},
		{"starting", laterThenClosed, `"type":"install_cleared"`, "editor", ReasonStarting, NextOutcome, "installer_timeout", 0, false, "daemon"},
		{"installing", laterThenClosed, `"type":"install_begun"`, "editor", ReasonInstalling, NextOutcome, "max_attempts", 0, false, "daemon"},
		{"verifying", laterThenClosed, `"type":"installer_exited"`, "editor", ReasonVerifying, NextReport, "", 0, false, "daemon"},
		{"reporting", laterThenClosed, `"type":"finished"`, "editor", ReasonReporting, NextReport, "", 0, false, "daemon"},
		{"done", laterThenClosed, `"type":"reported"`, "editor", ReasonDone, NextNothing, "", 0, false, "daemon"},
		{"fifth later", fiveTimesLater, `"count":5`, "editor", "user", NextLastNotice, "max_defer_action", 1, true, "uid:user"},
		{"last notice", fiveTimesLater, `"final":true`, "editor", ReasonAnnounced, "default_kill", "final_notice", 1, true, "daemon"},
		{"held", heldAndReleased, `"type":"hold_placed"`, "editor", "held", NextReleased, "", 0, false, "uid:0"},
		{"never asked", nobodyThere, `"not_asked"`, "editor", "not_asked", NextNobody, "dialog_timeout", 1, true, "daemon"},
		{"dependency", oneNeedsTheOther, `"dependency"`, "editor", "dependency", NextDependency, "", 0, false, "uid:user"},
		{"lost", powerLost, `"type":"attempt_lost"`, "editor", ReasonProbing, NextOutcome, "max_attempts", 0, false, "daemon"},
		{"withdrawn", takenBack, `"type":"finished"`, "editor", ReasonDone, NextNothing, "", 0, false, "source"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := told(t, c.story, at(c.story, c.after), c.product)
			if w.Schema != WhySchema || w.Product != c.product || w.Reason != c.reason || w.Next != c.next {
				t.Fatalf("%+v", w)
			}
			if c.rule != "" && !slices.ContainsFunc(w.Rules, func(v apitypes.PolicyValue) bool { return v.Key == c.rule && v.Origin != "" && v.Value != nil }) {
				t.Errorf("does not name %s: %+v", c.rule, w.Rules)
			}
			if len(w.Programs) != c.programs {
				t.Errorf("%d programs, want %d", len(w.Programs), c.programs)
			}
			for _, p := range w.Programs {
				if p.Rule == "" || p.Path != "/home/user/apps/editor" {
					t.Errorf("a program without its rule or path: %+v", p)
				}
			}
			if (w.Until != nil) != c.until || w.Since == nil {
				t.Errorf("since %v until %v", w.Since, w.Until)
			}
			if w.Decided == nil || w.Decided.Actor != c.actor || w.Decided.Seq == 0 || w.Decided.Event == "" {
				t.Errorf("decided by %+v", w.Decided)
			}
		})
	}
}

// TestWhyOfTheUnknown: a product that was never requested, and a log that does
// not reach back to the decision.
func TestWhyOfTheUnknown(t *testing.T) {
	if w := Explain(apitypes.Product{ID: "editor", Phase: "reported"}, nil, nil); w.Reason != ReasonNeverRequested || w.Next != NextNothing {
		t.Errorf("%+v", w)
	}
	since := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	p := apitypes.Product{ID: "editor", Phase: "deferred", Run: 1, Waits: &apitypes.Waits{Reason: "user", Since: &since}}
	w := Explain(p, []events.Process{{Name: "editor"}}, nil)
	if w.Decided != nil || w.Since == nil || !w.Since.Equal(since) || len(w.Programs) != 1 {
		t.Errorf("%+v", w)
	}
}

// TestEveryReasonIsExplained: what a product can wait for has a next step.
func TestEveryReasonIsExplained(t *testing.T) {
	for _, r := range []events.Reason{events.ReasonUser, events.ReasonTimeout, events.ReasonUnanswered, events.ReasonRecheckLimit,
		events.ReasonDeferLimit, events.ReasonNotAsked, events.ReasonNoMetadata, events.ReasonNotBackground, events.ReasonDefect,
		events.ReasonUnknown, events.ReasonAlone, events.ReasonPromptInterval, events.ReasonUnlock, events.ReasonRefused,
		events.ReasonRespawned, events.ReasonInstallerBusy, events.ReasonScript, events.ReasonOperator, events.ReasonHeld, events.ReasonObserved, events.ReasonDependency,
		events.ReasonReboot, events.ReasonInactive, events.ReasonUnreachable} {
		w := Explain(apitypes.Product{ID: "a", Run: 1, Phase: "deferred", Waits: &apitypes.Waits{Reason: string(r)}}, nil, nil)
		if w.Reason != string(r) || w.Next == "" || w.Next == NextNothing {
			t.Errorf("%s: %+v", r, w)
		}
	}
}
