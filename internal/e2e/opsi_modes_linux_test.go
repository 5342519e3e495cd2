// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// patiently makes what was put off wait for a day, as in a real site.
func (s *site) patiently() {
	s.t.Helper()
	s.write("quietsetup.toml", strings.NewReplacer("defer_interval = '1s'", "defer_interval = '24h'", "prompt_interval = 0", "prompt_interval = '1h'").Replace(s.text("quietsetup.toml")))
}

// text is a file of the machine.
func (s *site) text(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// config asks what counts for the product, and who said it.
func (s *site) config(args ...string) string {
	s.t.Helper()
	return s.must(append([]string{"--state-dir", s.state, "config", "show", "--config", filepath.Join(s.dir, "quietsetup.toml"), "--origin"}, args...)...)
}

// TestOpsiObserve: in observe mode a request leads to words alone. The row at the
// server stays field by field, nobody is asked and nothing runs; why says in both
// languages what would be done. When the mode is over the same run goes on.
func TestOpsiObserve(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	s.unmount()
	inside := s.program(filepath.Join(s.root, "app/app"))
	s.sits()
	s.server.Put(opsitest.Config("quietsetup.mode", "observe"))
	s.server.Request(client, "app", "setup")
	before := s.server.Row(client, "app")
	s.server.ForgetHistory()
	s.start()
	s.until("it is told what would be done", 30*time.Second, func() bool {
		p := s.product("app")
		return p.Waits != nil && p.Waits.Reason == "observed" && p.Waits.Detail == "ask"
	})
	for _, want := range []string{"it is only observed (people would be asked now)", "Program:  app (process ", "it is done when the mode is no longer observe"} {
		if out := s.must("why", "app"); !strings.Contains(out, want) {
			t.Errorf("why does not say %q:\n%s", want, out)
		}
	}
	s.env = append(s.env, "LC_ALL=de_DE.UTF-8")
	if out := s.must("why", "app"); !strings.Contains(out, "es wird nur beobachtet (jetzt würde gefragt)") {
		t.Errorf("in German:\n%s", out)
	}
	s.env = s.env[:len(s.env)-1]
	if out := s.must("status"); !strings.Contains(out, "Observes:  nothing is asked, closed, started or reported") || !strings.Contains(out, "config id quietsetup.mode") {
		t.Errorf("status:\n%s", out)
	}
	var ready apitypes.Readiness
	if err := json.Unmarshal([]byte(s.must("server", "readiness", "--config", filepath.Join(s.dir, "quietsetup.toml"), "--json")), &ready); err != nil {
		t.Fatal(err)
	}
	if len(ready.Products) != 1 || ready.Products[0].Product != "app" || ready.Products[0].State != "capable" {
		t.Errorf("readiness: %+v", ready)
	}

	// A person who closes it by themselves, and more looks: still nothing happens.
	s.must("resume", "app", "--reason", "look again")
	s.until("it was looked again", 30*time.Second, func() bool { p := s.product("app"); return p.Round >= 2 && p.Waits != nil })
	s.kill()
	s.start()
	s.sync()
	s.until("it goes on observing after a crash", 30*time.Second, func() bool {
		p := s.product("app")
		return p.Waits != nil && p.Waits.Reason == "observed"
	})
	if after := s.server.Row(client, "app"); !reflect.DeepEqual(after, before) {
		t.Errorf("the row was\n%v, is\n%v", before, after)
	}
	for _, w := range s.server.History() {
		if w.Caller == client && w.Class == "ProductOnClient" {
			t.Errorf("a row was written: %+v", w)
		}
	}
	if !alive(inside) || len(s.runs()) != 0 || len(s.user.prompts()) != 0 || s.counted() != 0 {
		t.Errorf("program runs %v, installer %q, %d windows, put off %d times", alive(inside), s.runs(), len(s.user.prompts()), s.counted())
	}
	if _, err := os.Stat(filepath.Join(s.state, "depot", "app", "CLIENT_DATA", "setup.sh")); err == nil {
		t.Error("the whole product was fetched, only to look at it")
	}

	s.server.Put(opsitest.Config("quietsetup.mode", "normal"))
	s.asked(1)
	s.answers <- apitypes.ChoiceKill
	s.shows(`installed successful none setup installed 2.0-1 ""`)
	if p := s.untilPhase("app", "reported"); p.Run != 1 {
		t.Errorf("it is run %d", p.Run)
	}
	s.verify()
}

// TestOpsiUrgent: what somebody put off until tomorrow comes with the next look when
// the site says that it is urgent, as the last notice, and not with every look.
func TestOpsiUrgent(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	s.patiently()
	s.program(filepath.Join(s.root, "app/app"))
	s.most = 2
	s.sits()
	s.server.Request(client, "app", "setup")
	s.start()
	s.asked(1)
	s.answers <- apitypes.ChoiceDefer
	s.shows(`installed none setup setup installed 1.0-1 "Deferred (user, 1 of 5)"`)
	s.server.Put(opsitest.Config("quietsetup.urgent", "java", "app"))
	s.sync()
	s.asked(2)
	if p := s.user.prompts()[1]; !p.Final || slices.Contains(p.Choices, apitypes.ChoiceDefer) || p.Default != apitypes.ChoiceKill {
		t.Errorf("the window is %+v", p)
	}
	if out := s.config("app"); !strings.Contains(out, "urgent = true") || !strings.Contains(out, "server    true       config id quietsetup.urgent  (counts)") {
		t.Errorf("config show:\n%s", out)
	}
	s.answers <- apitypes.ChoiceKill
	s.shows(`installed successful none setup installed 2.0-1 ""`)
	s.verify()
}

// TestOpsiDeadlineWhileItRests: a date that is set after somebody put it off until
// tomorrow, and has passed, counts with the next look.
func TestOpsiDeadlineWhileItRests(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	s.patiently()
	s.write("quietsetup.toml", strings.Replace(s.text("quietsetup.toml"), "prompt_interval = '1h'", "prompt_interval = 0", 1))
	s.program(filepath.Join(s.root, "app/app"))
	s.most = 2
	s.sits()
	s.server.Request(client, "app", "setup")
	s.start()
	s.asked(1)
	s.answers <- apitypes.ChoiceDefer
	s.shows(`installed none setup setup installed 1.0-1 "Deferred (user, 1 of 5)"`)
	s.server.Put(opsitest.Config("quietsetup.deadlines", "app=2020-01-31 18:00"))
	s.sync()
	s.asked(2)
	if p := s.user.prompts()[1]; !p.Final {
		t.Errorf("the window is %+v", p)
	}
	s.answers <- apitypes.ChoiceKill
	s.shows(`installed successful none setup installed 2.0-1 ""`)
	s.verify()
}

// TestOpsiDeadline: a date at the server makes the question the last notice, and a
// property of the product beats every config id. Both are shown with who said them.
func TestOpsiDeadline(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	s.program(filepath.Join(s.root, "app/app"))
	s.sits()
	s.server.Put(opsitest.Config("quietsetup.deadlines", "all=2099-01-01", "app=2020-01-31"), opsitest.Config("quietsetup.max_defer", "3"),
		opsitest.State("quietsetup.max_defer", client, "4"), opsitest.PropertyState("app", "quietsetup_max_defer", client, "9"),
		opsitest.Config("quietsetup.report_style", "plain"))
	s.server.Request(client, "app", "setup")
	s.start()
	s.asked(1)
	if p := s.user.prompts()[0]; !p.Final || p.DefersMax != 9 {
		t.Errorf("the window is %+v", p)
	}
	out := s.config("app")
	for _, want := range []string{"config id quietsetup.deadlines  (counts)", "product   9          product property quietsetup_max_defer  (counts)",
		"client    4          config id quietsetup.max_defer  (weaker)"} {
		if !strings.Contains(out, want) {
			t.Errorf("config show does not say %q:\n%s", want, out)
		}
	}
	if out := s.config(); !strings.Contains(out, "report_style = plain") {
		t.Errorf("config show:\n%s", out)
	}
	s.answers <- apitypes.ChoiceRecheck // the program runs, so it is asked again
	s.asked(2)
	s.answers <- apitypes.ChoiceKill
	s.shows(`installed successful none setup installed 2.0-1 ""`)
	s.verify()
}
