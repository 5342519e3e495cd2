// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/needs"
)

// smallDisk puts the state on a disk of its own: a tmpfs, or ext4 on a loop device.
func (m *machine) smallDisk(kind string) {
	m.t.Helper()
	needs.Root(m.t)
	switch kind {
	case "tmpfs":
		if err := syscall.Mount("none", m.state, "tmpfs", 0, "size=24m,mode=0700"); err != nil {
			needs.Missing(m.t, "needs to mount a tmpfs: "+err.Error())
		}
	case "ext4":
		needs.Tool(m.t, "mkfs.ext4", "mount")
		image := m.write("disk.img", "")
		if err := os.Truncate(image, 32<<20); err != nil {
			m.t.Fatal(err)
		}
		if out, err := exec.Command("mkfs.ext4", "-q", "-F", "-m", "0", image).CombinedOutput(); err != nil {
			m.t.Fatalf("%v: %s", err, out)
		}
		if out, err := exec.Command("mount", "-o", "loop", image, m.state).CombinedOutput(); err != nil {
			needs.Missing(m.t, "needs to mount a loop device: "+string(out))
		}
		if err := os.Chmod(m.state, 0o700); err != nil {
			m.t.Fatal(err)
		}
		os.Remove(filepath.Join(m.state, "lost+found"))
	}
	m.t.Cleanup(func() {
		m.stop()
		_ = syscall.Unmount(m.state, syscall.MNT_DETACH) // a supervisor may still be there
	})
}

// fill leaves about so many bytes on the state's disk.
func (m *machine) fill(left int64) {
	m.t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(m.state, &st); err != nil || st.Blocks*uint64(st.Bsize) > 64<<20 {
		m.t.Fatalf("%s is not on a small disk of its own: %v", m.state, err)
	}
	f, err := os.CreateTemp(m.state, "ballast")
	if err != nil {
		m.t.Fatal(err)
	}
	for size := 1 << 20; size > 0; size /= 2 {
		for {
			if _, err := f.Write(make([]byte, size)); err != nil {
				break
			}
		}
	}
	info, err := f.Stat()
	if err == nil {
		err = f.Truncate(max(0, info.Size()-left))
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// eat fills the disk and whatever comes free on it, until clear.
func (m *machine) eat() {
	m.t.Helper()
	m.fill(0)
	f, err := os.CreateTemp(m.state, "ballast")
	if err != nil {
		m.t.Fatal(err)
	}
	m.eats.Store(true)
	m.eaters.Go(func() {
		defer f.Close()
		for m.eats.Load() {
			_, _ = f.Write(make([]byte, 512)) // it fails, again and again
		}
	})
}

// clear gives the room back.
func (m *machine) clear() {
	m.t.Helper()
	m.eats.Store(false)
	m.eaters.Wait()
	files, err := filepath.Glob(filepath.Join(m.state, "ballast*"))
	if err != nil {
		m.t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			m.t.Fatal(err)
		}
	}
}

// TestStartOnAFullDisk: a daemon that finds no room for its first record stays,
// says why it stands still and what to do, refuses orders, and goes on with room.
// With --once it ends.
func TestStartOnAFullDisk(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "prompt_interval = 0\n")
	m.smallDisk("tmpfs")
	m.offer("app", "2.0", "")
	m.program(filepath.Join(m.root, "app/app"))
	m.offer("other", "1.0", "")
	m.start()
	m.login(func(apitypes.Prompt) string { return "" })
	m.must("request", "other", "setup", "--wait")
	m.must("request", "app", "setup")
	m.until("the window is shown", 20*time.Second, func() bool {
		w := m.product("app").Window
		return w != nil && w.Asks[0].Shown
	})
	journal := filepath.Join(m.state, "journal/00000001.ndjson")
	before, pair, reason := int64(0), int64(0), 50 // pair: what an order and its end need beside the reason, which is in both order and event
	m.until("the journal's last page is full", 20*time.Second, func() bool {
		info, err := os.Stat(journal)
		if err != nil {
			return false
		}
		left := 4096 - info.Size()%4096
		if left < 150 { // no record is that short
			return true
		}
		if before > 0 {
			pair = info.Size() - before - 2*int64(reason)
		}
		before, reason = info.Size(), 50
		if fits := (left - pair - 75) / 2; pair > 0 && fits > 0 && fits <= 400 {
			reason = int(fits)
		}
		m.must("hold", "other", "--reason", "x")
		m.must("release", "other", "--reason", strings.Repeat("x", reason))
		return false
	})
	m.kill() // a stop in order would leave a file whose removal gives room for a record
	m.fill(0)

	once := exec.Command(filepath.Join(m.bin, "quietsetupd"), "run", "--once", "--config", filepath.Join(m.dir, "quietsetup.toml"), "--state-dir", m.state)
	if out, err := once.CombinedOutput(); exitCode(err) != 1 || !strings.Contains(string(out), "no space left on device\n  make room") {
		t.Errorf("--once: exit code %d, %s", exitCode(err), out)
	}

	m.start()
	var out string
	m.until("status says why", 20*time.Second, func() bool {
		out, _, _ = m.cli("status")
		return strings.Contains(out, "no space left on device; make room")
	})
	if p := m.product("app"); p.Phase != "prompting" {
		t.Errorf("it does not know any more where it stood: %+v", p)
	}
	if _, errs, code := m.cli("defer", "app", "--reason", "test"); code != 1 || !strings.Contains(errs, "no space left on device") || !strings.Contains(errs, "\n  make room") {
		t.Errorf("an order: exit code %d, %s", code, errs)
	}
	if n := len(m.user.prompts()); n > 1 {
		t.Errorf("%d windows, want the one from before", n)
	}
	m.clear()
	m.until("it goes on by itself", time.Minute, func() bool {
		_, _, code := m.cli("defer", "app", "--reason", "test")
		return code == 0
	})
	m.untilPhase("app", "deferred")
	m.verify()
}
