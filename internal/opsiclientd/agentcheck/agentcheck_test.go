// SPDX-License-Identifier: Apache-2.0

package agentcheck

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/opsiclientd"
)

const (
	ours  = "/usr/bin/quietsetup action-processor -clientid %global.host_id%"
	shape = `[global]
host_id = pc1.example.org
opsi_host_key = 0123456789abcdef0123456789abcdef
[action_processor]
local_dir = /opt/opsi-script
filename = opsi-script
command = COMMAND
[event_default]
type = template
action_processor_command = %action_processor.command%
event_notifier_desktop = NOTIFIER
action_notifier_desktop = all
[event_start]
super = default
type = daemon startup
[event_push]
super = default
type = custom
`
)

// TestLook: every code has its case.
func TestLook(t *testing.T) {
	there := func(string) bool { return true }
	text := func(command, notifier string) string {
		return strings.NewReplacer("COMMAND", command, "NOTIFIER", notifier).Replace(shape)
	}
	shipped := opsiclientd.Shipped("linux")
	script := func(t *testing.T) string {
		name := filepath.Join(t.TempDir(), "opsi-script")
		if err := os.WriteFile(name, []byte("#!/bin/sh\necho opsi-script 4.12.16.1\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return name
	}
	foreign := func(string, fs.FileInfo) error { return errors.New("belongs to uid 1000") }
	seen := map[string]bool{"opsiscript_none": true} // a machine of tests may have one
	for name, c := range map[string]struct {
		text string // "" = no file
		kept opsiclientd.Kept
		m    Machine
		want string
		says map[string]string // of the data of a code
	}{
		"no agent":         {want: "opsiclientd_none notifiers_none opsiscript_ok"},
		"direct":           {text: text(shipped, "winlogon"), want: "opsiclientd_direct notifiers_ok opsiscript_ok", says: map[string]string{"Events": "push, start"}},
		"ours":             {text: text(ours, "winlogon"), kept: opsiclientd.Kept{Client: "x"}, want: "opsiclientd_ours notifiers_ok opsiscript_ok", says: map[string]string{"Through": "push, start"}},
		"ours by hand":     {text: text(ours, "winlogon"), want: "opsiclientd_ours notifiers_ok opsiscript_ok"},
		"lost, as kept":    {text: text(shipped, "winlogon"), kept: opsiclientd.Kept{Client: "x"}, want: "opsiclientd_lost notifiers_ok opsiscript_ok"},
		"lost, as set":     {text: text(shipped, "winlogon"), m: Machine{Value: ours}, want: "opsiclientd_lost notifiers_ok opsiscript_ok"},
		"lost, as said":    {text: text("/opt/site/run 0123456789abcdef0123456789abcdee", "winlogon"), m: Machine{Lost: true}, want: "opsiclientd_lost notifiers_ok opsiscript_ok"},
		"undone":           {text: text(shipped, "winlogon"), kept: opsiclientd.Kept{Undone: true}, want: "opsiclientd_direct notifiers_ok opsiscript_ok"},
		"not fetched":      {text: text(ours, "winlogon"), kept: opsiclientd.Kept{Undone: true}, m: Machine{Value: shipped}, want: "opsiclientd_still notifiers_ok opsiscript_ok"},
		"no program":       {text: text(ours, "winlogon"), m: Machine{There: func(string) bool { return false }}, want: "opsiclientd_no_program notifiers_ok opsiscript_ok"},
		"another server":   {text: text(ours, "winlogon") + "[config_service]\nurl = https://10.0.0.1:4447/rpc\n", m: Machine{Server: "https://opsi.example.org:4447/rpc"}, want: "opsiclientd_other notifiers_ok opsiscript_ok"},
		"an own command":   {text: text(ours, "winlogon") + "action_processor_command = /opt/site/run\n", want: "opsiclientd_partly notifiers_ok opsiscript_ok", says: map[string]string{"Events": "push"}},
		"windows of opsi":  {text: text(ours, "all") + "action_warning_time = 30\n", want: "opsiclientd_ours notifiers_seen opsiscript_ok", says: map[string]string{"Notifiers": "action_notifier_desktop = all (push); event_notifier_desktop = all (push, start)"}},
		"too large":        {text: strings.Repeat("x", 1<<20+1), want: "opsiclientd_bad notifiers_hidden opsiscript_ok"},
		"no opsi-script":   {text: text(ours, "winlogon"), m: Machine{Script: "/nowhere/opsi-script"}, want: "opsiclientd_ours notifiers_ok opsiscript_missing"},
		"somebody else's":  {text: text(ours, "winlogon"), m: Machine{Owner: foreign}, want: "opsiclientd_ours notifiers_ok opsiscript_bad"},
		"for others' eyes": {text: text(ours, "winlogon"), want: "opsiclientd_hidden notifiers_hidden opsiscript_ok"},
	} {
		t.Run(name, func(t *testing.T) {
			m := c.m
			m.System, m.StateDir, m.Conf = "linux", t.TempDir(), filepath.Join(t.TempDir(), "opsiclientd.conf")
			if m.There == nil {
				m.There = there
			}
			if m.Script == "" {
				m.Script = script(t)
			}
			if c.text != "" {
				if err := os.WriteFile(m.Conf, []byte(c.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if c.kept.Client != "" || c.kept.Undone {
				if err := c.kept.Keep(m.StateDir); err != nil {
					t.Fatal(err)
				}
			}
			if name == "for others' eyes" {
				if os.Geteuid() == 0 || runtime.GOOS == "windows" {
					seen["opsiclientd_hidden"] = true
					return // root reads everything
				}
				if err := os.Chmod(m.Conf, 0); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, f := range Look(t.Context(), m) {
				got = append(got, f.Code)
				seen[f.Code] = true
				if f.State != Codes()[f.Code] || !strings.HasPrefix(f.Code, f.Check+"_") || !slices.Contains(Checks(), f.Check) {
					t.Errorf("%+v", f)
				}
				for k, want := range c.says {
					if v, there := f.Data[k]; there && v != want {
						t.Errorf("%s: %s is %q, want %q", f.Code, k, v, want)
					}
				}
				for _, v := range f.Data {
					if s, _ := v.(string); strings.Contains(s, "0123456789abcdef") {
						t.Errorf("the key is told: %+v", f)
					}
				}
				if v, there := f.Data["Version"]; there && runtime.GOOS != "windows" && v != "4.12.16.1" {
					t.Errorf("version %q", v)
				}
			}
			if want := strings.Fields(c.want); !slices.Equal(got, want) {
				t.Errorf("found %q, want %q", got, want)
			}
		})
	}
	for code := range Codes() {
		if !seen[code] {
			t.Errorf("no case leads to %s", code)
		}
	}
}
