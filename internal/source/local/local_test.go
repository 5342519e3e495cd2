// SPDX-License-Identifier: Apache-2.0

package local

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/policy"
	"pgregory.net/rapid"
)

// world is a source over a real depot in a folder.
type world struct {
	*Source
	depot, state string
	warned       []string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{depot: t.TempDir(), state: t.TempDir()}
	w.open(t)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// open opens the source, as a restart of the daemon does.
func (w *world) open(t testing.TB) {
	t.Helper()
	m := metadata.Machine{OS: "linux", Arch: "x64"}
	s, err := Open(w.state, Parts{
		Depot: metadata.Reader{Depot: w.depot, Machine: m, Constants: metadata.MachineConstants(m), CheckDir: func(string) error { return nil }},
		Policy: func(p metadata.Package) (events.Policy, []string) {
			effective, warnings := policy.Resolve(p.Policy)
			var lines []string
			for _, w := range warnings {
				lines = append(lines, w.String())
			}
			return effective, lines
		},
		CheckCommand: func(_ string, argv []string) error {
			if argv[0] == "./gone.sh" {
				return errors.New("cannot run the command: no such file")
			}
			return nil
		},
		Warn: func(product, line string) { w.warned = append(w.warned, product+": "+line) },
		Now:  func() time.Time { return time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Source = s
}

// offer puts a package into the depot, or another version of it.
func (w *world) offer(t testing.TB, id, version, meta string) {
	t.Helper()
	for name, text := range map[string]string{
		"OPSI/control.toml": "[Package]\nversion = '1'\n[Product]\nid = '" + id + "'\nversion = '" + version + "'\npriority = 5\n" +
			"[[ProductDependency]]\naction = 'setup'\nrequiredProduct = 'java'\nrequiredAction = 'setup'\n",
		"CLIENT_DATA/opsi-meta-data.toml": meta,
	} {
		path := filepath.Join(w.depot, id, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const onlySetup = "[quietsetup]\ncommand = ['./setup.sh']\n[quietsetup.policy]\nmax_defer = 2\nmax_recheck = 'x'\n"

func (w *world) request(t testing.TB, id string, a events.Action) events.Request {
	t.Helper()
	asked, err := w.SetRequest(t.Context(), id, a, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(asked.Requests) != 1 || asked.Also != nil || asked.Notes != nil {
		t.Fatalf("more than was asked for: %+v", asked)
	}
	return asked.Requests[0]
}

func (w *world) requests(t testing.TB) []events.Request {
	t.Helper()
	wanted, err := w.Requests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return wanted.Requests
}

// installed is the report of a setup that went well.
func installed(req events.Request) events.Report {
	r := req.Row
	r.InstallationStatus, r.ActionRequest, r.ActionResult, r.LastAction = events.StatusInstalled, events.ActionNone, events.ResultSuccessful, events.ActionSetup
	r.ProductVersion, r.PackageVersion = req.ProductVersion, req.PackageVersion
	return r
}

func TestRequestReportAndRestart(t *testing.T) {
	w := newWorld(t)
	if rs := w.requests(t); rs != nil {
		t.Errorf("requests before any: %+v", rs)
	}
	w.offer(t, "firefox", "1.0", onlySetup)
	got := w.request(t, "firefox", events.ActionSetup)
	want := events.Request{
		Row: events.Report{ProductID: "firefox", ProductType: "LocalbootProduct", InstallationStatus: "not_installed", ActionRequest: "setup",
			ActionResult: "none", LastAction: "none"},
		ProductVersion: "1.0", PackageVersion: "1", Priority: 5, Requires: []string{"java"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(t)
	if rs := w.requests(t); len(rs) != 1 || !reflect.DeepEqual(rs[0], want) {
		t.Errorf("after a restart: %+v", rs)
	}
	if err := w.Report(t.Context(), installed(got), got); err != nil {
		t.Fatal(err)
	}
	rows, err := w.Rows()
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	r := rows[0]
	if r.InstallationStatus != "installed" || r.ActionRequest != "none" || r.Version() != "1.0-1" || r.LastAction != "setup" ||
		!r.Modified.Equal(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("%+v", r)
	}
	// A withdrawal is a row that says none, not a row that is gone.
	if rs := w.requests(t); len(rs) != 1 || rs[0].Row.ActionRequest != events.ActionNone {
		t.Errorf("%+v", rs)
	}
	if runtime.GOOS == "windows" {
		return // modes say nothing there
	}
	for path, mode := range map[string]os.FileMode{"local": 0o700, "local/firefox.json": 0o600} {
		info, err := os.Stat(filepath.Join(w.state, path))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestReportNeverTakesANewerRequest(t *testing.T) {
	for _, newer := range []events.Action{events.ActionUninstall, events.ActionNone, events.ActionOnce} {
		w := newWorld(t)
		w.offer(t, "p", "1", "[quietsetup]\ncommand = ['a']\nuninstall_command = ['b']\n")
		req := w.request(t, "p", events.ActionSetup)
		w.request(t, "p", newer)
		if err := w.Report(t.Context(), installed(req), req); err != nil {
			t.Fatal(err)
		}
		got := w.requests(t)[0].Row
		if got.ActionRequest != newer || got.InstallationStatus != "installed" || got.ProductVersion != "1" {
			t.Errorf("after %s: %+v", newer, got)
		}
	}
}

// TestReportLeavesARequestForANewerVersion: what the depot got while the installer
// ran was not installed by it, however the run ended. A wait takes nothing back anyway.
func TestReportLeavesARequestForANewerVersion(t *testing.T) {
	for _, c := range []struct {
		name   string
		action events.Action
		meta   string
		report func(*events.Report)
		want   events.Action
	}{
		{"setup", events.ActionSetup, onlySetup, func(*events.Report) {}, events.ActionSetup},
		{"update", events.ActionUpdate, onlySetup, func(*events.Report) {}, events.ActionUpdate},
		{"failed", events.ActionSetup, onlySetup, func(r *events.Report) { r.ActionResult = events.ResultFailed }, events.ActionSetup},
		{"uninstall", events.ActionUninstall, "[quietsetup]\ncommand = ['a']\nuninstall_command = ['b']\n", func(*events.Report) {}, events.ActionNone},
		{"a package that is broken now", events.ActionSetup, "[quietsetup\n", func(*events.Report) {}, events.ActionNone},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.offer(t, "p", "1", "[quietsetup]\ncommand = ['a']\nuninstall_command = ['b']\n")
			req := w.request(t, "p", c.action)
			w.offer(t, "p", "2", c.meta)
			r := installed(req)
			c.report(&r)
			if err := w.Report(t.Context(), r, req); err != nil {
				t.Fatal(err)
			}
			got := w.requests(t)[0]
			if got.Row.ActionRequest != c.want || got.Row.ActionResult != r.ActionResult || got.Row.ProductVersion != "1" {
				t.Fatalf("%+v", got)
			}
			if c.want == events.ActionNone {
				return
			}
			// The run for the newer one ends it.
			if got.Target() != "2-1" {
				t.Fatalf("%+v", got)
			}
			if err := w.Report(t.Context(), installed(got), got); err != nil {
				t.Fatal(err)
			}
			if got := w.requests(t)[0].Row; got.ActionRequest != events.ActionNone || got.ProductVersion != "2" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestDeferredReportKeepsTheRequest(t *testing.T) {
	w := newWorld(t)
	w.offer(t, "p", "1", onlySetup)
	req := w.request(t, "p", events.ActionSetup)
	r := req.Row
	r.ActionProgress = strings.Repeat("ä", 300)
	if err := w.Report(t.Context(), r, req); err != nil {
		t.Fatal(err)
	}
	got := w.requests(t)[0].Row
	if got.ActionRequest != "setup" || got.InstallationStatus != "not_installed" || got.ActionProgress != strings.Repeat("ä", 250) {
		t.Errorf("%+v", got)
	}
	// A new request clears what the last run said.
	if got := w.request(t, "p", events.ActionUpdate).Row; got.ActionProgress != "" || got.ActionRequest != "update" {
		t.Errorf("%+v", got)
	}
}

func TestRefusedRequests(t *testing.T) {
	w := newWorld(t)
	w.offer(t, "p", "1", onlySetup)
	w.offer(t, "plain", "1", "[[installers]]\ninstall_dir = '/opt/x'\n")
	w.offer(t, "broken", "1", "[[installers]\n")
	for _, c := range []struct {
		product string
		action  events.Action
		want    error
		text    string
	}{
		{"q", "setup", ErrUnknownProduct, "unknown product: the depot has no package folder q"},
		{"q", "none", ErrUnknownProduct, "unknown product: q is neither in the depot nor was it ever requested"},
		{"../p", "setup", ErrUnknownProduct, `unknown product: not a product id: "../p" holds a character that is not allowed there`},
		{"p", "uninstall", ErrNoCommand, "the package has no command for the action: p/CLIENT_DATA/opsi-meta-data.toml: quietsetup.uninstall_command: is not set, so there is nothing to run for uninstall"},
		{"plain", "setup", ErrNoCommand, "the package has no command for the action: plain/CLIENT_DATA/opsi-meta-data.toml: quietsetup.command: is not set, so there is nothing to run for setup"},
		{"p", "explode", ErrUnknownAction, `cannot request "explode" of "p": unknown action`},
		{"p", "", ErrUnknownAction, `cannot request "" of "p": unknown action`},
		{"broken", "setup", nil, ""}, // it may be mended
		{"p", "none", nil, ""},
	} {
		_, err := w.SetRequest(t.Context(), c.product, c.action, false)
		if !errors.Is(err, c.want) || err != nil && err.Error() != c.text {
			t.Errorf("%s of %s: %v\nwant %s", c.action, c.product, err, c.text)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.SetRequest(ctx, "p", "setup", false); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestDepotGonePackageGone(t *testing.T) {
	w := newWorld(t)
	w.offer(t, "p", "1", onlySetup)
	w.offer(t, "q", "1", onlySetup)
	req := w.request(t, "p", events.ActionSetup)
	w.offer(t, "p", "2", onlySetup)
	if got := w.requests(t)[0]; got.ProductVersion != "2" {
		t.Errorf("a new version does not show: %+v", got)
	}

	// The package goes: the row stays with what is known, preparing says why.
	hidden := filepath.Join(t.TempDir(), "p")
	if err := os.Rename(filepath.Join(w.depot, "p"), hidden); err != nil {
		t.Fatal(err)
	}
	if got := w.requests(t); len(got) != 1 || got[0].Row.ActionRequest != "setup" || got[0].ProductVersion != "2" || got[0].Requires[0] != "java" {
		t.Errorf("%+v", got)
	}
	if _, _, problem, err := w.Prepare(t.Context(), req); err != nil || problem == nil || problem.Code != metadata.CodeMissing {
		t.Errorf("%+v, %v", problem, err)
	}

	// The depot goes: nothing is known, nothing is withdrawn.
	gone := w.depot + ".gone"
	if err := os.Rename(w.depot, gone); err != nil {
		t.Fatal(err)
	}
	if got, err := w.Requests(t.Context()); !errors.Is(err, ErrDepotUnreachable) || got.Requests != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, _, problem, err := w.Prepare(t.Context(), req); !errors.Is(err, ErrDepotUnreachable) || problem != nil {
		t.Errorf("%+v, %v", problem, err)
	}
	if _, err := w.SetRequest(t.Context(), "q", events.ActionSetup, false); !errors.Is(err, ErrDepotUnreachable) {
		t.Errorf("%v", err)
	}
	if err := w.Report(t.Context(), installed(req), req); err != nil {
		t.Errorf("a report needs no depot: %v", err)
	}
	if got := w.request(t, "p", events.ActionNone); got.Row.ActionRequest != "none" {
		t.Errorf("a withdrawal needs no depot: %+v", got)
	}
	if err := os.Rename(gone, w.depot); err != nil {
		t.Fatal(err)
	}
	if got := w.requests(t); len(got) != 1 || got[0].Row.ActionRequest != "none" {
		t.Errorf("%+v", got)
	}
}

func TestPrepare(t *testing.T) {
	w := newWorld(t)
	w.offer(t, "p", "1", onlySetup)
	req := w.request(t, "p", events.ActionSetup)
	effective, pkg, problem, err := w.Prepare(t.Context(), req)
	if err != nil || problem != nil || effective.MaxDefer != 2 || effective.Origin["max_defer"] != "metadata" || pkg.Command[0] != "./setup.sh" {
		t.Errorf("%+v, %+v, %+v, %v", effective, pkg, problem, err)
	}
	if len(w.warned) != 2 || !strings.Contains(w.warned[1], `p: p/CLIENT_DATA/opsi-meta-data.toml:5: max_recheck (metadata): must be a whole number`) {
		t.Errorf("warned %q", w.warned)
	}
	w.offer(t, "p", "2", "[quietsetup]\nuninstall_command = ['x']\n")
	if _, pkg, problem, err := w.Prepare(t.Context(), req); err != nil || problem == nil || problem.Code != metadata.CodeNoCommand || pkg.ProductVersion != "2" {
		t.Errorf("%+v, %+v, %v", pkg, problem, err)
	}
	w.offer(t, "p", "2", "[quietsetup]\nversion = 1\ncommand = ['./gone.sh', 'x']\n")
	_, pkg, problem, err = w.Prepare(t.Context(), req)
	if err != nil || problem == nil || pkg.Product != "p" || *problem != (events.Problem{Code: metadata.CodeNoCommand,
		Message: "p/CLIENT_DATA/opsi-meta-data.toml:3: quietsetup.command[0]: cannot run the command: no such file"}) {
		t.Errorf("a command that cannot start: %+v, %v", problem, err)
	}
	w.offer(t, "p", "3", "x")
	effective, _, problem, err = w.Prepare(t.Context(), req)
	if err != nil || problem == nil || problem.Message != "p/CLIENT_DATA/opsi-meta-data.toml:1: x: expected = after the key" || policy.Check(effective) != nil {
		t.Errorf("%+v, %v", problem, err)
	}
	req.Row.ProductID = "../p"
	if _, _, problem, err := w.Prepare(t.Context(), req); err != nil || problem == nil || problem.Code != metadata.CodeMissing {
		t.Errorf("%+v, %v", problem, err)
	}
}

func TestDamagedRowsHarmNoOther(t *testing.T) {
	w := newWorld(t)
	w.offer(t, "good", "1", onlySetup)
	w.request(t, "good", events.ActionSetup)
	text, err := os.ReadFile(filepath.Join(w.state, "local", "good.json"))
	if err != nil {
		t.Fatal(err)
	}
	damaged := map[string]string{
		"empty":   "",
		"torn":    string(text[:len(text)/2]),
		"foreign": string(text),
		"newer":   strings.Replace(strings.Replace(string(text), `"v": 1`, `"v": 2`, 1), `"good"`, `"newer"`, 1),
		"action":  strings.Replace(strings.Replace(string(text), `"setup"`, `"rm -rf"`, 1), `"good"`, `"action"`, 1),
		"large":   strings.Repeat(" ", maxRow+1),
	}
	for id, text := range damaged {
		if err := os.WriteFile(filepath.Join(w.state, "local", id+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".good.json.quietsetup-new", "README", "Upper.json", "..json"} { // none of ours
		if err := os.WriteFile(filepath.Join(w.state, "local", name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rs := w.requests(t)
	if len(rs) != 1 || rs[0].Row.ProductID != "good" || len(w.warned) != 1 {
		t.Errorf("%+v, warned %q", rs, w.warned)
	}
	for id := range damaged {
		if !strings.Contains(strings.Join(w.warned, ""), id+".json") {
			t.Errorf("nothing is said of %s: %q", id, w.warned)
		}
		w.offer(t, id, "1", onlySetup)
		if _, err := w.SetRequest(t.Context(), id, events.ActionSetup, false); err == nil || !strings.Contains(err.Error(), id+".json") {
			t.Errorf("%s is written over: %v", id, err)
		}
	}
	w.request(t, "good", events.ActionUpdate) // over a temporary file left by a crash
}

func TestReportIsChecked(t *testing.T) {
	w := newWorld(t)
	w.offer(t, "p", "1", onlySetup)
	req := w.request(t, "p", events.ActionSetup)
	for name, spoil := range map[string]func(*events.Report){
		"other product": func(r *events.Report) { r.ProductID = "q" },
		"status":        func(r *events.Report) { r.InstallationStatus = "broken" },
		"result":        func(r *events.Report) { r.ActionResult = "Deferred" },
		"request":       func(r *events.Report) { r.ActionRequest = "" },
		"last action":   func(r *events.Report) { r.LastAction = "x" },
	} {
		r := installed(req)
		spoil(&r)
		if err := w.Report(t.Context(), r, req); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	hostile := req
	hostile.Row.ProductID = "../../p"
	if err := w.Report(t.Context(), hostile.Row, hostile); err == nil {
		t.Error("a hostile id is accepted")
	}
	if got := w.requests(t)[0].Row; !reflect.DeepEqual(got, req.Row) {
		t.Errorf("a refused report changed the row: %+v", got)
	}
	// A report whose row was deleted makes it anew.
	if err := os.Remove(filepath.Join(w.state, "local", "p.json")); err != nil {
		t.Fatal(err)
	}
	if err := w.Report(t.Context(), installed(req), req); err != nil {
		t.Fatal(err)
	}
	if got := w.requests(t)[0]; got.Row.InstallationStatus != "installed" || got.Row.ActionRequest != "none" {
		t.Errorf("%+v", got)
	}
}

func TestOpenNeedsAFolder(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "gone"), Parts{}); err == nil || !strings.Contains(err.Error(), "cannot open the state directory") {
		t.Errorf("%v", err)
	}
	state := t.TempDir()
	if err := os.WriteFile(filepath.Join(state, "local"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(state, Parts{}); err == nil || !strings.Contains(err.Error(), "not a plain folder") {
		t.Errorf("%v", err)
	}
}

// TestRowsSurviveTheirFile writes rows and reads them back, whatever they hold.
func TestRowsSurviveTheirFile(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		r := newRow(rapid.StringMatching(`[a-z0-9][a-z0-9_-]{0,20}x`).Draw(t, "id"))
		r.ActionRequest = rapid.SampledFrom(append(events.Actions(), events.ActionNone)).Draw(t, "request")
		r.ActionProgress = rapid.String().Draw(t, "progress")
		r.ProductVersion = rapid.StringMatching(`[a-zA-Z0-9.]{0,32}`).Draw(t, "version")
		for _, id := range rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,8}`), 1, 3).Draw(t, "needs") {
			r.Offer.Needs = append(r.Offer.Needs, Need{Product: id, Status: "installed", After: rapid.Bool().Draw(t, "after")})
		}
		if err := w.rows.write(r); err != nil {
			t.Fatal(err)
		}
		got, err := w.rows.read(r.ProductID)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Fatalf("got %+v, %v, want %+v", got, err, r)
		}
	})
}

func TestFileHasTheFieldsOfOpsi(t *testing.T) {
	w := newWorld(t)
	w.offer(t, "p", "1", onlySetup)
	w.request(t, "p", events.ActionSetup)
	text, err := os.ReadFile(filepath.Join(w.state, "local", "p.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"v", "productId", "productType", "installationStatus", "actionRequest", "actionProgress", "actionResult", "lastAction",
		"productVersion", "packageVersion", "modificationTime", "offer"} {
		if _, ok := m[key]; !ok {
			t.Errorf("%s is missing in\n%s", key, text)
		}
	}
}
