// SPDX-License-Identifier: Apache-2.0

package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/order"
)

// provide puts a package with a priority and dependencies into the depot. A
// dependency is "before java" or "after fonts setup"; a word at the end is the
// required action instead of the status installed, a number the version that must
// be installed.
func (w *world) provide(t *testing.T, id string, priority int, depends ...string) {
	t.Helper()
	text := fmt.Sprintf("[Package]\nversion = '1'\n[Product]\nid = '%s'\nversion = '1'\npriority = %d\n", id, priority)
	for _, d := range depends {
		f := strings.Fields(d)
		text += "[[ProductDependency]]\naction = 'setup'\nrequiredProduct = '" + f[1] + "'\nrequirementType = '" + f[0] + "'\n"
		if len(f) > 2 && strings.ContainsAny(f[2], "0123456789") {
			text += "requiredStatus = 'installed'\nrequiredProductVersion = '" + f[2] + "'\n"
		} else if len(f) > 2 {
			text += "requiredAction = '" + f[2] + "'\n"
		} else {
			text += "requiredStatus = 'installed'\n"
		}
	}
	for name, text := range map[string]string{"OPSI/control.toml": text,
		"CLIENT_DATA/opsi-meta-data.toml": "[quietsetup]\ncommand = ['./setup.sh']\nuninstall_command = ['./remove.sh']\n"} {
		path := filepath.Join(w.depot, id, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// ask requests with dependencies and tells what came of it, "java office: office; notes".
func (w *world) ask(t *testing.T, id string, a events.Action) string {
	t.Helper()
	asked, err := w.SetRequest(t.Context(), id, a, false)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, x := range asked.Also {
		out = append(out, fmt.Sprintf("%s %s for %s", x.Action, x.Product, x.For))
	}
	return strings.Join(append(out, asked.Notes...), "; ")
}

func (w *world) sequence(t *testing.T) string {
	t.Helper()
	wanted, err := w.Requests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if wanted.Order == nil {
		return ""
	}
	return strings.Join(wanted.Order.Sequence, " ")
}

func TestWhatAProductDependsOnIsRequestedToo(t *testing.T) {
	w := newWorld(t)
	w.provide(t, "runtime", 0)
	w.provide(t, "java", 0, "before runtime")
	w.provide(t, "fonts", 0)
	w.provide(t, "office", 0, "before java", "after fonts setup", "before gone")
	if got := w.ask(t, "office", "setup"); got != "setup runtime for java; setup java for office; setup fonts for office; "+
		"office requires setup of gone, which is left out: unknown product: the depot has no package folder gone" {
		t.Error(got)
	}
	if got := w.sequence(t); got != "runtime java office fonts" {
		t.Errorf("sequence %q", got)
	}
	for _, r := range w.requests(t) {
		if r.Row.ActionRequest != events.ActionSetup {
			t.Errorf("%+v", r.Row)
		}
	}
	// All of it again is no new request.
	if got := w.ask(t, "office", "setup"); strings.HasPrefix(got, "setup") {
		t.Error(got)
	}
}

func TestAFulfilledStatusIsEnoughAndWhatItStandsOnIsLookedAt(t *testing.T) {
	w := newWorld(t)
	w.provide(t, "runtime", 0)
	w.provide(t, "java", 0, "before runtime")
	w.provide(t, "office", 0, "before java")
	req := w.request(t, "java", "setup")
	if err := w.Report(t.Context(), installed(req), req); err != nil {
		t.Fatal(err)
	}
	if got := w.ask(t, "office", "setup"); got != "setup runtime for java" {
		t.Error(got)
	}
	// An action that is required is asked for whatever there is.
	w.provide(t, "office", 0, "before java setup")
	if got := w.ask(t, "office", "setup"); got != "setup java for office" {
		t.Error(got)
	}
}

func TestTheActionThatLeavesMoreBehindCounts(t *testing.T) {
	w := newWorld(t)
	w.provide(t, "java", 0)
	w.provide(t, "a", 0, "before java setup")
	w.provide(t, "b", 0, "before java uninstall")
	w.provide(t, "c", 0, "before a setup", "before b setup")
	if got := w.ask(t, "b", "setup"); got != "uninstall java for b" {
		t.Error(got)
	}
	if got := w.ask(t, "c", "setup"); got != "setup java for a; setup a for c" {
		t.Error(got)
	}
	if got := w.ask(t, "b", "setup"); got != "" {
		t.Error(got)
	}
	if got := w.ask(t, "java", "uninstall"); got != "" {
		t.Error(got)
	}
	i := slices.IndexFunc(w.requests(t), func(r events.Request) bool { return r.Row.ProductID == "java" })
	if r := w.requests(t)[i]; r.Row.ActionRequest != events.ActionUninstall {
		t.Errorf("an operator's own word counts: %+v", r.Row)
	}
}

// TestARemovalOfWhatMustStayIsTakenBack, also when the product is there: else it
// would be removed first, and what needs it installed without it.
func TestARemovalOfWhatMustStayIsTakenBack(t *testing.T) {
	w := newWorld(t)
	w.provide(t, "java", 0)
	w.provide(t, "lims", 0, "before java")
	w.provide(t, "old", 0, "before java uninstall")
	w.provide(t, "both", 0, "before java", "before java uninstall")
	req := w.request(t, "java", "setup")
	if err := w.Report(t.Context(), installed(req), req); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"lims", "both"} {
		w.request(t, "java", "uninstall")
		if got := w.ask(t, id, "setup"); got != "none java for "+id {
			t.Errorf("%s: %s", id, got)
		}
		if got := w.ask(t, id, "setup"); got != "" {
			t.Errorf("%s again: %s", id, got)
		}
	}
	if got := w.ask(t, "old", "setup"); got != "uninstall java for old" {
		t.Error(got)
	}
}

func TestVersionsOfDependencies(t *testing.T) {
	w := newWorld(t)
	w.provide(t, "java", 0)
	w.provide(t, "wants1", 0, "before java 1")
	w.provide(t, "wants9", 0, "before java 9")
	if got := w.ask(t, "wants9", "setup"); got != "wants9 requires setup of java, which is left out: version 9 is required, and the depot has 1-1" {
		t.Error(got)
	}
	if wanted, err := w.Requests(t.Context()); err != nil || wanted.Order.Requires != nil {
		t.Errorf("waits for what nobody has: %+v, %v", wanted.Order, err)
	}
	// An older version that is installed does not fulfil it.
	req := w.request(t, "java", "setup")
	r := installed(req)
	r.ProductVersion = "0"
	if err := w.Report(t.Context(), r, req); err != nil {
		t.Fatal(err)
	}
	if got := w.ask(t, "wants1", "setup"); got != "setup java for wants1" {
		t.Error(got)
	}
}

// TestNothingIsRequestedForARowThatCannotBeRead: neither the product nor what it
// depends on.
func TestNothingIsRequestedForARowThatCannotBeRead(t *testing.T) {
	for _, broken := range []string{"app", "java"} {
		w := newWorld(t)
		w.provide(t, "java", 0)
		w.provide(t, "rt", 0)
		w.provide(t, "app", 0, "before rt", "before java")
		if err := os.WriteFile(filepath.Join(w.state, "local", broken+".json"), []byte("garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := w.SetRequest(t.Context(), "app", "setup", false)
		if !errors.Is(err, ErrRow) || !strings.Contains(err.Error(), broken+".json") {
			t.Errorf("%s: %v", broken, err)
		}
		if files, err := os.ReadDir(filepath.Join(w.state, "local")); err != nil || len(files) != 1 {
			t.Errorf("%s: %v, %v", broken, files, err)
		}
	}
}

func TestACircleDoesNotRequestItself(t *testing.T) {
	w := newWorld(t)
	w.provide(t, "a", 0, "before b setup")
	w.provide(t, "b", 0, "before a setup")
	if got := w.ask(t, "a", "setup"); got != "setup b for a" {
		t.Error(got)
	}
	// The fault is known before the first look after a start.
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(t)
	_, _, problem, err := w.Prepare(t.Context(), events.Request{Row: events.Report{ProductID: "a", ActionRequest: "setup"}})
	if err != nil || problem == nil || problem.Code != codeCycle {
		t.Errorf("%+v, %v", problem, err)
	}
}

func TestOrderOfWhatIsWanted(t *testing.T) {
	for _, c := range []struct {
		name      string
		algorithm order.Algorithm
		provide   func(*world, *testing.T)
		want      string
		warned    string
	}{
		{"priority, then id", 1, func(w *world, t *testing.T) {
			w.provide(t, "b", 0)
			w.provide(t, "a", 0)
			w.provide(t, "first", 100)
			w.provide(t, "last", -100)
		}, "first a b last", ""},
		{"what others need is pulled forward", 1, func(w *world, t *testing.T) {
			w.provide(t, "driver", 90, "before runtime")
			w.provide(t, "runtime", -20)
			w.provide(t, "x", 95)
		}, "x runtime driver", ""},
		// opsi's algorithms would interleave the two groups: a c b d.
		{"groups hold together", 1, func(w *world, t *testing.T) {
			w.provide(t, "a", 0)
			w.provide(t, "b", 0, "before a")
			w.provide(t, "c", 0)
			w.provide(t, "d", 0, "before c")
		}, "a b c d", ""},
		{"a group stands where its first member stands", 1, func(w *world, t *testing.T) {
			w.provide(t, "a", 10)
			w.provide(t, "b", 0, "before a")
			w.provide(t, "x", 5)
		}, "a b x", ""},
		{"classes are not left for a group", 2, func(w *world, t *testing.T) {
			w.provide(t, "a", 10)
			w.provide(t, "b", 0, "before a")
			w.provide(t, "x", 5)
		}, "a x b", ""},
		{"after", 1, func(w *world, t *testing.T) {
			w.provide(t, "a", 0)
			w.provide(t, "b", 0, "after a")
		}, "b a", ""},
		{"a circle orders nothing and stops nothing", 1, func(w *world, t *testing.T) {
			w.provide(t, "a", 0, "before b")
			w.provide(t, "b", 0, "before c")
			w.provide(t, "c", 0, "before a")
			w.provide(t, "d", 0, "before c")
			w.provide(t, "e", 0)
		}, "a b e c d", ": these products require one another in a circle and are not ordered among themselves: a, b, c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.parts.Algorithm = c.algorithm
			c.provide(w, t)
			folders, err := os.ReadDir(w.depot)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range folders {
				w.request(t, f.Name(), "setup")
			}
			if got := w.sequence(t); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if got := strings.Join(w.warned, "; "); got != c.warned {
				t.Errorf("warned: %q", got)
			}
			if w.sequence(t); len(w.warned) > 1 {
				t.Errorf("said again: %q", w.warned)
			}
		})
	}
}

func TestPriorityClassesIgnoreAndSayIt(t *testing.T) {
	w := newWorld(t)
	w.parts.Algorithm = order.PriorityFirst
	w.provide(t, "driver", 90, "before runtime")
	w.provide(t, "runtime", -20)
	w.request(t, "driver", "setup")
	w.request(t, "runtime", "setup")
	wanted, err := w.Requests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(wanted.Order.Sequence, " "); got != "driver runtime" || wanted.Order.Requires != nil {
		t.Errorf("%+v", wanted.Order)
	}
	// What does not count while both are wanted does not count afterwards either.
	w.request(t, "runtime", "none")
	if wanted, err := w.Requests(t.Context()); err != nil || wanted.Order.Requires != nil {
		t.Errorf("%+v, %v", wanted.Order, err)
	}
	if len(w.warned) != 1 || !strings.Contains(w.warned[0], "runtime") || !strings.Contains(w.warned[0], "driver") {
		t.Errorf("warned: %q", w.warned)
	}
}

func TestWhatIsRemovedGoesTheOtherWayRound(t *testing.T) {
	w := newWorld(t)
	w.provide(t, "first", 100)
	w.provide(t, "last", -100)
	w.request(t, "first", "uninstall")
	w.request(t, "last", "uninstall")
	if got := w.sequence(t); got != "last first" {
		t.Error(got)
	}
}

func TestACircleIsAFaultOfItsMembersAlone(t *testing.T) {
	w := newWorld(t)
	w.provide(t, "a", 0, "before b")
	w.provide(t, "b", 0, "before a")
	w.provide(t, "c", 0, "before a")
	reqs := map[string]events.Request{}
	for _, id := range []string{"a", "b", "c"} {
		reqs[id] = w.request(t, id, "setup")
	}
	for id, want := range map[string]string{
		"a": "dependency_cycle: a/OPSI: its dependencies lead in a circle: a, b; one of them must not require the other before or after itself",
		"b": "dependency_cycle: b/OPSI: its dependencies lead in a circle: a, b; one of them must not require the other before or after itself",
		"c": ""} {
		_, _, problem, err := w.Prepare(t.Context(), reqs[id])
		got := ""
		if problem != nil {
			got = problem.Code + ": " + problem.Message
		}
		if err != nil || got != want {
			t.Errorf("%s: %q, %v", id, got, err)
		}
	}
	// It is mended: the next look knows.
	w.provide(t, "b", 0)
	w.requests(t)
	if _, _, problem, err := w.Prepare(t.Context(), reqs["a"]); problem != nil || err != nil {
		t.Errorf("%+v, %v", problem, err)
	}
}

// TestRequiredIsKnownWhenItIsDone: what failed yesterday is no longer wanted, and
// is named all the same: the core waits for it.
func TestALongCircleIsToldShort(t *testing.T) {
	var all []string
	for i := range 500 {
		all = append(all, fmt.Sprintf("p%03d", i))
	}
	if got := named(all); !strings.HasSuffix(got, "p010, p011 and 488 more") || strings.Contains(got, "p012") {
		t.Errorf("%s", got)
	}
	if got := named(all[:13]); !strings.HasSuffix(got, "p011, p012") {
		t.Errorf("%s", got)
	}
}

func TestRequiredIsKnownWhenItIsDone(t *testing.T) {
	w := newWorld(t)
	w.provide(t, "java", 0)
	w.provide(t, "office", 0, "before java")
	req := w.request(t, "java", "setup")
	r := installed(req)
	r.InstallationStatus, r.ActionResult = events.StatusUnknown, events.ResultFailed
	if err := w.Report(t.Context(), r, req); err != nil {
		t.Fatal(err)
	}
	w.request(t, "office", "setup")
	wanted, err := w.Requests(t.Context())
	if err != nil || !slices.Equal(wanted.Order.Sequence, []string{"office"}) || !slices.Equal(wanted.Order.Requires["office"], []events.Requirement{{Product: "java", Status: "installed"}}) {
		t.Errorf("%+v, %v", wanted.Order, err)
	}
}

func TestNothingWantedIsNoOrder(t *testing.T) {
	w := newWorld(t)
	w.provide(t, "a", 0)
	w.request(t, "a", "setup")
	w.request(t, "a", "none")
	if wanted, err := w.Requests(t.Context()); err != nil || wanted.Order != nil || len(wanted.Requests) != 1 {
		t.Errorf("%+v, %v", wanted, err)
	}
}

// TestARowThatNobodyReadsIsNotWritten: what is too large for the reader is refused
// while the old row is there.
func TestARowThatNobodyReadsIsNotWritten(t *testing.T) {
	w := newWorld(t)
	w.provide(t, "app", 0)
	w.request(t, "app", "setup")
	row, err := w.rows.read("app")
	if err != nil {
		t.Fatal(err)
	}
	for range 600 {
		row.Offer.Needs = append(row.Offer.Needs, Need{Product: strings.Repeat("x", 120)})
	}
	if err := w.rows.write(row); err == nil || !strings.Contains(err.Error(), "which nobody reads") {
		t.Errorf("%v", err)
	}
	if again, err := w.rows.read("app"); err != nil || again.ActionRequest != "setup" {
		t.Errorf("%+v, %v", again, err)
	}
}
