// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"bufio"
	"path/filepath"
	"strings"
	"testing"
)

// pipeName is the one of the service in its usual place.
const pipeName = `ProtectedPrefix\Administrators\quietsetup-api`

// TestSquattedPipe: a program that has the name of the pipe first is not joined
// by the service, and the service says why it does not run.
func TestSquattedPipe(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "")
	m.copy(filepath.Join(m.dir, "pipeprogram.exe"), `C:\pipeprogram.exe`)
	squats := m.wine.Command(`C:\pipeprogram.exe`, "serves", pipeName)
	says, err := squats.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := squats.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(says).ReadString('\n'); err != nil || !strings.HasPrefix(line, "serves") {
		t.Fatalf("the name is not taken: %q, %v", line, err)
	}
	out, code := m.run("quietsetupd", "service", "start")
	if code == 0 {
		t.Errorf("the service started beside another server: %s", out)
	}
	t.Logf("exit code %d: %s", code, out)
	m.until("the log says why", patience, func() bool {
		return strings.Contains(m.log(), "quietsetup-api") && strings.Contains(m.log(), `"level":"error"`)
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
		{"a body that is too large", head + "Content-Length: 8388608\r\n\r\n" + strings.Repeat(" ", 8<<20), "400"},
		{"a body that is no JSON", head + "Content-Length: 7\r\n\r\n{\"reaso", "400"},
		{"an order that there is not", "POST /v1/products/app/request HTTP/1.1\r\nHost: local\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"action\":\"destroy\"}", "400"},
	} {
		before := strings.Count(m.log(), "\n")
		m.write(`C:\sent`, c.text)
		out := m.must(`C:\pipeprogram.exe`, "sends", pipeName, `C:\sent`)
		if !strings.Contains(out, " "+c.answer) {
			t.Errorf("%s: the answer is %q, want %s", c.name, out, c.answer)
		}
		since := func() string { return strings.Join(strings.Split(m.log(), "\n")[before:], "\n") }
		m.until(c.name+" is in the log", patience, func() bool { return strings.Contains(since(), "refused") })
		t.Logf("%s: %q, logged %q", c.name, strings.TrimSpace(out), since())
	}
	if out := m.must("quietsetup", "status", "--json"); strings.Contains(out, `"hold"`) {
		t.Errorf("a broken order was carried out: %s", out)
	}
	m.verify()
}
