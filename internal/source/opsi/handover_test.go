// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/opsiclientd"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

const program = "/usr/bin/quietsetup"

// agent is an opsiclientd that fetches what the server says, as the real one does: an
// empty list is passed over, and a value that is gone leaves the line.
type agent struct {
	Agent
	server    *opsitest.Server
	client    *Client
	line, win string
}

func newAgent(t *testing.T, m *machine) *agent {
	t.Helper()
	a := &agent{Agent: Agent{System: "linux", Program: program, StateDir: t.TempDir(), There: true}, server: m.server, client: m.client, line: opsiclientd.Shipped("linux"), win: "all"}
	a.read()
	return a
}

func (a *agent) read() {
	a.Conf = opsiclientd.Parse("[action_processor]\nlocal_dir=/opt/opsi-script\nfilename=opsi-script\ncommand=" + a.line + "\n[event_default]\nevent_notifier_desktop=" + a.win + "\n")
}

func (a *agent) fetch() {
	for id, to := range map[string]*string{ProcessorID: &a.line, NotifierID: &a.win} {
		for _, o := range a.server.Rows("config", opsitest.Object{"id": id}) {
			if v := o.List("defaultValues"); len(v) > 0 {
				*to = v[0]
			}
		}
		if v := a.own(id); v != "" {
			*to = v
		}
	}
	a.read()
}

func (a *agent) own(id string) string {
	for _, o := range a.server.Rows("configState", opsitest.Object{"configId": id, "objectId": me}) {
		if v := o.List("values"); len(v) > 0 {
			return v[0]
		}
	}
	return ""
}

// wantValues compares what is told with "processor=STATE notifier=STATE".
func wantValues(t *testing.T, step string, got []AgentValue, err error, want string) {
	t.Helper()
	var told []string
	for _, v := range got {
		told = append(told, map[string]string{ProcessorID: "processor", NotifierID: "notifier"}[v.ID]+"="+v.State)
	}
	slices.Sort(told)
	wanted := strings.Fields(want)
	slices.Sort(wanted)
	if err != nil || !slices.Equal(told, wanted) {
		t.Errorf("%s: %v, %v, want %v", step, told, err, wanted)
	}
}

// TestHandOver there and back, each step twice.
func TestHandOver(t *testing.T) {
	m := start(t)
	a := newAgent(t, m)
	line, _ := opsiclientd.Line("linux", program)

	got, err := a.HandOver(t.Context(), m.client)
	wantValues(t, "over", got, err, "processor=set notifier=set")
	for _, o := range m.server.Rows("config", opsitest.Object{"id": "opsiclientd.*"}) {
		if len(o.List("defaultValues")) != 0 || o["editable"] != true || o["multiValue"] != false {
			t.Errorf("made: %v", o)
		}
	}
	if a.own(ProcessorID) != line || a.own(NotifierID) != "winlogon" {
		t.Errorf("%q, %q", a.own(ProcessorID), a.own(NotifierID))
	}
	got, err = a.HandOver(t.Context(), m.client)
	wantValues(t, "over again, before it was fetched", got, err, "processor=same notifier=same")
	a.fetch()
	got, err = a.HandOver(t.Context(), m.client)
	wantValues(t, "over again", got, err, "processor=same notifier=same")
	if k, err := opsiclientd.ReadKept(a.StateDir, me); err != nil || k.Command != opsiclientd.Shipped("linux") || k.Notifier != "all" || !opsiclientd.HandedOver("linux", "", k) {
		t.Errorf("kept %+v, %v", k, err)
	}

	got, err = a.TakeBack(t.Context(), m.client)
	wantValues(t, "back", got, err, "processor=restored notifier=restored")
	got, err = a.TakeBack(t.Context(), m.client)
	wantValues(t, "back, before it was fetched", got, err, "processor=waits notifier=waits")
	if k, err := opsiclientd.ReadKept(a.StateDir, me); err != nil || opsiclientd.HandedOver("linux", "", k) {
		t.Errorf("kept %+v, %v", k, err)
	}
	a.fetch()
	if a.line != opsiclientd.Shipped("linux") || a.win != "all" {
		t.Errorf("the file says %q, %q", a.line, a.win)
	}
	got, err = a.TakeBack(t.Context(), m.client)
	wantValues(t, "back, fetched", got, err, "processor=deleted notifier=deleted")
	got, err = a.TakeBack(t.Context(), m.client)
	wantValues(t, "back, once more", got, err, "")
	if rows := m.server.Rows("configState", opsitest.Object{"configId": "opsiclientd.*"}); len(rows) != 0 {
		t.Errorf("left: %v", rows)
	}
	if _, err := opsiclientd.ReadKept(a.StateDir, me); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("kept: %v", err)
	}
}

// TestHandOverLeavesTheSites: what the site set, by default or for this client, is as
// before in the end.
func TestHandOverLeavesTheSites(t *testing.T) {
	m := start(t)
	a := newAgent(t, m)
	m.server.Put(opsitest.Config(ProcessorID, "/opt/site/run"), opsitest.Config(NotifierID, "winlogon"), opsitest.State(ProcessorID, me, "/opt/client/run"))
	a.fetch()
	got, err := a.HandOver(t.Context(), m.client)
	wantValues(t, "over", got, err, "processor=set")
	a.fetch()
	got, err = a.TakeBack(t.Context(), m.client)
	wantValues(t, "back", got, err, "processor=restored")
	if a.own(ProcessorID) != "/opt/client/run" {
		t.Errorf("%q", a.own(ProcessorID))
	}
	// It is handed over once more before that is over, and taken back again.
	got, err = a.HandOver(t.Context(), m.client)
	wantValues(t, "over once more", got, err, "processor=set")
	got, err = a.TakeBack(t.Context(), m.client)
	wantValues(t, "back once more", got, err, "processor=restored")
	a.fetch()
	got, err = a.TakeBack(t.Context(), m.client)
	wantValues(t, "over", got, err, "")
	if a.own(ProcessorID) != "/opt/client/run" {
		t.Errorf("%q", a.own(ProcessorID))
	}
	for id, want := range map[string]string{ProcessorID: "/opt/site/run", NotifierID: "winlogon"} {
		if rows := m.server.Rows("config", opsitest.Object{"id": id}); len(rows) != 1 || !slices.Equal(rows[0].List("defaultValues"), []string{want}) {
			t.Errorf("%v", rows)
		}
	}
}

// TestTakeBackLeavesOthers: a value that somebody set since is theirs.
func TestTakeBackLeavesOthers(t *testing.T) {
	for name, c := range map[string]struct {
		since func(t *testing.T, a *agent)
		want  string
		own   string
	}{
		"somebody else's value": {func(_ *testing.T, a *agent) {
			a.server.Put(opsitest.State(ProcessorID, me, "/opt/other/run -password 0123456789abcdef0123456789abcdef"), opsitest.State(NotifierID, me, "current"))
		}, "processor=foreign notifier=foreign", "/opt/other/run -password 0123456789abcdef0123456789abcdef"},
		"the value alone was deleted": {func(_ *testing.T, a *agent) {
			a.server.Put(opsitest.State(ProcessorID, me), opsitest.State(NotifierID, me))
		}, "processor=restored notifier=restored", opsiclientd.Shipped("linux")},
		"a default hands everybody over": {func(t *testing.T, a *agent) {
			line, _ := opsiclientd.Line("linux", program)
			a.server.Put(opsitest.Config(ProcessorID, line))
			if err := ask(t.Context(), a.client, []*Call{{Method: "configState_deleteObjects", Params: []any{[]stateOf{{"ConfigState", ProcessorID, me, []any{}}}}}}); err != nil {
				t.Fatal(err)
			}
		}, "processor=foreign notifier=restored", ""},
		"what was kept is lost": {func(t *testing.T, a *agent) {
			if err := opsiclientd.Forget(a.StateDir); err != nil {
				t.Fatal(err)
			}
		}, "processor=restored", opsiclientd.Shipped("linux")},
		"the agent is gone": {func(_ *testing.T, a *agent) { a.There, a.Conf = false, opsiclientd.Conf{} }, "processor=deleted notifier=deleted", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := start(t)
			a := newAgent(t, m)
			if _, err := a.HandOver(t.Context(), m.client); err != nil {
				t.Fatal(err)
			}
			a.fetch()
			c.since(t, a)
			got, err := a.TakeBack(t.Context(), m.client)
			wantValues(t, name, got, err, c.want)
			for _, v := range got {
				if strings.Contains(v.Value, "0123456789abcdef") {
					t.Errorf("a key is told: %+v", v)
				}
			}
			if a.own(ProcessorID) != c.own {
				t.Errorf("%q, want %q", a.own(ProcessorID), c.own)
			}
		})
	}
	m := start(t)
	a := newAgent(t, m)
	m.server.Put(opsitest.Config(ProcessorID), opsitest.State(ProcessorID, me, opsiclientd.Shipped("linux")))
	got, err := a.TakeBack(t.Context(), m.client)
	wantValues(t, "never handed over", got, err, "")
	if a.own(ProcessorID) == "" {
		t.Error("the site's value is gone")
	}
}

// TestNewerCounts: what the site sets, or an update of the agent brings, while the
// events are handed over is what comes back.
func TestNewerCounts(t *testing.T) {
	m := start(t)
	a := newAgent(t, m)
	a.win = "" // the file names none
	a.read()
	both := func(step, want string, do func(context.Context, Server) ([]AgentValue, error)) {
		t.Helper()
		got, err := do(t.Context(), m.client)
		wantValues(t, step, got, err, want)
	}
	both("over", "processor=set notifier=set", a.HandOver)
	a.fetch()
	a.line = "/opt/newer/opsi-script -clientid %global.host_id%"
	a.read()
	m.server.Break(opsitest.Fault{Kind: opsitest.Half, Method: "configState_updateObjects", Times: -1})
	if _, err := a.TakeBack(t.Context(), m.client); err == nil {
		t.Fatal("the answer was cut off")
	}
	m.server.Mend()
	m.later()
	if a.own(ProcessorID) != a.line || a.own(NotifierID) != "current" {
		t.Errorf("%q, %q", a.own(ProcessorID), a.own(NotifierID))
	}
	both("back after an update, which the server had stored", "processor=deleted notifier=waits", a.TakeBack)
	a.fetch()
	both("fetched", "notifier=deleted", a.TakeBack)

	both("over", "processor=set notifier=set", a.HandOver)
	a.fetch()
	m.server.Put(opsitest.State(ProcessorID, me, "/opt/site/run"), opsitest.State(NotifierID, me, "default"))
	both("over once more", "processor=set notifier=set", a.HandOver)
	a.fetch()
	both("back", "processor=restored notifier=restored", a.TakeBack)
	m.server.Put(opsitest.State(ProcessorID, me, "/opt/site/newer"))
	both("over before that is over", "processor=set notifier=set", a.HandOver)
	both("back", "processor=restored notifier=restored", a.TakeBack)
	if a.own(ProcessorID) != "/opt/site/newer" || a.own(NotifierID) != "default" {
		t.Errorf("%q, %q", a.own(ProcessorID), a.own(NotifierID))
	}
}

// TestHandOverRefused: nothing is half done.
func TestHandOverRefused(t *testing.T) {
	m := start(t)
	a := newAgent(t, m)
	a.There = false
	if _, err := a.HandOver(t.Context(), m.client); err == nil {
		t.Error("without an agent")
	}
	a.There, a.Server = true, "https://opsi.example.org:4447/rpc"
	good := a.Conf
	a.Conf = opsiclientd.Parse("[config_service]\nurl = https://10.0.0.1:4447/rpc\n")
	if _, err := a.HandOver(t.Context(), m.client); err == nil || len(m.server.Rows("configState", opsitest.Object{"configId": ProcessorID})) != 0 {
		t.Errorf("a call that would be refused: %v", err)
	}
	a.Conf, a.Program = good, "/opt/my programs/quietsetup"
	if _, err := a.HandOver(t.Context(), m.client); err == nil {
		t.Error("a program that would be split")
	}
	a.Program = program
	m.server.Break(opsitest.Fault{Kind: opsitest.RPCError, Method: "configState_updateObjects", Class: "BackendPermissionDeniedError", Times: 1})
	if _, err := a.HandOver(t.Context(), m.client); err == nil {
		t.Error("a server that refuses")
	}
	got, err := a.HandOver(t.Context(), m.client)
	wantValues(t, "after it", got, err, "processor=set notifier=set")
}

// TestAdminCalls: what is printed for an administrator is what a shell hands on, and what
// the server takes from one.
func TestAdminCalls(t *testing.T) {
	needs.Tool(t, "sh")
	m := start(t)
	m.server.Put(opsitest.Config(NotifierID, "all"))
	m.server.ForgetHistory()
	const odd = `C:\It's ours\quietsetup.exe`
	calls, err := HandOverCalls(t.Context(), m.client, []string{"pc2.site.test", "pc3.site.test"}, "windows", odd)
	if err != nil || len(calls) != 2 || calls[0].Method != "config_createObjects" || len(m.server.History()) != 0 {
		t.Fatalf("%+v, %v", calls, err)
	}
	if made := calls[0].Params[0].([]ConfigObject); len(made) != 1 || made[0].ID != ProcessorID { // the other is there
		t.Errorf("%+v", made)
	}
	calls = append(calls, TakeBackCalls([]string{"pc2.site.test"}, "windows")...)
	for _, c := range calls {
		line, err := c.Line()
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("sh", "-c", strings.Replace(line, "opsi-cli", "printf '%s\\n'", 1)).Output()
		words := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		if err != nil || len(words) != 4 || words[0] != "jsonrpc" || words[1] != "execute" || words[2] != c.Method {
			t.Fatalf("%v: %q", err, words)
		}
		want, _ := json.Marshal(c.Params[0])
		if words[3] != string(want) {
			t.Errorf("the shell hands on %s, want %s", words[3], want)
		}
	}
	if !strings.Contains(string(mustJSON(t, calls[1])), `It's ours`) || strings.Contains(string(mustJSON(t, calls)), "0123456789") {
		t.Error("the calls")
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSettingsSayWhatOpsiclientdRuns: the value that counts, also while the server is
// away, and it is no policy.
func TestSettingsSayWhatOpsiclientdRuns(t *testing.T) {
	m := start(t)
	m.folder = t.TempDir()
	m.restart(t)
	m.server.Put(opsitest.Config(ProcessorID, "by default"))
	poll(t, m.Source)
	if p := m.Settings().Processor; p != "by default" {
		t.Errorf("%q", p)
	}
	m.server.Put(opsitest.State(ProcessorID, me, "for this client"))
	poll(t, m.Source)
	m.restart(t)
	if s := m.Settings(); s.Processor != "for this client" || len(s.Bad) != 0 || len(s.Layers) != 0 {
		t.Errorf("%+v", s)
	}
}
