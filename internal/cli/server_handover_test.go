// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/opsiclientd"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// agentAt is a server with a client that has an opsiclientd: its file, which is that of
// the key, too, a program that it may start, and the flags of a setup.
func agentAt(t *testing.T) (s *opsitest.Server, conf, program string, setup []string) {
	t.Helper()
	s, flags := atServer(t)
	dir := t.TempDir()
	conf, program = filepath.Join(dir, "opsiclientd.conf"), filepath.Join(dir, "quietsetup")
	key, err := os.ReadFile(flags[5])
	if err != nil {
		t.Fatal(err)
	}
	flags[5] = conf
	fetched(t, conf, string(key), opsiclientd.Shipped("linux"), "all")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return s, conf, program, append([]string{"server", "setup", "--state-dir", t.TempDir()}, flags...)
}

// fetched is the file as opsiclientd writes it.
func fetched(t *testing.T, conf, key, line, notifier string) {
	t.Helper()
	if key == "" {
		text, err := os.ReadFile(conf)
		if err != nil {
			t.Fatal(err)
		}
		key = opsiclientd.Section(string(text), "global")["opsi_host_key"]
	}
	text := "[global]\nhost_id = " + opsiClient + "\nopsi_host_key = " + key + "\n[action_processor]\nlocal_dir = /opt/opsi-script\nfilename = opsi-script\ncommand = " + line +
		"\n[event_default]\ntype = template\naction_processor_command = %action_processor.command%\nevent_notifier_desktop = " + notifier + "\n[event_start]\nsuper = default\ntype = daemon startup\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestServerHandsOver there and back, as an administrator of the machine does it, with
// what the check of the server says in between.
func TestServerHandsOver(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // a file that a test writes is one that others can read there
	}
	s, conf, program, setup := agentAt(t)
	line, err := opsiclientd.Line(runtime.GOOS, program)
	if err != nil {
		t.Fatal(err)
	}
	do := func(want string, args ...string) {
		t.Helper()
		code, out, said := ran(t, append(slices.Clone(setup), append(args, "--json")...)...)
		var d apitypes.ServerSetup
		if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitOK {
			t.Fatalf("exit %d, %v, %s %s", code, err, out, said)
		}
		var states []string
		for _, v := range d.HandOver {
			states = append(states, v.State)
		}
		if strings.Join(states, " ") != want {
			t.Errorf("%v: %v, want %s", args, states, want)
		}
	}
	check := func(want ...string) {
		t.Helper()
		_, out, _ := ran(t, append([]string{"server", "check", "--output-format", "csv"}, setup[2:]...)...)
		for _, code := range want {
			if !strings.Contains(out, ","+code+",") {
				t.Errorf("%s is not told: %s", code, out)
			}
		}
		if strings.Contains(out, opsiclientd.Section(read(t, conf), "global")["opsi_host_key"]) {
			t.Error("the key is told")
		}
	}
	check("opsiclientd_direct", "notifiers_seen", "opsiscript_missing")
	do("set set", "--hand-over", "--program", program)
	check("opsiclientd_lost")
	fetched(t, conf, "", line, "winlogon")
	check("opsiclientd_ours", "notifiers_ok")
	do("same same", "--hand-over", "--program", program)
	do("restored restored", "--undo")
	check("opsiclientd_still")
	do("waits waits", "--undo")
	fetched(t, conf, "", opsiclientd.Shipped("linux"), "all")
	check("opsiclientd_direct")
	do("deleted deleted", "--undo")
	do("", "--undo")
	if rows := s.Rows("configState", opsitest.Object{"configId": "opsiclientd.*"}); len(rows) != 0 {
		t.Errorf("left: %v", rows)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestServerHandsOverInWords says what became of it, in both languages.
func TestServerHandsOverInWords(t *testing.T) {
	if runtime.GOOS == "windows" {
		return
	}
	s, _, program, setup := agentAt(t)
	for _, x := range []struct{ args, want string }{
		{"--hand-over --program " + program, opsi.ProcessorID + ": set for this client."},
		{"--hand-over --lang de --program " + program, "war schon gesetzt"},
		{"--undo", "run this again: a value that this client did not have before is deleted then"},
		{"--undo --lang de", "gelöscht"},
	} {
		code, out, said := ran(t, append(slices.Clone(setup), strings.Fields(x.args)...)...)
		if code != exitOK || !strings.Contains(out, x.want) || strings.Contains(out, "[handover.") {
			t.Errorf("%s: exit %d, %s %s", x.args, code, out, said)
		}
	}
	if code, _, said := ran(t, append(slices.Clone(setup), "--hand-over", "--program", program+"/quietsetup")...); code != exitInvalid || !strings.Contains(said, "--program") {
		t.Errorf("a program that is not there: exit %d, %s", code, said)
	}
	if rows := s.Rows("configState", opsitest.Object{"configId": opsi.ProcessorID}); len(rows) != 0 {
		t.Errorf("left: %v", rows)
	}
}

// TestServerHandsOverOthers: for other clients lines are printed, and nothing is written.
func TestServerHandsOverOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		return
	}
	s, flags := atServer(t)
	s.ForgetHistory()
	over := append([]string{"server", "setup", "--hand-over", "--clients", "PC2.site.test,pc3.site.test", "--system", "windows"}, flags...)
	code, out, said := ran(t, over...)
	if code != exitOK || strings.Count(out, "    opsi-cli jsonrpc execute config") != 2 || !strings.Contains(out, `"objectId":"pc2.site.test"`) ||
		!strings.Contains(out, `\"C:\\Program Files\\quietsetup\\quietsetup.exe\" action-processor /opsiservice`) || !strings.Contains(out, `"defaultValues":[]`) {
		t.Errorf("exit %d, %s %s", code, out, said)
	}
	var d apitypes.ServerSetup
	code, out, _ = ran(t, append(over, "--json")...)
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitOK || len(d.Calls) != 2 || d.Calls[1].Method != "configState_updateObjects" || d.Calls[1].JSONRPC != "2.0" {
		t.Errorf("exit %d, %v, %s", code, err, out)
	}
	// To take it back no server is asked.
	code, out, said = ran(t, "server", "setup", "--undo", "--clients", "pc2.site.test", "--system", "linux", "--lang", "de")
	if code != exitOK || strings.Count(out, "opsi-cli jsonrpc execute configState_") != 2 || !strings.Contains(out, "Wenn ihr opsiclientd das geholt hat:") {
		t.Errorf("exit %d, %s %s", code, out, said)
	}
	if len(s.History()) != 0 {
		t.Errorf("written: %+v", s.History())
	}
	for _, bad := range []string{"--undo --hand-over", "--clients pc2.site.test", "--hand-over --make --clients pc2.site.test", "--hand-over --clients pc2", "--hand-over --clients pc2.site.test;reboot",
		"--hand-over --clients 'a.b.c'", "--system windows", "--undo --clients pc2.site.test --system amiga", "--undo --program /usr/bin/quietsetup", "--hand-over --program quietsetup"} {
		if code, out, said := ran(t, append(append([]string{"server", "setup"}, flags...), strings.Fields(bad)...)...); code != exitUsage {
			t.Errorf("%s: exit %d, %s %s", bad, code, out, said)
		}
	}
}
