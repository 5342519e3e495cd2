// SPDX-License-Identifier: Apache-2.0

package opsiclientd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const hostKey = "0123456789abcdef0123456789abcdef"

// The shape of the files that opsi ships, shortened.
const onLinux = `; Configuration file for opsiclientd
[global]
host_id = pc1.example.org
opsi_host_key = ` + hostKey + `
log_level = 4

[action_processor]
local_dir = /opt/opsi-script
filename = opsi-script
command = %action_processor.local_dir%/%action_processor.filename% -opsiservice %service_url% -depotpath %depot_path% -clientid %global.host_id% -username %global.host_id% -password %global.opsi_host_key%

[event_default]
type = template
; a comment
action_processor_command = %action_processor.command%
action_processor_desktop = winlogon
event_notifier_desktop = all
action_notifier_desktop = all
shutdown_notifier_desktop = all
action_warning_time = 0
shutdown_warning_time = 0
process_shutdown_requests = true

[event_opsiclientd_start]
super = default
type = daemon startup

[event_on_demand]
super = default
type = custom
action_warning_time = 60
event_notifier_desktop = Winlogon

[event_on_demand{user_logged_in}]
shutdown_warning_time = 300

[event_timer]
super = default
type = timer
active = false

[event_sync]
super = default
type = sync completed
process_actions = false

[event_own]
super = default
type = custom
action_processor_command = /opt/site/run %global.opsi_host_key%

[precondition_user_logged_in]
user_logged_in = true
`

const onWindows = "\ufeff[global]\r\nhost_id = pc1.example.org\r\nopsi_host_key = " + hostKey + "\r\n" +
	"[action_processor]\r\nlocal_dir = C:\\Program Files (x86)\\opsi.org\\opsi-client-agent\\opsi-script\r\nfilename = opsi-script.exe\r\n" +
	"command = \"%action_processor.local_dir%\\%action_processor.filename%\" /opsiservice %service_url% /clientid %global.host_id% /username %global.host_id% /password %global.opsi_host_key%\r\n" +
	"[event_default]\r\nevent_notifier_desktop = winlogon\r\naction_processor_command = %action_processor.command%\r\n" +
	"[event_gui_startup]\r\nsuper = default\r\ntype = gui startup\r\n" +
	"[event_user_login]\r\nsuper = default\r\ntype = user login\r\naction_processor_command = %action_processor.command% /sessionid %service_session% /loginscripts /silent\r\n"

// TestShipped reads both systems' files as they come.
func TestShipped(t *testing.T) {
	c := Parse(onLinux)
	line := c.Resolve(c.Processor())
	if want := "/opt/opsi-script/opsi-script -opsiservice %service_url% -depotpath %depot_path% -clientid pc1.example.org -username pc1.example.org -password %global.opsi_host_key%"; line != want {
		t.Errorf("the line is %q", line)
	}
	if c.Processor() != Shipped("linux") || c.Notifier() != "all" {
		t.Errorf("%q, %q", c.Processor(), c.Notifier())
	}
	want := []Event{
		{Name: "on_demand", Command: line, EventNotifier: "winlogon", ActionNotifier: "all"},
		{Name: "on_demand{user_logged_in}", Command: line, EventNotifier: "winlogon", ActionNotifier: "all", ShutdownNotifier: "all"},
		{Name: "opsiclientd_start", Command: line, EventNotifier: "all"},
		{Name: "own", Command: "/opt/site/run %global.opsi_host_key%", EventNotifier: "all"},
	}
	same(t, c.Events("linux"), want)

	c = Parse(strings.TrimPrefix(onWindows, "\ufeff"))
	line = `"C:\Program Files (x86)\opsi.org\opsi-client-agent\opsi-script\opsi-script.exe" /opsiservice %service_url% /clientid pc1.example.org /username pc1.example.org /password %global.opsi_host_key%`
	if c.Processor() != Shipped("windows") || c.Resolve(c.Processor()) != line {
		t.Errorf("%q, %q", c.Processor(), c.Resolve(c.Processor()))
	}
	same(t, c.Events("windows"), []Event{
		{Name: "gui_startup", Command: line, EventNotifier: "winlogon"},
		{Name: "user_login", Command: line + " /sessionid %service_session% /loginscripts /silent", EventNotifier: "winlogon"},
	})
}

func same(t *testing.T, got, want []Event) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		var g, w Event
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("event %d is\n%+v, want\n%+v", i, g, w)
		}
	}
}

// TestOurLine: with it in the file every event goes through us.
func TestOurLine(t *testing.T) {
	for _, x := range []struct{ system, text, want string }{
		{"linux", onLinux, "/usr/bin/quietsetup action-processor -opsiservice %service_url% -depotpath %depot_path% -clientid %global.host_id%"},
		{"windows", onWindows, `"C:\Program Files\quietsetup\quietsetup.exe" action-processor /opsiservice %service_url% /clientid %global.host_id%`},
	} {
		line, err := Line(x.system, Program(x.system))
		if err != nil || line != x.want {
			t.Fatalf("%q, %v", line, err)
		}
		c := Parse(strings.Replace(strings.TrimPrefix(x.text, "\ufeff"), Shipped(x.system), line, 1))
		for _, e := range c.Events(x.system) {
			if e.Ours != (e.Name != "own") || e.Ours && e.Program != Program(x.system) {
				t.Errorf("%s: %+v", x.system, e)
			}
		}
	}
}

func TestOurs(t *testing.T) {
	for _, x := range []struct {
		system, command, program string
	}{
		{"linux", "/usr/bin/quietsetup  action-processor -x", "/usr/bin/quietsetup"},
		{"linux", "/opt/q/quietsetup action-processor", "/opt/q/quietsetup"},
		{"linux", `"/usr/bin/quietsetup" action-processor`, ""}, // nothing is quoted there
		{"linux", "/usr/bin/quietsetup status action-processor", ""},
		{"linux", "/usr/bin/quietsetup", ""},
		{"linux", "/bin/sh -c quietsetup action-processor", ""},
		{"linux", "", ""},
		{"windows", `"c:\program files\quietsetup\QuietSetup.EXE" action-processor`, `c:\program files\quietsetup\QuietSetup.EXE`},
		{"windows", `C:\q\quietsetup.exe action-processor /x`, `C:\q\quietsetup.exe`},
		{"windows", `"C:\q\quietsetup.exe action-processor`, ""},
		{"windows", `"C:\q\notquietsetup.exe" action-processor`, ""},
	} {
		if program, ours := Ours(x.system, x.command); program != x.program || ours != (x.program != "") {
			t.Errorf("%s %s: %q %v", x.system, x.command, program, ours)
		}
	}
}

// TestLineRefused: opsiclientd would take these names apart.
func TestLineRefused(t *testing.T) {
	for _, x := range [][2]string{{"linux", "quietsetup"}, {"linux", "/opt/my programs/quietsetup"}, {"linux", "/opt/%a.b%/quietsetup"}, {"linux", "/usr/bin/other"},
		{"linux", "/usr/bin/quiet\nsetup"}, {"linux", "/opt/a#b/quietsetup"}, {"windows", `C:\a;b\quietsetup.exe`}, {"windows", `\\server\share\quietsetup.exe`}, {"windows", `C:\a"b\quietsetup.exe`}, {"windows", ""}} {
		if line, err := Line(x[0], x[1]); err == nil {
			t.Errorf("%v: %s", x, line)
		}
	}
}

// TestOddFiles are read as opsiclientd reads them.
func TestOddFiles(t *testing.T) {
	c := Parse("\r\n command = before any section\n[ Global ] ; a comment\nOPSI_HOST_KEY: " + hostKey + " # here, too\n[event_default]\ntype = template\naction_processor_command = run \";\" \\; on ; off\n" +
		"[event_a]\nsuper = event_default\n[event_b]\nsuper = a\ntype = custom\nevent_notifier_command =\n[event_c{x}]\n[event_c]\ntype = Timer\nactive = No\n[action_processor\ncommand = C:\\it's; ours ; still\n[]\n=\n\xff\x00 = \xfe\n")
	same(t, c.Events("linux"), []Event{{Name: "b", Command: `run ";" \; on`}, {Name: "c{x}", Command: `C:\it's; ours ; still`, EventNotifier: Unsaid}})
	wide := "\xff\xfe" // UTF-16
	for _, r := range onLinux {
		wide += string([]byte{byte(r), 0})
	}
	if c = Parse(wide); c.Processor() != "" || len(c.Events("linux")) != 0 {
		t.Errorf("%q", c.Processor())
	}
}

// TestHuge: a file that unfolds itself takes no memory for that.
func TestHuge(t *testing.T) {
	c := Parse("[a]\nx=" + strings.Repeat("y", 400<<10) + "\n[action_processor]\ncommand=" + strings.Repeat("%a.x%", 100<<10) + "\n[event_a]\ntype=custom\n")
	if n := len(c.Resolve(c.Processor())); n != 500<<10 {
		t.Errorf("%d bytes", n)
	}
	if n := len(c.Events("linux")[0].Command); n > maxLine {
		t.Errorf("%d bytes", n)
	}
}

// TestFits: opsiclientd may name several servers, and leave out what has a default.
func TestFits(t *testing.T) {
	c := Parse("[global]\nhost_id = PC1.example.org\n[config_service]\nurl = https://10.0.0.1:4447/rpc, https://OPSI.example.org/rpc\n")
	for _, x := range []struct {
		server, client string
		fits           bool
	}{
		{"https://opsi.example.org:4447", "pc1.example.org", true}, {"https://10.0.0.1", "", true}, {"", "", true},
		{"https://opsi.example.org:4448", "", false}, {"https://opsi:4447", "pc1.example.org", false}, {"https://10.0.0.1", "pc2.example.org", false},
	} {
		if err := c.Fits(x.server, x.client); (err == nil) != x.fits {
			t.Errorf("%+v: %v", x, err)
		}
	}
	if err := Parse("").Fits("https://opsi.example.org", "pc1.example.org"); err != nil {
		t.Error(err)
	}
}

// TestHostile: texts that refer to themselves end, and the key never comes out.
func TestHostile(t *testing.T) {
	c := Parse("[global]\nopsi_host_key=" + hostKey + "\n[a]\nx=%a.x%%a.x%%a.x%%a.x%\nkey=%global.opsi_host_key%\n[action_processor]\ncommand=run " + hostKey +
		" %a.x%\n[event_a]\nsuper=b\n[event_b]\nsuper=a\n[event_c{]\nsuper=c{\n[event_]\n[event_{]\n[event_default{x}]\n")
	for _, text := range []string{c.Resolve("%a.x%"), c.Resolve("%a.key%"), c.Resolve("%global.opsi_host_key%"), c.Resolve(c.Processor()), c.Processor()} {
		if len(text) > maxLine || strings.Contains(text, hostKey) {
			t.Errorf("%d bytes: %.80q", len(text), text)
		}
	}
	for _, e := range c.Events("linux") {
		if strings.Contains(e.Command, hostKey) || len(e.Command) > maxLine {
			t.Errorf("%.80q", e.Command)
		}
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(dir); err == nil {
		t.Error("a folder was read")
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(large); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("a large file: %v", err)
	}
	good := filepath.Join(dir, "opsiclientd.conf")
	if err := os.WriteFile(good, []byte(onWindows), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Read(good); err != nil || c.Processor() != Shipped("windows") {
		t.Errorf("%q, %v", c.Processor(), err)
	}
}

func TestPlace(t *testing.T) {
	t.Setenv("ProgramFiles(x86)", "")
	for _, x := range [][3]string{
		{"linux", "", "/etc/opsi-client-agent/opsiclientd.conf"},
		{"linux", "/etc/quietsetup/key", "/etc/opsi-client-agent/opsiclientd.conf"},
		{"linux", "/opt/a/opsiclientd.conf", "/opt/a/opsiclientd.conf"},
		{"windows", "", `C:\Program Files (x86)\opsi.org\opsi-client-agent\opsiclientd\opsiclientd.conf`},
		{"windows", `D:\opsi\OpsiClientd.conf`, `D:\opsi\OpsiClientd.conf`},
	} {
		if got := Place(x[0], x[1]); got != x[2] {
			t.Errorf("%v: %s", x, got)
		}
	}
}

// TestKept comes back as it was, and is private.
func TestKept(t *testing.T) {
	dir := t.TempDir()
	want := Kept{Client: "pc1.example.org", Command: Shipped("linux"), Notifier: "all", Had: map[string][]any{"x": {"y"}}}
	if err := want.Keep(dir); err != nil {
		t.Fatal(err)
	}
	got, err := ReadKept(dir, "")
	if err != nil || got.Command != want.Command || got.Notifier != "all" || got.Had["x"][0] != "y" || got.V != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := ReadKept(dir, "pc1.elsewhere.test"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of another client: %v", err)
	}
	if !HandedOver("linux", "", got) || HandedOver("linux", Shipped("linux"), got) || !HandedOver("linux", "/usr/bin/quietsetup action-processor", Kept{}) || HandedOver("linux", "", Kept{}) {
		t.Error("handed over")
	}
	if err := os.WriteFile(filepath.Join(dir, "opsi", keptFile), []byte(`{"v":2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKept(dir, ""); err == nil {
		t.Error("another format was read")
	}
	for range 2 {
		if err := Forget(dir); err != nil {
			t.Error(err)
		}
	}
}

// FuzzParse: any text is read, and the key never comes out.
func FuzzParse(f *testing.F) {
	f.Add(onLinux)
	f.Add(onWindows)
	f.Add("[event_a]\nsuper=a\n[event_b{c}]\naction_processor_command=%event_b{c}.action_processor_command%")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		c := Parse(text + "\n[global]\nopsi_host_key=" + hostKey + "\n")
		for _, system := range []string{"linux", "windows"} {
			for _, e := range c.Events(system) {
				if len(e.Command) > len(text)+maxLine || strings.Contains(e.Command, hostKey) {
					t.Fatalf("%s: %.200q", e.Name, e.Command)
				}
			}
		}
		if strings.Contains(c.Processor()+c.Notifier(), hostKey) {
			t.Fatal("the key came out")
		}
	})
}

func TestDrive(t *testing.T) {
	for says, want := range map[string]string{"": `P:\`, "p:": `P:\`, "X:": `X:\`, "dynamic": "", "/media/opsi_depot": "", `p:\x`: ""} {
		if got := Parse("[depot_server]\ndrive = " + says).Drive(); got != want {
			t.Errorf("%q: %q, want %q", says, got, want)
		}
	}
}
