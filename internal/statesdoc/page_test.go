// SPDX-License-Identifier: Apache-2.0

package statesdoc

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

var update = flag.Bool("update", false, "write docs/states.md anew")

const (
	source = "../../events/event.go"
	target = "../../docs/states.md"
)

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Page(text)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestStatesPageIsCurrent(t *testing.T) {
	got := page(t)
	if *update {
		if err := os.WriteFile(target, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(target)
	if err != nil {
		t.Fatalf("%v: run make states", err)
	}
	if string(have) != got {
		t.Fatal("docs/states.md is not what the table gives: run make states, and commit the change if you understand it")
	}
}

func TestPageIsTheSameEachTime(t *testing.T) {
	first := page(t)
	for range 5 {
		if page(t) != first {
			t.Fatal("two drawings of the same table differ")
		}
	}
}

func TestEveryPhaseAndEventIsOnThePage(t *testing.T) {
	got := page(t)
	for _, p := range events.Phases() {
		if !strings.Contains(got, "| `"+string(p)+"` |") {
			t.Errorf("phase %s is missing", p)
		}
	}
	_, tables, _ := strings.Cut(got, "## Events of a product")
	for _, e := range events.Events() {
		if n := strings.Count(tables, "\n| `"+events.EventName(e)+"` |"); n != 1 {
			t.Errorf("event %s stands in %d tables, want 1", events.EventName(e), n)
		}
	}
	for _, tr := range fsm.Transitions() {
		if tr.To != "" && len(tr.From) == 1 && tr.From[0] != tr.To &&
			!strings.Contains(got, "    "+string(tr.From[0])+" --> "+string(tr.To)+": ") {
			t.Errorf("the arrow of %s is missing", tr.Event)
		}
	}
}

func TestBrokenSource(t *testing.T) {
	for _, src := range []string{"", "package events", "package events\n// A is.\ntype A struct{}"} {
		if _, err := Page([]byte(src)); err == nil {
			t.Errorf("no error for %q", src)
		}
	}
}
