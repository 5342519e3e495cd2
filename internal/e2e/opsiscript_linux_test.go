// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// script puts a product that is a script into the mounted depot and at the server,
// and has it requested.
func (s *site) script(id, script string) {
	s.t.Helper()
	s.write(filepath.Join(s.depot, id, "OPSI/control.toml"), fmt.Sprintf("[Package]\nversion = '1'\n[Product]\ntype = 'LocalbootProduct'\nid = '%s'\nname = 'Tool'\nversion = '2.0'\nsetupScript = 'setup.opsiscript'\n", id))
	s.write(filepath.Join(s.depot, id, "CLIENT_DATA/opsi-meta-data.toml"), "[specification]\nversion = '0.1'\n[[installers]]\nprocesses = ['nobody-has-this-"+id+"']\n[installers.requirement]\nos = 'linux'\nos_arch = 'arch_unknown'\n")
	s.write(filepath.Join(s.depot, id, "CLIENT_DATA/setup.opsiscript"), script)
	s.write(filepath.Join(s.depot, id, "setup.opsiscript"), script) // where a mounted depot has it
	s.server.AddProduct(opsitest.Product{ID: id, Version: "2.0", Scripts: map[string]string{"setup": "setup.opsiscript"}})
	s.server.Request(client, id, "setup")
}

// left waits until the row of a product is as it should be.
func (s *site) left(id, want string) {
	s.t.Helper()
	var got string
	for end := time.Now().Add(30 * time.Second); got != want && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		r := s.server.Row(client, id)
		got = fmt.Sprintf("%s %s %s %s %s-%s %s", r.Text("actionResult"), r.Text("actionRequest"), r.Text("lastAction"), r.Text("installationStatus"),
			r.Text("productVersion"), r.Text("packageVersion"), r.Text("actionProgress"))
	}
	if got != want {
		s.t.Fatalf("the row of %s is\n%s, want\n%s\n%+v", id, got, want, s.product(id))
	}
}

// TestOpsiScript: products that are scripts are run by opsi-script, here a program
// that plays it. What it wrote into the rows stays, and no key is left behind.
func TestOpsiScript(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	program := filepath.Join(s.dir, "opsi-script")
	if err := goBuild("-o", program, "../opsiscript/standin"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "quietsetup.toml"))
	if err != nil {
		t.Fatal(err)
	}
	s.write("quietsetup.toml", strings.Replace(string(text), "[log]", "opsi_script = 'opsi-script'\n[log]", 1))
	side := filepath.Join(s.dir, "side")
	s.sits()
	s.start()
	for _, c := range []struct{ id, script, row, phase string }{
		{"works", "", "successful none setup installed 2.0-1 ", "reported"},
		{"lies", "code 3", "successful none setup installed 2.0-1 ", "reported"},
		{"fails", "progress disk full\nfatal\ncode 0", "failed none setup unknown 2.0-1 disk full", "reported"},
		{"suspends", "suspended", "none setup setup unknown 2.0-1 Suspended", "deferred"},
		{"defers", "deferred", "none setup  not_installed - Deferred", "deferred"}, // opsi-script loses the request; it is set again
		{"crashes", "crash", "failed none setup unknown - opsi-script wrote no end; it was ended by SIGKILL", "reported"},
	} {
		s.script(c.id, "run "+side+"\n"+c.script)
		s.left(c.id, c.row)
		s.untilPhase(c.id, c.phase)
		time.Sleep(300 * time.Millisecond) // a report that should not come would have
		s.left(c.id, c.row)
		ran, err := os.ReadFile(side)
		if err != nil || strings.Count(string(ran), c.id+"\n") != 1 {
			t.Errorf("%s: ran as %q, %v", c.id, ran, err)
		}
	}
	if p := s.product("defers"); p.Phase != "deferred" || p.Run != 1 { // many looks later
		t.Errorf("a script that put itself off is %s in run %d", p.Phase, p.Run)
	}
	// The daemon dies while a script works. Whoever comes after it reads what became of it.
	s.script("lives-on", "run "+side+"\nsleep 3s")
	s.until("the script works", 30*time.Second, func() bool { ran, _ := os.ReadFile(side); return strings.Contains(string(ran), "lives-on\n") })
	s.kill()
	s.start()
	s.left("lives-on", "successful none setup installed 2.0-1 ")
	s.untilPhase("lives-on", "reported")
	if ran, err := os.ReadFile(side); err != nil || strings.Count(string(ran), "lives-on\n") != 1 {
		t.Errorf("lives-on: ran as %q, %v", ran, err)
	}
	if keys, err := filepath.Glob(filepath.Join(s.state, "opsi/runs/*.key")); err != nil || len(keys) != 0 {
		t.Errorf("keys are left: %q, %v", keys, err)
	}
	if runs, err := os.ReadDir(filepath.Join(s.state, "opsi/runs")); err != nil || len(runs) != 0 {
		t.Errorf("left behind: %v, %v", runs, err)
	}
	s.verify()
}
