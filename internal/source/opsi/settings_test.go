// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/policy"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// effective is the policy that the server's layers make.
func effective(t testing.TB, s Settings) (events.Policy, []string) {
	t.Helper()
	p, warnings := policy.Resolve(s.Layers...)
	var lines []string
	for _, w := range warnings {
		lines = append(lines, w.String())
	}
	return p, lines
}

// TestSettingsOf: a server keeps strings and bools, whatever they mean.
func TestSettingsOf(t *testing.T) {
	set := func(o policy.Origin, v ...any) Setting { return Setting{o, v} }
	s := settingsOf(map[string]Setting{
		"quietsetup.active":                               set(policy.Client, "FALSE"),
		"quietsetup.max_defer":                            set(policy.Server, "7"),
		"quietsetup.defer_interval":                       set(policy.Depot, "2d"),
		"quietsetup.dialog_timeout":                       set(policy.Client, float64(90)),
		"quietsetup.max_defer_action":                     set(policy.Server, ""),
		"quietsetup.alone_action":                         set(policy.Server),
		"quietsetup.close_grace":                          set(policy.Server, "soon"),
		"opsi-script.backgroundinstall.max_defer":         set(policy.Client, "1"),
		"opsi-script.backgroundinstall.max_recheck":       set(policy.Depot, "4"),
		"opsi-script.backgroundinstall.default_action":    set(policy.Server, "recheck"),
		"opsi-script.backgroundinstall.active":            set(policy.Server, true),
		"quietsetup.hold":                                 set(policy.Client, "firefox", " java ", ""),
		"quietsetup.deadlines":                            set(policy.Client, "firefox=2026-12-24"),
		"quietsetup.urgent":                               set(policy.Server, ""),
		"opsi-script.backgroundinstall.something_foreign": set(policy.Server, "x"),
	}, nil)
	p, lines := effective(t, s)
	if p.Active || p.MaxDefer != 7 || p.DeferInterval != 2*events.Day || p.DialogTimeout != 90*events.Second || p.MaxRecheck != 4 ||
		p.DeferAction != events.DefaultPolicy().DeferAction || p.DefaultAction != events.DefaultPolicy().DefaultAction {
		t.Errorf("the policy is %+v", p)
	}
	if p.Origin["active"] != "client" || p.Origin["max_defer"] != "server" || p.Origin["max_recheck"] != "depot" {
		t.Errorf("it comes from %v", p.Origin)
	}
	for _, want := range []string{"config id quietsetup.close_grace: close_grace (server): must be", "config id opsi-script.backgroundinstall.default_action"} {
		if !strings.Contains(strings.Join(lines, "\n"), want) {
			t.Errorf("nobody is told %q: %q", want, lines)
		}
	}
	if !s.Theirs || !slices.Equal(s.Held, []string{"firefox", "java"}) {
		t.Errorf("%v, held %q", s.Theirs, s.Held)
	}
	if len(s.Bad) != 0 || len(s.Products) != 1 {
		t.Errorf("bad: %q, of products: %v", s.Bad, s.Products)
	}
}

// TestHold: a list that cannot be understood stops everything, for somebody wants
// something stopped.
func TestHold(t *testing.T) {
	for _, c := range []struct {
		values []any
		want   string
	}{
		{nil, ""}, {[]any{""}, ""}, {[]any{"all"}, Everything}, {[]any{true}, Everything}, {[]any{false}, ""}, {[]any{"b", "a", "b"}, "a,b"},
		{[]any{"../x"}, Everything}, {[]any{"a b"}, Everything}, {[]any{float64(3)}, Everything}, {[]any{"a", "all"}, "a," + Everything},
	} {
		got := strings.Join(settingsOf(map[string]Setting{idHold: {policy.Client, c.values}}, nil).Held, ",")
		if got != c.want {
			t.Errorf("%v holds %q and not %q", c.values, got, c.want)
		}
	}
}

// TestSettingsOfTheServer: each id has the origin of who set it, in a look's own
// requests.
func TestSettingsOfTheServer(t *testing.T) {
	m := start(t)
	state := func(id, object string, v ...any) opsitest.Object {
		return opsitest.Object{"type": "ConfigState", "configId": id, "objectId": object, "values": v}
	}
	m.server.Put(opsitest.Config("quietsetup.max_defer", "3"), opsitest.Config("quietsetup.max_recheck", "3"), opsitest.Config("quietsetup.close_grace", "10"),
		opsitest.Config("some.other.id", "x"), state("quietsetup.max_recheck", opsitest.ConfigServerID, "5"), state("quietsetup.close_grace", me, "20"))
	m.server.ForgetRequests()
	poll(t, m.Source)
	if n := len(m.server.Requests()); n > 1 {
		t.Errorf("%d requests", n)
	}
	p, lines := effective(t, m.Settings())
	if p.MaxDefer != 3 || p.MaxRecheck != 5 || p.CloseGrace != 20*events.Second || len(lines) != 0 {
		t.Errorf("%+v, %q", p, lines)
	}
	if p.Origin["max_defer"] != "server" || p.Origin["max_recheck"] != "depot" || p.Origin["close_grace"] != "client" {
		t.Errorf("from %v", p.Origin)
	}
}

// TestSettingsAreKept: after a restart without the server, and after a look in which
// it would not tell them, the last known settings count.
func TestSettingsAreKept(t *testing.T) {
	m := start(t)
	m.folder = t.TempDir()
	m.restart(t)
	m.server.Put(opsitest.Config("quietsetup.hold", "firefox"))
	poll(t, m.Source)
	held := func(want string) {
		t.Helper()
		if got := strings.Join(m.Settings().Held, ","); got != want {
			t.Errorf("held: %q and not %q", got, want)
		}
	}
	held("firefox")
	m.server.Stop()
	m.restart(t)
	held("firefox")
	m.server.Resume()
	m.server.Put(opsitest.Config("quietsetup.hold", "java"))
	m.server.Break(opsitest.Fault{Kind: opsitest.RPCError, Method: "config_getObjects", Class: "BackendPermissionDeniedError"})
	poll(t, m.Source)
	held("firefox")
	if !strings.Contains(strings.Join(*m.warned, "\n"), "the last known ones count") {
		t.Errorf("told: %q", *m.warned)
	}
	poll(t, m.Source)
	held("java")
	if s, err := Remembered(m.folder); err != nil || !slices.Equal(s.Held, []string{"java"}) {
		t.Errorf("who only looks: %+v, %v", s, err)
	}
	if s, err := Remembered(t.TempDir()); err != nil || s.Held != nil {
		t.Errorf("before the first answer: %+v, %v", s, err)
	}
	m.id = "other.site.test"
	m.key = m.server.AddClient(m.id)
	m.restart(t)
	held("") // what was kept is about another client
	if m.Settings().Known {
		t.Error("nothing is known, and it says that nothing is held")
	}
	for name, text := range map[string]string{"rubbish": "{", "newer": `{"v":2}`, "empty": ""} {
		if err := os.WriteFile(filepath.Join(m.folder, memoryFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		m.restart(t)
		held("")
		if _, err := Remembered(m.folder); err == nil {
			t.Errorf("%s is remembered", name)
		}
		if len(*m.warned) != 1 {
			t.Errorf("%s: %q", name, *m.warned)
		}
	}
}

// TestLists: what the lists say about products is policy with an origin and place;
// what cannot be understood hurries nobody and is told.
func TestLists(t *testing.T) {
	s := settingsOf(map[string]Setting{
		"quietsetup.urgent":    {policy.Client, []any{"firefox", " java ", "", "../x"}},
		"quietsetup.deadlines": {policy.Depot, []any{"all=2026-12-24 18:00", "firefox = 2026-12-01T08:00:00Z", "firefox=soon", "firefox", "=2026-12-01", "tool="}},
		"quietsetup.mode":      {policy.Server, []any{"observe"}},
	}, map[string]map[string][]any{"firefox": {"quietsetup_max_defer": {"9"}, "quietsetup_close_grace": {""}, "other": {"x"}, "quietsetup_nonsense": {"1"}}})
	of := func(product string) events.Policy {
		p, _ := policy.Resolve(s.For(product)...)
		return p
	}
	if p := of("firefox"); !p.Urgent || p.Deadline != "2026-12-01T08:00:00Z" || p.MaxDefer != 9 || p.Origin["urgent"] != "client" || p.Origin["deadline"] != "depot" || p.Origin["max_defer"] != "product" {
		t.Errorf("firefox: %+v", p)
	}
	if p := of("tool"); p.Urgent || !strings.HasPrefix(p.Deadline, "2026-12-24T18:00:00") || p.MaxDefer != 5 {
		t.Errorf("tool: %+v", p)
	}
	if m, said := policy.MachineOf(s.For("")...); !m.Observe || said.Origin != policy.Server || said.Place != "config id quietsetup.mode" {
		t.Errorf("%+v, %+v", m, said)
	}
	_, warnings := policy.Resolve(s.For("firefox")...)
	if len(warnings) != 1 || !strings.Contains(warnings[0].String(), "product property quietsetup_nonsense") {
		t.Errorf("warned: %v", warnings)
	}
	for _, want := range []string{`urgent: "../x" is no product`, `deadlines: "firefox=soon": the date must be a date`, `deadlines: "firefox" is not`, `deadlines: "=2026-12-01" is not`, `deadlines: "tool=": the date is missing`} {
		if !strings.Contains(strings.Join(s.Bad, "\n"), want) {
			t.Errorf("nobody is told %q: %q", want, s.Bad)
		}
	}
	for _, c := range []struct {
		values []any
		all    bool
	}{{nil, false}, {[]any{"all"}, true}, {[]any{true}, true}, {[]any{false}, false}, {[]any{float64(3)}, false}} {
		s = settingsOf(map[string]Setting{"quietsetup.urgent": {policy.Client, c.values}}, nil)
		if of("x").Urgent != c.all {
			t.Errorf("%v: %v", c.values, !c.all)
		}
	}
}

// TestModeWithASlip: whoever misspells observe must not see that something begins.
func TestModeWithASlip(t *testing.T) {
	for value, want := range map[any]bool{"observe": true, "normal": false, "": false, "obsrve": true, false: true, " observe ": true} {
		s := settingsOf(map[string]Setting{idMode: {policy.Client, []any{value}}}, nil)
		m, _ := policy.MachineOf(s.Layers...)
		if slip := value == "obsrve" || value == false; m.Observe != want || slip != (len(s.Bad) == 1) {
			t.Errorf("%v: %+v, %q", value, m, s.Bad)
		}
	}
}

// TestProperties: what a site set in properties of the products that are wanted
// comes with a look, of this client alone, and is kept.
func TestProperties(t *testing.T) {
	m := start(t)
	m.folder = t.TempDir()
	m.restart(t)
	m.server.AddProduct(opsitest.Product{ID: "tool", Version: "1.0"})
	m.server.AddClient("other.site.test")
	m.server.Put(opsitest.PropertyState("tool", "quietsetup_max_defer", opsitest.ConfigServerID, "2"), opsitest.PropertyState("tool", "quietsetup_final_notice", me, "5m"),
		opsitest.PropertyState("tool", "quietsetup_max_recheck", "other.site.test", "7"), opsitest.PropertyState("tool", "something", me, "x"))
	m.server.Request(me, "tool", "setup")
	poll(t, m.Source)
	check := func() {
		t.Helper()
		p, warnings := policy.Resolve(m.Settings().For("tool")...)
		if p.MaxDefer != 2 || p.FinalNotice != 5*events.Minute || p.MaxRecheck != 3 || p.Origin["max_defer"] != "product" || len(warnings) != 0 {
			t.Errorf("%+v, %v", p, warnings)
		}
	}
	check()
	m.server.Stop()
	m.restart(t)
	check()
	m.server.Resume()
	m.server.Break(opsitest.Fault{Kind: opsitest.RPCError, Method: "productPropertyState_getValues", Class: "BackendPermissionDeniedError"})
	poll(t, m.Source)
	check()
	if !strings.Contains(strings.Join(*m.warned, "\n"), "properties of products cannot be read, so the last known ones count") {
		t.Errorf("told: %q", *m.warned)
	}
}
