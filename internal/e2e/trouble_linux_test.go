// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// daemonFails runs the daemon and returns what it said and its exit code.
func (m *machine) daemonFails() (string, int) {
	m.t.Helper()
	cmd := exec.Command(filepath.Join(m.bin, "quietsetupd"), "run", "--config", filepath.Join(m.dir, "quietsetup.toml"), "--state-dir", m.state)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		return out.String(), exitCode(err)
	case <-time.After(20 * time.Second):
		cmd.Process.Kill()
		<-done
		m.t.Fatalf("the daemon runs on:\n%s", out.String())
		return "", 0
	}
}

// TestBrokenConfig: file, line and key are named, and nothing is made.
func TestBrokenConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"syntax":      {"[source]\nkind = \n", "quietsetup.toml:2"},
		"unknown key": {"[source]\nkind = \"local\"\ndepto = \"/x\"\n", "quietsetup.toml:3"},
		"wrong type":  {"[policy.product.firefox]\n\n[source]\npoll = true\n", "quietsetup.toml:4"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t, "")
			m.write("quietsetup.toml", c.text)
			out, code := m.daemonFails()
			if code != 7 || !strings.Contains(out, c.want) {
				t.Errorf("exit code %d, want 7 and %q: %s", code, c.want, out)
			}
			if _, err := os.Stat(filepath.Join(m.state, "log.db")); err == nil {
				t.Error("a store was made")
			}
		})
	}
}

// TestBrokenMetadata: the product is held as a defect with file, line and key;
// request, status and version stay; it goes on by itself with a mended package.
func TestBrokenMetadata(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "")
	m.offer("app", "2.0", "")
	m.start()
	good := filepath.Join(m.depot, "app/CLIENT_DATA/opsi-meta-data.toml")
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	m.must("request", "app", "setup")
	m.untilPhase("app", "reported")

	for name, c := range map[string]struct{ from, to, want string }{
		"syntax":          {"processes = []", "processes = [", "opsi-meta-data.toml:"},
		"a root":          {"check_processes_from_dirs = ['" + m.root + "/app']", "check_processes_from_dirs = ['/']", "check_processes_from_dirs"},
		"a system folder": {"install_dir = '" + m.root + "/app'\ncheck_processes_from_dirs = ['" + m.root + "/app']", "install_dir = '/usr/bin'", "install_dir"},
		"a way out":       {"check_processes_from_dirs = ['" + m.root + "/app']", "check_processes_from_dirs = ['" + m.root + "/../../etc']", "check_processes_from_dirs"},
	} {
		m.write(good, strings.Replace(string(text), c.from, c.to, 1))
		m.must("request", "app", "setup")
		var p apitypes.Product
		m.until(name+": held as a defect", 20*time.Second, func() bool {
			p = m.product("app")
			return p.Waits != nil && p.Waits.Reason == "defect"
		})
		if !strings.Contains(p.Waits.Detail, c.want) || !strings.Contains(p.Waits.Detail, "opsi-meta-data.toml:") {
			t.Errorf("%s: %q does not name the place", name, p.Waits.Detail)
		}
		if r := m.row("app"); r.ActionRequest != "setup" || r.InstallationStatus != "installed" || r.ProductVersion != "2.0" {
			t.Errorf("%s: the row changed: %+v", name, r)
		}
		m.write(good, string(text))
		m.must("resume", "app", "--reason", "mended")
		m.until(name+": mended", 20*time.Second, func() bool { return m.product("app").Phase == "reported" })
	}
	m.verify()
}

// TestHostileIds: an id that is not one is refused, and nothing outside is touched.
func TestHostileIds(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "")
	m.start()
	for _, id := range []string{"../../etc/passwd", "..", ".", "a/b", "A", "con", strings.Repeat("a", 200), "a b", "-x", "é", "", "%2e%2e"} {
		_, errs, code := m.cli("request", "--", id, "setup")
		if code == 0 || errs == "" || strings.Contains(errs, "panic") {
			t.Errorf("%q: exit code %d, %q", id, code, errs)
		}
	}
	if files, _ := filepath.Glob(filepath.Join(m.state, "local", "*")); len(files) != 0 {
		t.Errorf("rows were made: %v", files)
	}
	if n := len(m.records()); n > 2 {
		t.Errorf("%d records for nothing", n)
	}
}

// TestMissingDepot: nothing is lost and nothing is withdrawn while the depot is away.
func TestMissingDepot(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "")
	m.offer("app", "2.0", "")
	m.program(filepath.Join(m.root, "app/app"))
	m.login(func(p apitypes.Prompt) string { return "defer" })
	m.start()
	m.must("request", "app", "setup")
	m.untilPhase("app", "deferred")
	if err := os.Rename(m.depot, m.depot+".away"); err != nil {
		t.Fatal(err)
	}
	m.kill()
	m.start()
	_, errs, code := m.cli("request", "other", "setup")
	if code == 0 || !strings.Contains(errs, m.depot) {
		t.Errorf("a request from a depot that is away: exit code %d, %q", code, errs)
	}
	if p := m.product("app"); p.Phase != "deferred" || p.Defers.Used != 1 || m.row("app").ActionRequest != "setup" {
		t.Errorf("the deferred product: %+v", p)
	}
	m.must("resume", "app", "--reason", "test")
	m.until("it waits for the depot", 30*time.Second, func() bool {
		w := m.product("app").Waits
		return w != nil && w.Reason == "unreachable"
	})
	if err := os.Rename(m.depot+".away", m.depot); err != nil {
		t.Fatal(err)
	}
	m.verify()
}

// TestNewerStore: a store of a later version is refused and not touched.
func TestNewerStore(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "")
	m.start()
	m.stop()
	path := filepath.Join(m.state, "log.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		meta := tx.Bucket([]byte("meta"))
		for _, k := range []string{"format", "reader"} {
			if err := meta.Put([]byte(k), []byte("99")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out, code := m.daemonFails()
	if code != 8 || !strings.Contains(out, "99") {
		t.Errorf("exit code %d, want 8 and the format: %s", code, out)
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("the store was changed")
	}
}
