// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// provide is offer with a priority and what must be done before. The script
// writes the product's id, so that runs.log tells the order.
func (m *machine) provide(id string, priority int, requires ...string) {
	m.t.Helper()
	m.offer(id, "1.0", "")
	control := fmt.Sprintf("[Package]\nversion = \"1\"\n\n[Product]\ntype = \"LocalbootProduct\"\nid = %[1]q\nname = %[1]q\nversion = \"1.0\"\npriority = %d\nsetupScript = \"setup.sh\"\n", id, priority)
	for _, r := range requires {
		control += fmt.Sprintf("\n[[ProductDependency]]\naction = \"setup\"\nrequiredProduct = %q\nrequiredStatus = \"installed\"\nrequirementType = \"before\"\n", r)
	}
	m.write(filepath.Join(m.depot, id, "OPSI/control.toml"), control)
	m.write(filepath.Join(m.depot, id, "CLIENT_DATA/setup.sh"), fmt.Sprintf(
		"#!/bin/sh\nset -eu\nmkdir -p %[1]s/%[2]s\necho 1.0 >%[1]s/%[2]s/version\necho %[2]s >>%[1]s/runs.log\n", m.root, id))
}

// TestTenProducts: ten products with dependencies, one put off by a person, one
// with a broken package, one held. The right ones go on in their order, the others
// say what they wait for, and all come in when the reasons are gone.
func TestTenProducts(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "defer_interval = \"1h\"\nprompt_interval = 0\n")
	m.provide("driver", 90)
	m.provide("java", 0)
	m.provide("office", 0, "java")
	m.provide("lims", 0, "office", "java")
	m.provide("viewer", 0)
	m.provide("addon", 0, "viewer")
	m.provide("firefox", 0)
	m.provide("plugin", 0, "firefox")
	m.provide("fonts", 0)
	m.provide("inventory", -90)
	meta := filepath.Join(m.depot, "viewer/CLIENT_DATA/opsi-meta-data.toml")
	m.write(meta, "[[installers]\n")
	busy := m.program(filepath.Join(m.root, "java/java"))
	m.login(func(p apitypes.Prompt) string { return "defer" })
	m.start()
	m.until("somebody is there", 20e9, func() bool { return strings.Contains(m.must("status", "--json"), "\"sessions_known\": true") })

	m.must("hold", "--reason", "all at once")
	var said []string
	for _, id := range []string{"inventory", "fonts", "plugin", "lims", "addon", "driver"} { // the other four come along
		said = append(said, m.must("request", id, "setup"))
	}
	for _, want := range []string{"java: setup is requested too, because office depends on it.", "office: setup is requested too, because lims depends on it.",
		"firefox: setup is requested too, because plugin depends on it.", "viewer: setup is requested too, because addon depends on it."} {
		if !strings.Contains(strings.Join(said, ""), want) {
			t.Errorf("not said: %s\n%s", want, strings.Join(said, ""))
		}
	}
	m.must("hold", "firefox", "--reason", "exam week")
	m.must("release", "--reason", "go")
	m.until("what can go on has gone on", 60e9, func() bool {
		return m.product("inventory").Phase == "reported" && m.product("plugin").Waits != nil && m.product("addon").Waits != nil
	})
	if got := strings.Join(m.runs(), " "); got != "driver fonts inventory" {
		t.Errorf("installed: %s", got)
	}
	status := m.must("status")
	t.Log("\n" + status)
	for _, want := range []string{
		"java       put off", "somebody chose later",
		"office     wanted", "waits for another product (java)",
		"lims       wanted", "waits for another product (office)",
		"viewer     wanted", "the package cannot be used (viewer/CLIENT_DATA/opsi-meta-data.toml:1:",
		"addon      wanted", "waits for another product (viewer)",
		"firefox    wanted", "stopped by an administrator (exam week)",
		"plugin     wanted", "waits for another product (firefox)",
	} {
		if !strings.Contains(status, want) {
			t.Errorf("status does not say %q", want)
		}
	}
	if why := m.must("why", "lims"); !strings.Contains(why, "office: wanted, waits for another product (java)") || !strings.Contains(why, "java: put off, somebody chose later") {
		t.Errorf("why: %s", why)
	}
	order := m.must("order")
	t.Log("\n" + order)
	for _, want := range []string{"office   0         after java", "lims     0         after office, java", "plugin   0         after firefox"} {
		if !strings.Contains(order, want) {
			t.Errorf("order does not say %q", want)
		}
	}
	for id, want := range map[string]string{"java": "Deferred (user, 1 of 5)", "office": "Deferred (waiting for java)", "lims": "Deferred (waiting for office)",
		"addon": "Deferred (waiting for viewer)", "plugin": "Deferred (waiting for firefox)"} {
		m.until(id+" is reported so", 20e9, func() bool { return m.row(id).ActionProgress == want })
	}

	m.must("release", "firefox", "--reason", "exams are over")
	busy.Process.Kill()
	m.provide("viewer", 0) // mended
	m.must("resume", "java", "--reason", "closed by hand")
	m.must("resume", "viewer", "--reason", "mended")
	m.until("everything is in", 90e9, func() bool {
		return !slices.ContainsFunc([]string{"java", "office", "lims", "viewer", "addon", "firefox", "plugin"}, func(id string) bool { return m.product(id).Phase != "reported" })
	})
	runs := m.runs()
	for later, first := range map[string]string{"office": "java", "lims": "office", "addon": "viewer", "plugin": "firefox"} {
		if i, j := slices.Index(runs, first), slices.Index(runs, later); i < 0 || j < i {
			t.Errorf("%s is not before %s: %v", first, later, runs)
		}
	}
	if len(runs) != 10 {
		t.Errorf("%d installers ran: %v", len(runs), runs)
	}
	m.verify()
}
