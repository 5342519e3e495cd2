// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// client is what the machine is called at its server.
const client = "pc1.site.test"

// site is a machine that works for an opsi server, with somebody at it who answers
// when the test says what.
type site struct {
	*machine
	server  *opsitest.Server
	user    *user
	answers chan string
	good    map[string]string // files of the product
	most    int               // windows that are answered; the others are only looked at
}

// newSite makes a site whose product app 1.0 is on the machine and in use, while
// its depot has 2.0.
func newSite(t *testing.T, poll string) *site {
	t.Helper()
	m := newMachine(t, "")
	s := &site{machine: m, server: opsitest.Start(t, opsitest.Options{}), answers: make(chan string, 1), most: 100}
	key := m.write("host.key", s.server.AddClient(client)+"\n")
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	m.write("ca.pem", string(s.server.CA()))
	m.write("quietsetup.toml", fmt.Sprintf("[source]\nkind = 'opsi'\nurl = '%s/rpc'\nhost_id = '%s'\nkey_file = 'host.key'\nca_file = 'ca.pem'\ndepot = 'depot'\npoll = '%s'\n"+
		"[log]\nlevel = 'debug'\n[policy]\ndefer_interval = '1s'\nprompt_interval = 0\nclose_grace = '5s'\n", s.server.URL(), client, poll))
	m.offer("app", "2.0", "")
	s.good = s.files()
	m.write(filepath.Join(m.root, "app/version"), "1.0\n")
	s.server.AddProduct(opsitest.Product{ID: "app", Version: "2.0", Scripts: map[string]string{"setup": "setup.sh", "uninstall": "remove.sh"}, Files: s.good})
	s.server.Put(opsitest.Object{"type": "ProductOnClient", "productId": "app", "productType": "LocalbootProduct", "clientId": client,
		"targetConfiguration": "installed", "installationStatus": "installed", "productVersion": "1.0", "packageVersion": "1", "lastAction": "setup", "actionResult": "successful"})
	s.server.ForgetHistory()
	return s
}

// files are those that the depot's server gives out, the mounted depot's.
func (s *site) files() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for _, name := range []string{"setup.sh", "remove.sh", "opsi-meta-data.toml"} {
		text, err := os.ReadFile(filepath.Join(s.depot, "app/CLIENT_DATA", name))
		if err != nil {
			s.t.Fatal(err)
		}
		out[name] = string(text)
	}
	return out
}

// unmount takes the mounted depot away, in the config too: files are fetched.
func (s *site) unmount() {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "quietsetup.toml"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("quietsetup.toml", strings.Replace(string(text), "depot = 'depot'\n", "", 1))
	if err := os.RemoveAll(s.depot); err != nil {
		s.t.Fatal(err)
	}
}

// sits logs somebody in.
func (s *site) sits() {
	s.user = s.login(func(p apitypes.Prompt) string {
		if p.DefersUsed >= s.most {
			return ""
		}
		return <-s.answers
	})
	s.t.Cleanup(func() { close(s.answers) }) // before the machine lets the user go
}

// asked waits until a window number n is on the screen.
func (s *site) asked(n int) {
	s.t.Helper()
	s.until(fmt.Sprintf("window %d is shown", n), 30*time.Second, func() bool { return len(s.user.prompts()) >= n })
}

// shows waits until the row at the server shows a progress or result, and then
// compares all of it.
func (s *site) shows(want string) {
	s.t.Helper()
	var got string
	end := time.Now().Add(30 * time.Second)
	for got != want && time.Now().Before(end) {
		r := s.server.Row(client, "app")
		got = fmt.Sprintf("%s %s %s %s %s %s-%s %q", r.Text("targetConfiguration"), r.Text("actionResult"), r.Text("actionRequest"), r.Text("lastAction"), r.Text("installationStatus"),
			r.Text("productVersion"), r.Text("packageVersion"), r.Text("actionProgress"))
		time.Sleep(20 * time.Millisecond)
	}
	if got != want {
		s.t.Fatalf("the row is\n%s, want\n%s\n%+v", got, want, s.product("app"))
	}
}

// written counts the writes of this client that changed the row of the product.
func (s *site) written() (n int) {
	for _, w := range s.server.History() {
		if w.Caller == client && w.Class == "ProductOnClient" && w.Changed() {
			n++
		}
	}
	return n
}

// again is a new server process: it keeps what is stored and knows no session.
func (s *site) again() {
	s.t.Helper()
	s.server.Stop()
	if err := s.server.Resume(); err != nil {
		s.t.Fatal(err)
	}
	s.server.ForgetSessions()
}

// sync looks at the server and gives the answer.
func (s *site) sync(args ...string) (doc apitypes.Sync) {
	s.t.Helper()
	out, errs, _ := s.cli(append([]string{"sync", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		s.t.Fatalf("sync: %v\n%s%s", err, out, errs)
	}
	return doc
}

// TestOpsiServer is the main job at an opsi server: setup put off twice, then
// installed, over restarts of the daemon and of the server, with the row of the
// product after each step.
func TestOpsiServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	inside := s.program(filepath.Join(s.root, "app/app"))
	s.sits()
	s.start()
	s.shows(`installed successful none setup installed 1.0-1 ""`)
	s.server.Request(client, "app", "setup")
	if doc := s.sync("--dry-run"); !doc.Answered || !doc.DryRun || len(doc.Wanted) != 1 || doc.Wanted[0].Product != "app" || doc.Wanted[0].Version != "2.0-1" || doc.Wanted[0].Now != "ask" {
		t.Errorf("a dry look: %+v", doc)
	}
	s.asked(1)
	s.shows(`installed none setup setup installed 1.0-1 ""`)
	if n := s.written(); n != 0 {
		t.Errorf("%d writes before anybody answered", n)
	}
	out := s.must("status")
	for _, want := range []string{"Source:    opsi " + s.server.URL() + ": ok", "this machine is " + client + " there; opsiconfd 4.3"} {
		if !strings.Contains(out, want) {
			t.Errorf("status does not say %q:\n%s", want, out)
		}
	}
	_, errs, code := s.cli("request", "app", "uninstall")
	if code != 1 || !strings.Contains(errs, "requests for this machine are made at its opsi server, "+s.server.URL()) || !strings.Contains(errs, "opsi-admin -d method setProductActionRequest app "+client+" uninstall") {
		t.Errorf("a request here: %d %s", code, errs)
	}

	s.answers <- apitypes.ChoiceDefer
	s.shows(`installed none setup setup installed 1.0-1 "Deferred (user, 1 of 5)"`)
	s.again()
	s.stop()
	s.start()
	s.asked(2)
	s.answers <- apitypes.ChoiceDefer
	s.shows(`installed none setup setup installed 1.0-1 "Deferred (user, 2 of 5)"`)
	s.kill()
	s.again()
	s.start()
	s.asked(3)
	s.answers <- apitypes.ChoiceKill
	s.shows(`installed successful none setup installed 2.0-1 ""`)
	s.untilPhase("app", "reported")

	if alive(inside) || s.installed("app") != "2.0" || len(s.runs()) != 2 || s.counted() != 2 {
		t.Errorf("program runs %v, version %q, installer %q, put off %d times", alive(inside), s.installed("app"), s.runs(), s.counted())
	}
	if n := s.written(); n != 3 && n != 4 { // installing is shown if it takes long enough
		t.Errorf("%d writes: %+v", n, s.server.History())
	}
	log := s.server.Log("instlog", client, 0)
	for _, want := range []string{"[app] setup is wanted, to version 2.0-1: run 1", "[app] put off: user; 1 times so far", "[app] the installer ended with exit code 0: ok"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log at the server does not say %q:\n%s", want, log)
		}
	}
	if strings.Contains(log, s.root) || strings.Contains(log, "uid:") {
		t.Errorf("the log at the server says too much:\n%s", log)
	}
	s.verify()
}

// TestOpsiOutage: while the server is away somebody puts off again, and the daemon
// is killed. why says what is wrong, and when the server is back the report
// arrives, once.
func TestOpsiOutage(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	s.program(filepath.Join(s.root, "app/app"))
	s.most = 2
	s.sits()
	s.server.Request(client, "app", "setup")
	s.start()
	s.asked(1)
	s.answers <- apitypes.ChoiceDefer
	s.shows(`installed none setup setup installed 1.0-1 "Deferred (user, 1 of 5)"`)
	s.server.Stop()
	s.server.ForgetHistory()
	s.asked(2)
	s.answers <- apitypes.ChoiceDefer
	s.until("the report fails", 30*time.Second, func() bool { return s.product("app").Report.Class == "failing" })
	s.until("why names the server", 30*time.Second, func() bool {
		out, _, _ := s.cli("why", "app")
		return strings.Contains(out, "the server cannot be reached") && strings.Contains(out, "no good answer since ") && strings.Contains(out, "quietsetup sync")
	})
	s.kill()
	s.start()
	if doc := s.sync(); doc.Answered || doc.Source.Class != "unreachable" || doc.Source.Since == nil || len(doc.Reports) != 1 || doc.Reports[0].Progress != "Deferred (user, 2 of 5)" {
		t.Errorf("during the outage: %+v", doc)
	}
	if out, _, code := s.cli("doctor"); code == 0 && !strings.Contains(out, "is the server on, and the network?") {
		t.Errorf("doctor does not know:\n%s", out)
	}
	if err := s.server.Resume(); err != nil {
		t.Fatal(err)
	}
	s.server.ForgetSessions()
	if doc := s.sync(); !doc.Answered || doc.Source.State != "ok" {
		t.Errorf("after the outage: %+v", doc)
	}
	s.shows(`installed none setup setup installed 1.0-1 "Deferred (user, 2 of 5)"`)
	s.until("the report is accepted", 30*time.Second, func() bool { r := s.product("app").Report; return r.Accepted && r.Class == "" })
	time.Sleep(2 * time.Second) // two more looks
	if n := s.written(); n != 1 {
		t.Errorf("%d writes: %+v", n, s.server.History())
	}
	s.verify()
}

// TestOpsiNewerRequest: an administrator changes his mind while the installer
// runs. What it did is told, what he wants now stays and is done next.
func TestOpsiNewerRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, "24h")
	s.sits()
	s.server.Request(client, "app", "setup")
	s.start() // nothing of it runs, so nobody is asked
	s.untilPhase("app", "installing")
	s.server.Request(client, "app", "uninstall")
	s.shows(`installed successful uninstall setup installed 2.0-1 ""`)
	if doc := s.sync(); !doc.Answered {
		t.Errorf("%+v", doc)
	}
	s.shows(`installed successful none uninstall not_installed 2.0-1 ""`)
	if s.installed("app") != "" {
		t.Error("it is still there")
	}
	s.verify()
}

// TestOpsiHold: the site holds the product by config id, and lets it go.
func TestOpsiHold(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	s.server.Put(opsitest.Config("quietsetup.hold"), opsitest.State("quietsetup.hold", client, "app"))
	s.server.Put(opsitest.Config("quietsetup.max_defer"), opsitest.State("quietsetup.max_defer", client, "7"))
	s.sits()
	s.server.Request(client, "app", "setup")
	s.start()
	s.until("it is held", 30*time.Second, func() bool { h := s.product("app").Held; return h != nil && h.Actor == "server" })
	time.Sleep(2 * time.Second)
	if r := s.runs(); len(r) != 0 {
		t.Errorf("an installer ran: %q", r)
	}
	out := s.must("--state-dir", s.state, "config", "show", "app", "--config", filepath.Join(s.dir, "quietsetup.toml"))
	if !regexp.MustCompile(`(?m)^ *max_defer +7 +this client`).MatchString(out) {
		t.Errorf("what the server set does not show:\n%s", out)
	}
	s.server.Put(opsitest.State("quietsetup.hold", client))
	s.shows(`installed successful none setup installed 2.0-1 ""`)
	s.server.Put(opsitest.State("quietsetup.hold", client, "all"))
	s.server.Request(client, "app", "uninstall")
	s.until("everything is held", 30*time.Second, func() bool { return strings.Contains(s.must("status"), "everything, since ") })
	time.Sleep(2 * time.Second)
	if s.installed("app") != "2.0" {
		t.Error("it was removed under a hold")
	}
	s.server.Put(opsitest.State("quietsetup.hold", client))
	s.shows(`installed successful none uninstall not_installed 2.0-1 ""`)
	s.verify()
}

// TestOpsiFetched: without a mounted depot the files come by HTTPS before anybody
// is asked; a file that is not what the depot's list says is refused; and what is
// not wanted any more is taken away.
func TestOpsiFetched(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	s.unmount()
	s.program(filepath.Join(s.root, "app/app"))
	s.sits()
	s.server.WriteFile("app/setup.sh", []byte("#!/bin/sh\necho hostile >>"+s.root+"/runs.log\n")) // the list is the old one
	s.server.Request(client, "app", "setup")
	s.start()
	s.until("it is refused", 30*time.Second, func() bool {
		w := s.product("app").Waits
		return w != nil && w.Reason == "defect" && strings.Contains(w.Detail, "setup.sh")
	})
	if n := len(s.user.prompts()); n != 0 {
		t.Errorf("%d windows for files that must not be used", n)
	}
	s.server.AddProduct(opsitest.Product{ID: "app", Version: "2.0", Scripts: map[string]string{"setup": "setup.sh", "uninstall": "remove.sh"}, Files: s.good})
	s.must("resume", "app", "--reason", "mended")
	s.asked(1)
	kept := filepath.Join(s.state, "depot/app")
	if _, err := os.Stat(filepath.Join(kept, "CLIENT_DATA/setup.sh")); err != nil {
		t.Error(err)
	}
	s.answers <- apitypes.ChoiceKill
	s.shows(`installed successful none setup installed 2.0-1 ""`)
	s.until("the files are taken away", 30*time.Second, func() bool { _, err := os.Stat(kept); return os.IsNotExist(err) })
	if s.installed("app") != "2.0" {
		t.Errorf("installed %q by %q", s.installed("app"), s.runs())
	}
	s.verify()
}

// TestOpsiDryLook: while an installer runs, the depot gets a newer package. Who only
// wants to know looks at that one, and the installer finds all of its own files.
func TestOpsiDryLook(t *testing.T) {
	t.Parallel()
	s := newSite(t, "24h")
	s.unmount()
	s.sits()
	goes := filepath.Join(s.dir, "go")
	put := func(version, setup string) {
		files := maps.Clone(s.good)
		files["setup.sh"] = setup
		files["opsi-meta-data.toml"] = strings.Replace(s.good["opsi-meta-data.toml"], `version = "2.0"`, fmt.Sprintf("version = %q", version), 1)
		s.server.AddProduct(opsitest.Product{ID: "app", Version: version, Scripts: map[string]string{"setup": "setup.sh", "uninstall": "remove.sh"}, Files: files})
	}
	put("2.0", fmt.Sprintf("#!/bin/sh\nset -eu\necho begin $$ >>%[1]s/runs.log\nwhile [ ! -e %[2]s ]; do sleep 0.05; done\ntest -e remove.sh\necho 2.0 >%[1]s/app/version\necho done $$ >>%[1]s/runs.log\n", s.root, goes))
	s.server.Request(client, "app", "setup")
	s.start() // nothing of it runs, so nobody is asked
	s.until("it runs", 30*time.Second, func() bool { return len(s.runs()) == 1 })
	put("3.0", s.good["setup.sh"])
	if doc := s.sync("--dry-run"); !doc.Answered {
		t.Errorf("%+v", doc)
	}
	s.must("processes", "app")
	if _, err := os.Stat(filepath.Join(s.state, "depot/app/CLIENT_DATA/remove.sh")); err != nil {
		t.Errorf("a look took the installer's files away: %v", err)
	}
	s.write(goes, "")
	s.shows(`installed successful setup setup installed 2.0-1 ""`) // the depot offers another version: the request stays
	s.verify()
}

// TestOpsiNothingStartsWithout: what is missing to prove oneself is said with its
// place, and nothing starts.
func TestOpsiNothingStartsWithout(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	for _, c := range []struct {
		name  string
		spoil func() error
		want  string
	}{
		{"no CA", func() error { return os.WriteFile(filepath.Join(s.dir, "ca.pem"), []byte("x"), 0o644) }, "quietsetup.toml:6: source.ca_file: cannot use the CA file "},
		{"a loose key", func() error { return os.Chmod(filepath.Join(s.dir, "host.key"), 0o644) }, "quietsetup.toml:5: source.key_file: cannot read the host key: others can read or change the file"},
		{"no key", func() error { return os.Remove(filepath.Join(s.dir, "host.key")) }, "quietsetup.toml:5: source.key_file: cannot read the host key: "},
	} {
		if err := c.spoil(); err != nil {
			t.Fatal(err)
		}
		s.launch()
		<-s.exited
		if code := s.daemon.ProcessState.ExitCode(); code != 7 || !strings.Contains(s.log.String(), c.want) {
			t.Errorf("%s: exit code %d\n%s", c.name, code, s.log)
		}
		out, _, code := s.cli("config", "check", filepath.Join(s.dir, "quietsetup.toml"))
		if place, _, _ := strings.Cut(c.want, " "); code != 7 || !strings.Contains(out, place) {
			t.Errorf("%s: config check: %d\n%s", c.name, code, out)
		}
		s.daemon = nil
	}
	if n := len(s.server.Requests()); n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
}

// TestOpsiWithdrawnAndRefused: an administrator takes the request back while it is
// put off; then the server does not let this client write a report.
func TestOpsiWithdrawnAndRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	s.program(filepath.Join(s.root, "app/app"))
	s.most = 1
	s.sits()
	s.start()
	s.server.Request(client, "app", "setup")
	s.asked(1)
	s.answers <- apitypes.ChoiceDefer
	s.shows(`installed none setup setup installed 1.0-1 "Deferred (user, 1 of 5)"`)
	s.asked(2)
	row := s.server.Row(client, "app") // as opsi-configed does it, which leaves the progress
	row["actionRequest"] = "none"
	s.server.Put(row)
	s.until("it is withdrawn", 30*time.Second, func() bool { o := s.product("app").Outcome; return o != nil && o.Outcome == "withdrawn" })
	if s.product("app").Window != nil || len(s.runs()) != 0 {
		t.Errorf("%+v, %q", s.product("app"), s.runs())
	}
	s.shows(`installed none none setup installed 1.0-1 ""`)

	s.server.Break(opsitest.Fault{Kind: opsitest.RPCError, Method: "productOnClient_updateObjects", Class: "BackendPermissionDeniedError", Text: "no permission", Times: 1000})
	s.server.Request(client, "app", "uninstall")
	s.must("hold", "app", "--reason", "exam")
	s.until("the report is refused", 30*time.Second, func() bool { return s.product("app").Report.Class == "refused" })
	if out := s.must("show", "app"); !strings.Contains(out, "refused by the source") {
		t.Errorf("show does not say it:\n%s", out)
	}
	s.verify()
}

// TestOpsiAsksToo: while opsi-script's own background check is on, nothing is done
// while somebody is there, and everybody is told why.
func TestOpsiAsksToo(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	const id = "opsi-script.backgroundinstall.active"
	s.server.Put(opsitest.Config(id, "false"), opsitest.State(id, client, "true"))
	s.sits()
	s.server.Request(client, "app", "setup")
	s.start()
	s.until("it waits", 30*time.Second, func() bool { w := s.product("app").Waits; return w != nil && w.Reason == "not_in_background" })
	if out := s.must("status"); !strings.Contains(out, id) {
		t.Errorf("status does not say why:\n%s", out)
	}
	s.shows(`installed none setup setup installed 1.0-1 "Deferred (not in background)"`)
	s.server.Put(opsitest.State(id, client, "false"))
	s.until("the service knows", 30*time.Second, func() bool { return !strings.Contains(s.must("status"), id) })
	s.must("resume", "app", "--reason", "opsi does not ask any more")
	s.shows(`installed successful none setup installed 2.0-1 ""`)
	s.verify()
}
