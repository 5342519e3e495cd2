// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"path/filepath"
	"strings"
	"testing"
)

// pipeName is the one of the service in its usual place.
const pipeName = "quietsetup-api"

// TestSquattedPipe: a program that has the name of the pipe first is not joined
// by the service, and the service says why it does not run.
func TestSquattedPipe(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "")
	m.copy(filepath.Join(m.dir, "pipeprogram.exe"), `C:\pipeprogram.exe`)
	squats := m.wine.Command(`C:\pipeprogram.exe`, "serves", pipeName)
	if err := squats.Start(); err != nil {
		t.Fatal(err)
	}
	m.until("the name is taken", patience, func() bool {
		out, code := m.run(`C:\pipeprogram.exe`, "serves", pipeName)
		return code == 1 && strings.Contains(out, "cannot serve")
	})
	if out, code := m.run("quietsetupd", "service", "start"); code == 0 {
		t.Errorf("the service started beside another server: %s", out)
	}
	m.until("the log says why", patience, func() bool {
		return strings.Contains(m.log(), pipeName) && strings.Contains(m.log(), `"level":"error"`)
	})
	for _, pid := range m.processes("pipeprogram.exe") {
		end(t, pid)
	}
	_ = squats.Wait()
	m.start()
	m.verify()
}

// TestStrangersAtThePipe: what is too large or no request at all is refused and
// logged, and the service goes on.
func TestStrangersAtThePipe(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "")
	m.copy(filepath.Join(m.dir, "pipeprogram.exe"), `C:\pipeprogram.exe`)
	m.start()
	const head = "POST /v1/hold HTTP/1.1\r\nHost: local\r\nContent-Type: application/json\r\n"
	for _, c := range []struct{ name, text, answer string }{
		{"no request", "\x00\x01\x02 garbage\r\n\r\n", "400"},
		{"a header without an end", "GET /v1/status HTTP/1.1\r\nHost: local\r\nX: " + strings.Repeat("x", 4<<20), "431"},
		{"a body that is said to be too large", head + "Content-Length: 1073741824\r\n\r\n" + strings.Repeat(" ", 8<<20), "413"},
		{"a body that is no JSON", head + "Content-Length: 7\r\n\r\n{\"reaso", "400"},
		{"no such route", "GET /v1/../../etc HTTP/1.1\r\nHost: local\r\n\r\n", "40"},
	} {
		before := strings.Count(m.log(), "\n")
		m.write(`C:\sent`, c.text)
		out := m.must(`C:\pipeprogram.exe`, "sends", pipeName, `C:\sent`)
		if !strings.Contains(out, " "+c.answer) {
			t.Errorf("%s: the answer is %q, want %s", c.name, out, c.answer)
		}
		lines := strings.Split(m.log(), "\n")[before:]
		t.Logf("%s: %q, logged %q", c.name, strings.TrimSpace(out), strings.Join(lines, ""))
	}
	if log := m.log(); !strings.Contains(log, "refused") {
		t.Error("nothing was logged as refused")
	}
	if out := m.must("quietsetup", "status", "--json"); strings.Contains(out, `"hold"`) {
		t.Errorf("a broken order was carried out: %s", out)
	}
	m.verify()
}
