// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

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
