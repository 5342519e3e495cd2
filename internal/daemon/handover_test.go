// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/opsiclientd"
)

// TestHandOverIsWatched: what is lost is told once, and is gone again when mended; the
// file is read only when it is another one.
func TestHandOverIsWatched(t *testing.T) {
	const ours, theirs = "/usr/bin/quietsetup action-processor", "/opt/opsi-script/opsi-script"
	dir := t.TempDir()
	var warned []string
	h := &handOver{system: "linux", conf: filepath.Join(dir, "opsiclientd.conf"), stateDir: dir, warn: func(_, line string) { warned = append(warned, line) }}
	at := time.Now()
	write := func(line string) {
		t.Helper()
		at = at.Add(time.Second) // a file system may have no finer clock
		if err := os.WriteFile(h.conf, []byte("[action_processor]\ncommand = "+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(h.conf, at, at); err != nil {
			t.Fatal(err)
		}
	}
	look := func(step, value string, lost bool, told int) {
		t.Helper()
		h.look(value)
		if h.gone() != lost || len(warned) != told {
			t.Errorf("%s: lost %v, told %q", step, h.gone(), warned)
		}
	}
	look("no opsiclientd", ours, false, 0)
	write(theirs)
	look("never handed over", "", false, 0)
	look("set at the server, not fetched", ours, true, 1)
	look("still", ours, true, 1)
	write(ours)
	look("fetched", ours, false, 1)
	write(theirs)
	look("an update of the agent", ours, true, 2)
	look("the site took it back", theirs, false, 2)
	k := opsiclientd.Kept{Client: "pc1.example.org"}
	if err := k.Keep(dir); err != nil {
		t.Fatal(err)
	}
	look("as kept, without the server", "", true, 3)
	k.Undone = true
	if err := k.Keep(dir); err != nil {
		t.Fatal(err)
	}
	look("taken back", "", false, 3)
	if err := os.Remove(h.conf); err != nil {
		t.Fatal(err)
	}
	look("the agent is gone", ours, false, 3)
	if err := os.Mkdir(h.conf, 0o700); err != nil {
		t.Fatal(err)
	}
	look("no plain file", ours, false, 4)
	look("and told once", ours, false, 4)
	if !strings.Contains(warned[0], h.conf) {
		t.Errorf("%q", warned[0])
	}
}
