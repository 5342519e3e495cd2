// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write testdata/lifecycle.md anew")

const me = "pc1.example.org"

// TestTable holds the table of the life cycle, which the documentation shows.
func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	const name = "testdata/lifecycle.md"
	if *update {
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the table is not that of %s:\n%s", name, b.String())
	}
}

// TestRowAfter: every field of the row after each ending of each action, beside
// what opsi's own program would leave.
func TestRowAfter(t *testing.T) {
	none := events.ActionNone
	for _, c := range []struct {
		action                    events.Action
		ending                    Ending
		result                    string
		request, last             events.Action
		status, version, progress string
	}{
		{"setup", EndingWaits, "none", "setup", none, "installed", "1.0-1", "Deferred (user, 2 of 5)"},
		{"setup", EndingRuns, "none", "setup", none, "installed", "1.0-1", "installing"},
		{"setup", EndingOK, "successful", none, "setup", "installed", "2.0-1", ""},
		{"setup", EndingUntouched, "failed", none, "setup", "installed", "1.0-1", "the limit of deferrals was reached"},
		{"setup", EndingFound, "failed", none, "setup", "not_installed", "1.0-1", "the installer ended with 1"},
		{"setup", EndingUnclear, "failed", none, "setup", "unknown", "1.0-1", "the installer ended with 1"},
		{"update", EndingOK, "successful", none, "update", "installed", "2.0-1", ""},
		{"update", EndingUnclear, "failed", none, "update", "unknown", "1.0-1", "the installer ended with 1"},
		{"uninstall", EndingRuns, "none", "uninstall", none, "installed", "1.0-1", "uninstalling"},
		{"uninstall", EndingOK, "successful", none, "uninstall", "not_installed", "2.0-1", ""},
		{"uninstall", EndingUnclear, "failed", none, "uninstall", "unknown", "1.0-1", "the installer ended with 1"},
		{"always", EndingOK, "successful", "always", "always", "installed", "2.0-1", ""},
		{"always", EndingUnclear, "failed", "always", "always", "unknown", "1.0-1", "the installer ended with 1"},
		{"once", EndingOK, "successful", none, "once", "not_installed", "2.0-1", ""},
		{"once", EndingUntouched, "failed", none, "once", "installed", "1.0-1", "the limit of deferrals was reached"},
		{"custom", EndingOK, "successful", none, "custom", "installed", "1.0-1", ""},
		{"custom", EndingUnclear, "failed", none, "custom", "installed", "1.0-1", "the installer ended with 1"},
	} {
		req, r := Example(c.action, c.ending)
		row := Row{Report: req.Row}
		row.ActionProgress = "what was there before"
		u, ok := Change(me, Shown{Row: &row, Offer: "2.0-1"}, r, req, StyleReason)
		if !ok {
			t.Errorf("%s, %s: nothing is written", c.action, c.ending)
		}
		want := events.Report{ProductID: "firefox", ProductType: localboot, InstallationStatus: c.status, ActionRequest: c.request, ActionProgress: c.progress, ActionResult: c.result, LastAction: c.last}
		want.ProductVersion, want.PackageVersion, _ = strings.Cut(c.version, "-")
		if got := u.Apply(row.Report); got != want {
			t.Errorf("%s, %s:\ngot  %+v\nwant %+v", c.action, c.ending, got, want)
		}
		if again, ok := Change(me, Shown{Row: &Row{Report: u.Apply(row.Report)}, Offer: "2.0-1"}, r, req, StyleReason); ok {
			t.Errorf("%s, %s: a repeat writes %+v", c.action, c.ending, again)
		}
	}
}

// TestWhoseRequest: the request is taken back only if it is this run's.
func TestWhoseRequest(t *testing.T) {
	for _, c := range []struct {
		name   string
		action events.Action
		change func(*Shown)
		taken  bool
	}{
		{"as it was", "setup", func(*Shown) {}, true},
		{"another request", "setup", func(s *Shown) { s.Row.ActionRequest = "uninstall" }, false},
		{"withdrawn", "setup", func(s *Shown) { s.Row.ActionRequest = "none" }, false},
		{"withdrawn, as null", "setup", func(s *Shown) { s.Row.ActionRequest = "" }, false},
		{"another version in the row", "setup", func(s *Shown) { s.Row.ProductVersion = "2.0" }, false},
		{"another package version in the row", "setup", func(s *Shown) { s.Row.PackageVersion = "9" }, false},
		{"the depot has a newer one", "setup", func(s *Shown) { s.Offer = "3.0-1" }, false},
		{"the depot has a newer one, of no matter", "uninstall", func(s *Shown) { s.Offer = "3.0-1" }, true},
		{"the depot has none any more", "setup", func(s *Shown) { s.Offer = "" }, true},
		{"this report was stored before", "setup", func(s *Shown) { s.Stored = true }, false},
	} {
		req, r := Example(c.action, EndingOK)
		s := Shown{Row: &Row{Report: req.Row}, Offer: "2.0-1"}
		c.change(&s)
		u, ok := Change(me, s, r, req, StyleReason)
		if !ok || (u.ActionRequest != nil) != c.taken || *u.InstallationStatus == "" || *u.LastAction != c.action {
			t.Errorf("%s: %+v", c.name, u)
		}
	}
	req, r := Example("setup", EndingWaits)
	row := Row{Report: req.Row}
	row.ActionRequest = events.ActionUninstall
	if u, ok := Change(me, Shown{Row: &row}, r, req, StyleReason); ok {
		t.Errorf("a wait is written into a row that wants something else: %+v", u)
	}
	req, r = Example("setup", EndingRuns)
	if u, ok := Change(me, Shown{Row: &row}, r, req, StyleReason); !ok || u.ActionRequest != nil || *u.ActionProgress != "installing" {
		t.Errorf("what runs is not shown: %+v", u)
	}
}

// TestLeftByOthers: what something else wrote into the row meanwhile stays, as
// far as the run has nothing to say of it.
func TestLeftByOthers(t *testing.T) {
	req, r := Example("setup", EndingUntouched)
	row := Row{Report: req.Row, TargetConfiguration: "always"}
	row.InstallationStatus, row.ProductVersion, row.ActionRequest, row.LastAction = "unknown", "1.5", "none", "update"
	u, _ := Change(me, Shown{Row: &row, Offer: "2.0-1"}, r, req, StyleReason)
	if got := u.Apply(row.Report); got.InstallationStatus != "unknown" || got.ProductVersion != "1.5" || got.ActionRequest != "none" || got.LastAction != "setup" {
		t.Errorf("%+v", got)
	}
}

// TestRowIsMadeAnew: a row that is not there gets all fields at the end of a run, and
// nothing before: somebody took it away, and the request with it.
func TestRowIsMadeAnew(t *testing.T) {
	for _, e := range Endings() {
		req, r := Example("setup", e)
		u, ok := Change(me, Shown{}, r, req, StyleReason)
		if e == EndingWaits || e == EndingRuns {
			if ok {
				t.Errorf("%s: %+v", e, u)
			}
			continue
		}
		if got := u.Apply(events.Report{}); !ok || got != r {
			t.Errorf("%s: %+v\nwant %+v", e, got, r)
		}
	}
	req, r := Example("setup", EndingUntouched)
	r.ProductVersion, r.PackageVersion, r.LastAction = "", "", ""
	u, _ := Change(me, Shown{}, r, req, StylePlain)
	text, err := json.Marshal(u)
	const want = `{"type":"ProductOnClient","productId":"firefox","productType":"LocalbootProduct","clientId":"pc1.example.org","installationStatus":"installed",` +
		`"actionRequest":"none","actionProgress":"","actionResult":"failed","lastAction":"none"}`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
}

// TestWrittenFields: what is not said is not in the JSON, so the server leaves it.
func TestWrittenFields(t *testing.T) {
	req, r := Example("setup", EndingWaits)
	u, _ := Change(me, Shown{Row: &Row{Report: req.Row}}, r, req, StyleReason)
	text, err := json.Marshal(u)
	const want = `{"type":"ProductOnClient","productId":"firefox","productType":"LocalbootProduct","clientId":"pc1.example.org","actionProgress":"Deferred (user, 2 of 5)","actionResult":"none"}`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v", text, err)
	}
}

func TestProgress(t *testing.T) {
	long := strings.Repeat("ü", 300)
	for _, c := range []struct{ result, text, reason, plain string }{
		{"none", "Deferred (user, 2 of 5)", "Deferred (user, 2 of 5)", "Deferred"},
		{"none", "Deferred", "Deferred", "Deferred"},
		{"none", "installing", "installing", "installing"},
		{"failed", "ended\r\nwith\t1 \xff\x1b[2J", "ended with 1 ? [2J", ""},
		{"failed", long, long[:2*maxProgress], ""},
		{"successful", "", "", ""},
	} {
		r := events.Report{ActionResult: c.result, ActionProgress: c.text}
		if got := progressText(r, StyleReason); got != c.reason {
			t.Errorf("%q: %q", c.text, got)
		}
		if got := progressText(r, StylePlain); got != c.plain {
			t.Errorf("%q, plain: %q", c.text, got)
		}
	}
}

// TestAnyReport: whatever row is met, a report written once has nothing more to
// write, never takes back a request that is not its own, and no two fields of the
// row's key change.
func TestAnyReport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom(events.Actions()).Draw(t, "action")
		req, r := Example(a, rapid.SampledFrom(Endings()).Draw(t, "ending"))
		word := func(name string, words ...string) string { return rapid.SampledFrom(words).Draw(t, name) }
		row := Row{ClientID: me, Report: req.Row}
		row.ActionRequest = events.Action(word("request", "", "none", "setup", "uninstall", "always", "once", string(a)))
		row.ActionResult = word("result", "", "none", "failed", "successful")
		row.LastAction = events.Action(word("last", "", "none", "setup", string(a)))
		row.InstallationStatus = word("status", "", "installed", "not_installed", "unknown")
		row.ProductVersion = word("version", "", "1.0", "2.0", "3.0")
		row.ActionProgress = word("progress", "", "Deferred", "by a script")
		style := Style(word("style", string(StylePlain), string(StyleReason)))
		shown := Shown{Row: &row, Offer: word("offer", "", "2.0-1", "3.0-1"), Stored: rapid.Bool().Draw(t, "stored")}
		u, _ := Change(me, shown, r, req, style)
		if u.ActionRequest != nil && row.state().ActionRequest != a {
			t.Fatalf("%s is taken back by a run of %s", row.ActionRequest, a)
		}
		if u.ProductID == "" {
			return // nothing is written
		}
		after := Row{ClientID: me, Report: u.Apply(row.Report)}
		if valid(after.state()) != nil || after.ProductID != row.ProductID || after.ProductType != row.ProductType {
			t.Fatalf("%+v", after)
		}
		shown.Row = &after
		if again, ok := Change(me, shown, r, req, style); ok {
			t.Fatalf("a repeat writes %+v into %+v", again, after)
		}
	})
}
