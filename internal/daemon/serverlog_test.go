// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// TestServerLogSaysNothingPersonal: what a server is told of each event has no
// user, no path and no words of a person in it.
func TestServerLogSaysNothingPersonal(t *testing.T) {
	const secret = "/home/anna/secret"
	l := serverLog{open: map[string]bool{}}
	row := events.Report{ProductID: "app", ActionRequest: events.ActionSetup}
	program := events.Process{Name: "anna-app", Path: events.Plain(secret), Owner: "uid:1000"}
	var all []string
	for i, e := range []events.Event{
		events.Accepted{Product: "app", Run: 1, Request: events.Request{Row: row, ProductVersion: "2.0", PackageVersion: "1"}},
		events.Held{Product: "app", Reason: events.ReasonDefect, Detail: secret},
		events.Held{Product: "app", Reason: events.ReasonDependency, Detail: "java"},
		events.WindowOpened{Product: "app", Window: events.Window{Asks: []events.Ask{{Session: "c2", Owner: "uid:1000", Programs: []events.Process{program}}}, DefersMax: 5}},
		events.Answered{Product: "app", Session: "c2", Choice: events.ChoiceDefer},
		events.Deferred{Product: "app", Reason: events.ReasonUser, Count: 1},
		events.Deferred{Product: "app", Reason: events.ReasonAlone, Detail: "anna-app", Count: 1},
		events.CloseAgreed{Product: "app", Why: "asked", Targets: []events.Process{program}},
		events.InstallerExited{Product: "app", Exit: 5, Meaning: "failed", Error: secret},
		events.HoldPlaced{Product: "app", Reason: "anna is ill"},
		events.Finished{Product: "app", Outcome: events.OutcomeFailed, Reason: "cannot start " + secret},
	} {
		anew, lines := l.lines(events.Step{Record: events.Record{At: time.Now()}, Did: []events.Event{e}})
		if anew != (i == 0) {
			t.Errorf("%T begins a log: %v", e, anew)
		}
		for _, x := range lines {
			all = append(all, fmt.Sprintf("%d %s %s", x.Level, x.Product, x.Text))
		}
	}
	got := strings.Join(all, "\n")
	for _, word := range []string{"anna", "uid", "c2", "/"} {
		if strings.Contains(got, word) {
			t.Errorf("%q is told:\n%s", word, got)
		}
	}
	const want = `1 app setup is wanted, to version 2.0-1: run 1
5 app waits: defect
5 app waits: dependency (java)
5 app is asked for in 1 sessions; put off 0 times of 5 so far
5 app put off: user; 1 times so far
5 app put off: waits_for_program; 1 times so far
5 app 1 programs are closed: asked
5 app the installer ended with exit code 5: failed
3 app run ended: failed`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if anew, _ := l.lines(events.Step{Did: []events.Event{events.Accepted{Product: "b"}}}); !anew {
		t.Error("the next run begins no log")
	}
}

// TestServerLogAfterAGap: who is open after a part that could not be read is what the
// state says, not what was open before it.
func TestServerLogAfterAGap(t *testing.T) {
	c := &fsm.Client{Products: map[string]*fsm.Product{
		"done":  {ID: "done", Run: 1, Phase: events.PhaseReported, Outcome: events.OutcomeOK},
		"open":  {ID: "open", Run: 1, Phase: events.PhaseDeferred},
		"never": {ID: "never", Phase: events.PhaseReported},
	}}
	if l := serverLogOf(c); len(l.open) != 1 || !l.open["open"] {
		t.Errorf("%v", l.open)
	}
}
