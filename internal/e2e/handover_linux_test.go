// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// TestHandOver: the events of opsiclientd are handed over, an update of opsi's agent
// takes them back, the service tells, and it is quiet again once that is mended.
func TestHandOver(t *testing.T) {
	t.Parallel()
	s := newSite(t, "1s")
	key, err := os.ReadFile(filepath.Join(s.dir, "host.key"))
	if err != nil {
		t.Fatal(err)
	}
	const (
		id      = "opsiclientd.action_processor.command"
		shipped = "%action_processor.local_dir%/%action_processor.filename% -clientid %global.host_id% -password %global.opsi_host_key%"
		notice  = "do not go through quietsetup yet, or not any more"
	)
	conf := func(line string) {
		t.Helper()
		// Whole or not at all, as the agent's own update may not be: that is told, too.
		name := s.write("new.conf", "[global]\nhost_id = "+client+"\nopsi_host_key = "+string(key)+
			"[action_processor]\nlocal_dir = /opt/opsi-script\nfilename = opsi-script\ncommand = "+line+"\n[event_default]\ntype = template\nevent_notifier_desktop = winlogon\n"+
			"[event_start]\nsuper = default\ntype = daemon startup\n")
		if err := os.Chmod(name, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(name, filepath.Join(s.dir, "opsiclientd.conf")); err != nil {
			t.Fatal(err)
		}
	}
	conf(shipped)
	text, err := os.ReadFile(filepath.Join(s.dir, "quietsetup.toml"))
	if err != nil {
		t.Fatal(err)
	}
	config := s.write("quietsetup.toml", strings.Replace(string(text), "'host.key'", "'opsiclientd.conf'", 1))
	program := s.write("bin/quietsetup", "#!/bin/sh\n")
	if err := os.Chmod(program, 0o700); err != nil {
		t.Fatal(err)
	}
	s.start()
	if out := s.must("status"); strings.Contains(out, notice) {
		t.Errorf("nobody handed anything over:\n%s", out)
	}
	s.must("server", "setup", "--hand-over", "--program", program, "--config", config, "--state-dir", s.state)
	rows := s.server.Rows("configState", opsitest.Object{"configId": id, "objectId": client})
	if len(rows) != 1 || len(rows[0].List("values")) != 1 {
		t.Fatalf("the server has %v", rows)
	}
	told := func() bool { return strings.Contains(s.must("status"), notice) }
	s.until("the service tells that it is not fetched", 30*time.Second, told)
	conf(rows[0].List("values")[0])
	s.until("the service sees that it is", 30*time.Second, func() bool { return !told() })
	conf(shipped)
	s.until("the service tells of the agent's update", 30*time.Second, told)
	s.must("server", "setup", "--undo", "--config", config, "--state-dir", s.state)
	s.until("it is meant so", 30*time.Second, func() bool { return !told() })
	s.must("server", "setup", "--undo", "--config", config, "--state-dir", s.state)
	if rows := s.server.Rows("configState", opsitest.Object{"configId": id}); len(rows) != 0 {
		t.Errorf("left: %v", rows)
	}
	s.verify()
}
