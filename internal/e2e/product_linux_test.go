// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/store"
)

var shipped binaries

// offer puts a package into the depot whose installer is a script. The script
// appends a line to runs.log each time it does its work.
func (m *machine) offer(id, version, table string) {
	m.t.Helper()
	m.control(id, version)
	m.write(filepath.Join(m.depot, id, "CLIENT_DATA/setup.sh"), fmt.Sprintf(
		"#!/bin/sh\nset -eu\necho begin $$ >>%[1]s/runs.log\nsleep 0.7\nmkdir -p %[1]s/%[2]s\necho %[3]s >%[1]s/%[2]s/version\necho done $$ >>%[1]s/runs.log\n", m.root, id, version))
	m.write(filepath.Join(m.depot, id, "CLIENT_DATA/remove.sh"), fmt.Sprintf(
		"#!/bin/sh\nset -eu\necho remove $$ >>%[1]s/runs.log\nrm -f %[1]s/%[2]s/version\n", m.root, id))
	m.write(filepath.Join(m.depot, id, "CLIENT_DATA/opsi-meta-data.toml"), fmt.Sprintf(`[specification]
version = "0.1"

[[installers]]
install_dir = '%[1]s/%[2]s'
check_processes_from_dirs = ['%[1]s/%[2]s']
processes = []

[quietsetup]
version = 1
command = ["./setup.sh"]
uninstall_command = ["./remove.sh"]
detect = { kind = "file", name = "%[1]s/%[2]s/version", version = %[3]q }
%[4]s
`, m.root, id, version, table))
}

func (m *machine) control(id, version string) {
	m.t.Helper()
	m.write(filepath.Join(m.depot, id, "OPSI/control.toml"), fmt.Sprintf(
		"[Package]\nversion = \"1\"\n\n[Product]\ntype = \"LocalbootProduct\"\nid = %q\nname = %q\nversion = %q\nsetupScript = \"setup.sh\"\nuninstallScript = \"remove.sh\"\n", id, "The App", version))
}

// program starts a busy program in a folder: a copy of sleep.
func (m *machine) program(path string) *exec.Cmd {
	m.t.Helper()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		m.t.Fatal(err)
	}
	text, err := os.ReadFile(sleep)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		if err := os.WriteFile(path, text, 0o755); err != nil {
			m.t.Fatal(err)
		}
	}
	return m.run(exec.Command(path, "600"))
}

func (m *machine) run(cmd *exec.Cmd) *exec.Cmd {
	m.t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err := cmd.Start()
	for n := 0; errors.Is(err, syscall.ETXTBSY) && n < 100; n++ { // another test forked while the file was written
		time.Sleep(10 * time.Millisecond)
		cmd = exec.Command(cmd.Path, cmd.Args[1:]...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		err = cmd.Start()
	}
	if err != nil {
		m.t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { cmd.Wait(); close(gone) }()
	m.t.Cleanup(func() {
		cmd.Process.Kill()
		<-gone
	})
	return cmd
}

// alive reports whether a started program runs.
func alive(cmd *exec.Cmd) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func (m *machine) installed(id string) string {
	text, err := os.ReadFile(filepath.Join(m.root, id, "version"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// runs are the lines the installers left.
func (m *machine) runs() []string {
	text, _ := os.ReadFile(filepath.Join(m.root, "runs.log"))
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}

func (m *machine) records() []events.Record {
	m.t.Helper()
	var out []events.Record
	for line, err := range store.ReadLog(filepath.Join(m.state, "journal")) {
		if err != nil {
			m.t.Fatal(err)
		}
		out = append(out, line.Record)
	}
	return out
}

// reports are the reports the source accepted for a product, in order.
func (m *machine) reports(id string) []apitypes.ReportRow {
	m.t.Helper()
	var out []apitypes.ReportRow
	for _, r := range m.records() {
		for _, e := range r.Events {
			var a struct {
				Product string             `json:"product"`
				Report  apitypes.ReportRow `json:"report"`
			}
			if e.Type != "report_accepted" || json.Unmarshal(e.Data, &a) != nil || a.Product != id {
				continue
			}
			out = append(out, a.Report)
		}
	}
	return out
}

// counted is how many counted defers the log holds.
func (m *machine) counted() int {
	n := 0
	for _, r := range m.records() {
		for _, e := range r.Events {
			if e.Type == "deferred" && strings.Contains(string(e.Data), `"counted":true`) {
				n++
			}
		}
	}
	return n
}
