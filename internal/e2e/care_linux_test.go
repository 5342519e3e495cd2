// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// nobody runs the quietsetup command as a user without rights.
func (m *machine) nobody(args ...string) (string, int) {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.bin, "quietsetup"))
	if err != nil {
		m.t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "qs-nobody") // the folder of the binaries is closed to others
	if err != nil {
		m.t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "quietsetup")
	for _, err := range []error{os.WriteFile(program, text, 0o755), os.Chmod(dir, 0o711), os.Chmod(m.dir, 0o711)} {
		if err != nil {
			m.t.Fatal(err)
		}
	}
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"LANG=C", "PATH=" + os.Getenv("PATH"), "TMPDIR=/tmp"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); cmd.ProcessState == nil {
		m.t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// states are the checks of doctor --json with what they found.
func (m *machine) states(args ...string) (map[string]string, int) {
	m.t.Helper()
	out, errs, code := m.cli(append([]string{"--json", "--state-dir", m.state, "doctor", "--config", filepath.Join(m.dir, "quietsetup.toml")}, args...)...)
	var doc struct {
		Checks []struct{ Code, State, Mend string }
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		m.t.Fatalf("doctor: exit code %d: %v\n%s%s", code, err, out, errs)
	}
	found := map[string]string{}
	for _, c := range doc.Checks {
		found[c.Code] = c.State
		if (c.State == "warn" || c.State == "fail") && c.Mend == "" {
			m.t.Errorf("no mend for %s", c.Code)
		}
	}
	return found, code
}

// TestCare looks after a store as an administrator does: while the service
// works, after it was stopped, and after it was killed.
func TestCare(t *testing.T) {
	needs.Root(t)
	m := newMachine(t, "")
	m.offer("app", "1.0", "")
	m.start()
	m.must("request", "app", "setup")
	m.until("the request is in the log", 20*time.Second, func() bool { return m.product("app").Run == 1 })

	wants := func(code int, said string, args ...string) {
		t.Helper()
		out, errs, got := m.cli(append([]string{"--state-dir", m.state}, args...)...)
		if got != code || !strings.Contains(out+errs, said) {
			t.Errorf("quietsetup %q: exit code %d, want %d and %q\n%s%s", args, got, code, said, out, errs)
		}
	}
	refused := func(code int, args ...string) {
		t.Helper()
		if out, got := m.nobody(append([]string{"--state-dir", m.state}, args...)...); got != code {
			t.Errorf("nobody: quietsetup %q: exit code %d, want %d\n%s", args, got, code, out)
		}
	}
	wants(0, "The service works on it", "store", "check")
	wants(10, "in use", "store", "compact")
	live := filepath.Join(m.dir, "live")
	wants(0, "Without log.db", "store", "copy", live)
	wants(0, "Verdict: ok", "store", "check", live)
	wants(0, "ok: ", "replay", "--verify", live)
	wants(0, "without private parts", "store", "export", "-o", filepath.Join(m.dir, "live.ndjson"))
	wants(0, "ok: ", "replay", "--verify", filepath.Join(m.dir, "live.ndjson"))
	wants(0, "with private parts", "store", "export", "--private", "-o", filepath.Join(m.dir, "private.ndjson"))
	found, _ := m.states()
	for _, code := range []string{"daemon_ok", "versions_equal", "socket_ok", "config_ok", "depot_ok", "store_ok", "service_other"} {
		if found[code] == "" {
			t.Errorf("a running service: no %s in %v", code, found)
		}
	}
	refused(9, "store", "check")
	refused(9, "store", "copy", "/tmp/qs-nobody-copy")
	refused(9, "store", "export")
	refused(9, "store", "export", "--private")
	refused(9, "store", "compact")
	if out, code := m.nobody("--state-dir", m.state, "doctor"); code != 1 || !strings.Contains(out, "what only root may see is not seen") || !strings.Contains(out, "can only be read by root") {
		t.Errorf("nobody: doctor: exit code %d\n%s", code, out)
	}

	m.kill()
	wants(0, "did not end in order", "store", "check")
	wants(1, "start the service", "store", "compact")
	found, code := m.states()
	if code != 1 || found["daemon_off"] != "fail" || found["store_unclean"] != "warn" {
		t.Errorf("killed: exit code %d, %v", code, found)
	}
	m.start()
	m.stop()
	wants(0, "Verdict: ok", "store", "check")
	wants(0, "now", "store", "compact")
	wants(0, "Verdict: ok", "store", "check")
	wants(0, "ok: ", "replay", "--verify", m.state)
	still := filepath.Join(m.dir, "still")
	wants(0, "Copied", "store", "copy", still)

	// Damage to the copy's twin is seen and does not stop the program that looks.
	db := filepath.Join(still, "log.db")
	for _, size := range []int64{9000, 4096, 20, 0} {
		if err := os.Truncate(db, size); err != nil {
			t.Fatal(err)
		}
		wants(8, "damaged", "store", "check", still)
	}
	m.start() // what was compacted is a store like any other
	m.verify()
}
