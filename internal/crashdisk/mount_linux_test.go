// SPDX-License-Identifier: Apache-2.0

package crashdisk

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// mount mounts a disk or says what is missing.
func mount(t *testing.T, tree Tree, refuse func(int, Op) syscall.Errno) (string, *Mounted) {
	t.Helper()
	needs.Root(t)
	dir := t.TempDir()
	m, err := Mount(dir, tree, refuse)
	if err != nil {
		needs.Missing(t, fmt.Sprint("needs FUSE: ", err))
	}
	t.Cleanup(func() {
		if err := m.Unmount(); err != nil {
			t.Error(err)
		}
	})
	return dir, m
}

// TestMount: what a program does is seen by it, written down, and durable only
// after a sync.
func TestMount(t *testing.T) {
	start := NewTree()
	start.apply(Op{Kind: Create, Node: 2, Dir: Root, Name: "there"})
	start.apply(Op{Kind: Write, Node: 2, Data: []byte("before")})
	dir, m := mount(t, start, func(_ int, o Op) syscall.Errno {
		if o.Kind == Create && o.Name == "refused" {
			return syscall.ENOSPC
		}
		return 0
	})
	if b, err := os.ReadFile(filepath.Join(dir, "there")); err != nil || string(b) != "before" {
		t.Fatalf("%q, %v", b, err)
	}
	f, err := os.Create(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(s string) {
		t.Helper()
		_, err := f.WriteString(s)
		must(err)
	}
	write("one")
	must(f.Sync())
	must(syscall.Setxattr(dir, MarkAttr, []byte("first"), 0))
	write(" two")
	must(f.Close())
	must(os.Mkdir(filepath.Join(dir, "d"), 0o700))
	must(os.Rename(filepath.Join(dir, "f"), filepath.Join(dir, "d", "g")))
	must(os.Link(filepath.Join(dir, "d", "g"), filepath.Join(dir, "h")))
	must(os.Remove(filepath.Join(dir, "there")))
	must(os.Truncate(filepath.Join(dir, "h"), 5))
	if b, err := os.ReadFile(filepath.Join(dir, "d", "g")); err != nil || string(b) != "one t" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := os.Create(filepath.Join(dir, "refused")); err == nil {
		t.Error("a refused operation succeeded")
	}
	if got := look(m.Live()); got != "d/= d/g=one t h=one t" {
		t.Errorf("live: %q", got)
	}
	durable := func() string {
		m.mu.Lock()
		defer m.mu.Unlock()
		return look(m.disk.base)
	}
	if got := durable(); got != "there=before" {
		t.Errorf("durable: %q", got)
	}
	d, err := os.Open(dir)
	must(err)
	must(d.Sync())
	must(d.Close())
	if got := durable(); got != "d/= d/g=one h=one" {
		t.Errorf("durable after a sync of the directory: %q", got)
	}
	seen := map[string]bool{}
	for seed := range uint64(200) {
		tree, pending, kept := m.Cut(rand.New(rand.NewPCG(seed, 1)))
		if kept > pending || pending == 0 {
			t.Fatalf("%d of %d kept", kept, pending)
		}
		seen[look(tree)] = true
	}
	if len(seen) < 4 || !seen["d/= d/g=one h=one"] || !seen["d/= d/g=one t h=one t"] {
		t.Errorf("cuts leave %v", seen)
	}
	marks := 0
	for _, o := range m.Run() {
		if o.Kind == Mark && o.Word == "first" {
			marks++
		}
	}
	if marks != 1 {
		t.Errorf("%d marks in %v", marks, m.Run())
	}
}
