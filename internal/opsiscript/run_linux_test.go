// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/installer"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

const me = "pc1.site.test"

// TestMain lets the test binary play the supervisor.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == installer.Entry {
		syscall.Exit(installer.Supervise(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// build builds the stand-in.
func build(t testing.TB) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "opsi-script")
	if out, err := exec.Command("go", "build", "-o", program, "./standin").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// world is a client with opsi-script at a double of the server. There is no daemon:
// the test asks for runs as the daemon would.
type world struct {
	server   *opsitest.Server
	source   *opsi.Source
	runner   Runner
	state    string // of the supervisor
	depot    string // as it is mounted
	handOver string
	side     string // the file to which what a script installs is added
	token    string // begins every token

	mu       sync.Mutex
	scripted map[string]bool // products that opsi-script was started for
}

func newWorld(t testing.TB, program string) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{server: opsitest.Start(t, opsitest.Options{}), state: filepath.Join(dir, "state"), depot: filepath.Join(dir, "depot"), handOver: filepath.Join(dir, "run"),
		side: filepath.Join(dir, "side"), token: strings.ToLower(rand.Text()[:8]), scripted: map[string]bool{}}
	for _, d := range []string{w.state, w.depot, w.handOver, filepath.Join(dir, "runs")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	hex := w.server.AddClient(me)
	key, err := opsi.ParseKey(hex)
	if err != nil {
		t.Fatal(err)
	}
	client, err := opsi.NewClient(opsi.Options{Server: w.server.URL(), Credentials: opsi.Credentials{HostID: me, Key: key}, Roots: w.server.Roots()})
	if err != nil {
		t.Fatal(err)
	}
	w.source = opsi.New(opsi.Parts{Server: client, Gather: time.Millisecond, Scripted: func(r events.Report) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.scripted[r.ProductID]
	}})
	t.Cleanup(func() {
		if err := errors.Join(w.source.Close(), client.Close()); err != nil {
			t.Error(err)
		}
	})
	w.runner = Runner{Program: program, System: "linux", Site: Site{URL: w.server.URL() + "/rpc", ClientID: me, Depot: w.depot}, Key: func() string { return hex },
		Folder: filepath.Join(dir, "runs"), Rows: w.source, Wishes: Files(w.handOver)}
	return w
}

// product puts a product on the depot whose scripts are all one text, with version
// 1.0-1 installed before and an action requested.
func (w *world) product(t testing.TB, id string, a events.Action, script string) events.Request {
	t.Helper()
	scripts := map[string]string{}
	for _, one := range events.Actions() {
		if one != events.ActionUpdate || a == events.ActionUpdate { // after a setup it would be run, too
			scripts[string(one)] = "all.opsiscript"
		}
	}
	w.server.AddProduct(opsitest.Product{ID: id, Version: "2.0", Scripts: scripts})
	if err := os.MkdirAll(filepath.Join(w.depot, id), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.depot, id, "all.opsiscript"), []byte(strings.ReplaceAll(script, "SIDE", w.side)), 0o600); err != nil {
		t.Fatal(err)
	}
	w.server.Put(opsitest.Object{"type": "ProductOnClient", "productId": id, "productType": "LocalbootProduct", "clientId": me, "installationStatus": "installed",
		"productVersion": "1.0", "packageVersion": "1", "lastAction": "none", "actionResult": "successful", "actionProgress": "left by others"})
	w.server.Request(me, id, string(a))
	var req events.Request
	if err := w.source.Poll(t.Context(), func(got opsi.Wanted) error {
		i := slices.IndexFunc(got.Requests, func(r events.Request) bool { return r.Row.ProductID == id })
		if i < 0 {
			return fmt.Errorf("nothing is wanted of %s", id)
		}
		req = got.Requests[i]
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return req
}

// start begins a run under a supervisor.
func (w *world) start(t testing.TB, id string, a events.Action) (events.InstallerStarted, error) {
	t.Helper()
	token := w.token + "." + id + ".1.1"
	w.server.ForgetSessions() // an address has thirty at most, and who crashes leaves his
	argv, err := w.runner.Prepare(t.Context(), token, id, a)
	if err != nil {
		return events.InstallerStarted{}, err
	}
	if slices.ContainsFunc(argv, func(s string) bool { return strings.Contains(s, w.runner.Key()) }) {
		t.Errorf("the key is on the command line: %q", argv)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	begun, err := installer.Start(t.Context(), installer.Options{Exe: exe, StateDir: w.state}, installer.Spec{Token: token, Product: id, Action: a,
		Argv: argv, Dir: filepath.Join(w.depot, id), Env: []string{"STANDIN_HANDOVER=" + w.handOver}})
	if err == nil {
		w.mu.Lock()
		w.scripted[id] = true
		w.mu.Unlock()
	}
	return begun, err
}

// settle waits for the end of a run and asks what became of it.
func (w *world) settle(t testing.TB, begun events.InstallerStarted) (Outcome, installer.Result) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	res, err := installer.Wait(ctx, w.state, begun.Token, begun.Supervisor, begun.Installer, func(string) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	o, err := w.runner.Settle(ctx, begun.Token, End{Exit: res.Ended.Exit, Signal: res.Ended.Signal, Error: res.Ended.Error, Lost: res.Lost})
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.runner.Settle(ctx, begun.Token, End{Exit: res.Ended.Exit, Signal: res.Ended.Signal, Error: res.Ended.Error, Lost: res.Lost})
	if err != nil || again != o {
		t.Errorf("asked again it says %+v, %v; said %+v", again, err, o)
	}
	return o, res
}

func (w *world) shown(id string) string {
	r := w.server.Row(me, id)
	return fmt.Sprintf("%s %s %s %s %s-%s %s", r.Text("actionResult"), r.Text("actionRequest"), r.Text("lastAction"), r.Text("installationStatus"),
		r.Text("productVersion"), r.Text("packageVersion"), r.Text("actionProgress"))
}

// keys are the private files that are there now.
func (w *world) keys(t testing.TB) []string {
	t.Helper()
	got, err := filepath.Glob(filepath.Join(w.runner.Folder, "*"+endKey))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestEndings drives the stand-in through every ending, under the supervisor and
// against the double. What it left in the row is what opsi-script leaves, the
// outcome is right, and our own reports leave the row as it is, unless it tells no end.
func TestEndings(t *testing.T) {
	program := build(t)
	w := newWorld(t, program)
	for i, c := range []struct {
		action events.Action
		script string
		row    string
		kind   Kind
		wish   Wish
		code   int
	}{
		{"setup", "run SIDE", "successful none setup installed 2.0-1 ", Done, NoWish, 0},
		{"update", "run SIDE", "successful none update installed 2.0-1 ", Done, NoWish, 0},
		{"uninstall", "run SIDE", "successful none uninstall not_installed 2.0-1 ", Done, NoWish, 0},
		{"always", "run SIDE", "successful always always installed 2.0-1 ", Done, NoWish, 0},
		{"once", "run SIDE", "successful none once not_installed 2.0-1 ", Done, NoWish, 0},
		{"custom", "run SIDE", "successful none custom installed 1.0-1 ", Done, NoWish, 0},
		{"setup", "run SIDE\nprogress disk full\nfatal", "failed none setup unknown 2.0-1 disk full", Failed, NoWish, 1},
		{"update", "run SIDE\nfatal", "failed none update unknown 2.0-1 ", Failed, NoWish, 1},
		{"uninstall", "run SIDE\nfatal", "failed none uninstall unknown 2.0-1 ", Failed, NoWish, 1},
		{"always", "run SIDE\nfatal", "failed always always unknown 2.0-1 ", Failed, NoWish, 1},
		{"once", "run SIDE\nfatal", "failed none once unknown 2.0-1 ", Failed, NoWish, 1},
		{"custom", "run SIDE\nfatal", "failed none custom installed 1.0-1 ", Failed, NoWish, 1},
		{"setup", "run SIDE\nsuspended", "none setup setup unknown 2.0-1 Suspended", Deferred, NoWish, 0},
		{"setup", "run SIDE\ndeferred", "none setup none installed 1.0-1 Deferred", Deferred, NoWish, 0}, // opsi-script loses the request; it is set again
		{"update", "run SIDE\ndeferred", "none update none installed 1.0-1 Deferred", Deferred, NoWish, 0},
		{"always", "run SIDE\ndeferred", "none always none installed 1.0-1 Deferred", Deferred, NoWish, 0},
		{"setup", "run SIDE\nreboot", "successful none setup installed 2.0-1 ", Done, Reboot, 0},
		{"setup", "run SIDE\nrebootwanted", "successful none setup installed 2.0-1 ", Done, Reboot, 0},
		{"setup", "run SIDE\nshutdownwanted", "successful none setup installed 2.0-1 ", Done, Shutdown, 0},
		{"setup", "run SIDE\nlogoutwanted", "successful none setup installed 2.0-1 ", Done, NoWish, 0}, // Unix has no file for it
		{"setup", "run SIDE\nrebootwanted\nfatal", "failed none setup unknown 2.0-1 ", Failed, Reboot, 1},
		{"setup", "run SIDE\nimmediatereboot", "none setup none unknown 1.0-1 installing", Interrupted, Reboot, 0},
		{"setup", "run SIDE\nprogress part 1 of 2\nimmediatereboot", "none setup none unknown 1.0-1 part 1 of 2", Interrupted, Reboot, 0},
		{"custom", "run SIDE\nimmediatereboot", "none custom none installed 1.0-1 starting", Interrupted, Reboot, 0},
		{"setup", "run SIDE\nimmediatelogout", "none setup none unknown 1.0-1 installing", Unknown, NoWish, 0},
		{"setup", "run SIDE\nexitscript unknown none ExitScript", "none none none unknown 1.0-1 ExitScript", Unknown, NoWish, 0},
		{"setup", "run SIDE\nexitscript installed none half is enough", "none none none installed 1.0-1 half is enough", Done, NoWish, 0},
		{"setup", "run SIDE\ncrash", "none setup none unknown 1.0-1 installing", Unknown, NoWish, -1},
		{"custom", "run SIDE\ncrash", "none custom none installed 1.0-1 starting", Unknown, NoWish, -1},
		{"setup", "run SIDE\ncode 1", "successful none setup installed 2.0-1 ", Done, NoWish, 1},
		{"setup", "run SIDE\ncode 3010", "successful none setup installed 2.0-1 ", Done, NoWish, 3010 & 0xff},
		{"setup", "run SIDE\nfatal\ncode 0", "failed none setup unknown 2.0-1 ", Failed, NoWish, 0},
	} {
		id := fmt.Sprintf("p%d-%s", i, c.action)
		req := w.product(t, id, c.action, c.script)
		other := w.product(t, "other"+id, "setup", "run SIDE") // is requested, and not ours to do
		begun, err := w.start(t, id, c.action)
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		o, res := w.settle(t, begun)
		if o.Kind != c.kind || o.Wish != c.wish || res.Ended.Exit != c.code {
			said, _ := os.ReadFile(filepath.Join(w.state, "outcome", begun.Token+".log"))
			t.Errorf("%s %q: %+v, exit code %d; want %s, %s, %d\n%s", c.action, c.script, o, res.Ended.Exit, c.kind, c.wish, c.code, said)
		}
		if got := w.shown(id); got != c.row {
			t.Errorf("%s %q left\n%q, want\n%q", c.action, c.script, got, c.row)
		}
		if got := w.keys(t); len(got) != 0 {
			t.Errorf("%s: keys are left: %q", id, got)
		}
		if got := w.shown(other.Row.ProductID); !strings.HasPrefix(got, "none setup none installed 1.0-1") {
			t.Errorf("%s: another product was done: %s", id, got)
		}
		text, err := os.ReadFile(w.side)
		if err != nil || strings.Count(string(text), id+"\n") != 1 || strings.Contains(string(text), "other") {
			t.Errorf("%s: installed %q, %v", id, text, err)
		}
		w.reports(t, id, req, c.action, c.kind, c.row)
		if err := w.runner.Forget(begun.Token); err != nil {
			t.Error(err)
		}
		for _, p := range []string{id, other.Row.ProductID} {
			w.server.Request(me, p, "none")
		}
	}
	if left, err := os.ReadDir(w.runner.Folder); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// reports sends what the core would report during the run and at its end.
func (w *world) reports(t testing.TB, id string, req events.Request, a events.Action, kind Kind, left string) {
	t.Helper()
	ended := kind != Unknown && kind != Interrupted || strings.HasPrefix(left, "none none")
	r := req.Row
	for _, step := range []struct{ progress, result string }{{"installing", events.ResultNone}, {"Deferred (user, 1 of 5)", events.ResultNone}, {"the installer ended with 1", events.ResultFailed}} {
		r.ActionProgress, r.ActionResult = step.progress, step.result
		if step.result == events.ResultFailed {
			r.LastAction, r.InstallationStatus, r.ActionRequest = a, events.StatusUnknown, events.ActionNone
		}
		if step.progress != "installing" && !ended {
			continue // nothing is known of the end: it is ours to say
		}
		if err := w.source.Report(t.Context(), r, req, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if got := w.shown(id); got != left {
			t.Errorf("%s: a report wrote %q over %q", id, got, left)
		}
	}
	if ended || kind == Interrupted {
		return
	}
	if err := w.source.Report(t.Context(), r, req, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
}
