// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/daemon"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/rig"
)

// begun is a state folder that a daemon has worked in.
func begun(t *testing.T) (c config.Config, dir string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "qs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Mkdir(filepath.Join(dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "quietsetup.toml")
	put(t, file, []byte("[source]\ndepot = '"+dir+"'\n"))
	if c, err = config.Load(file); err != nil {
		t.Fatal(err)
	}
	if err := start(t, c, dir); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "state", "outcome", "x.log"), nil)
	return c, dir
}

// start runs a daemon until it answers, or says why it does not run.
func start(t *testing.T, c config.Config, dir string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	socket := filepath.Join(dir, "s")
	go func() {
		ended <- daemon.Run(ctx, daemon.Options{Config: c, StateDir: filepath.Join(dir, "state"), Socket: socket, Version: "test", Log: zerolog.Nop()})
	}()
	client := localclient.New(socket)
	defer client.Close()
	for {
		if _, err := client.Status(ctx); err == nil {
			cancel()
			return <-ended
		}
		select {
		case err := <-ended:
			return err
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// TestRigLooseStateIsRefused: a state folder, or anything in it, that others could
// have written keeps the daemon from starting, and the error names it.
func TestRigLooseStateIsRefused(t *testing.T) {
	needs.Root(t)
	c, dir := begun(t)
	mode := func(m os.FileMode) func(string) error { return func(p string) error { return os.Chmod(p, m) } }
	owner := func(p string) error { return os.Chown(p, stranger, stranger) }
	elsewhere := func(p string) error {
		if err := os.Rename(p, p+".moved"); err != nil {
			return err
		}
		return os.Symlink(p+".moved", p)
	}
	ways := []struct {
		name  string
		spoil func(string) error
	}{{"0777", mode(0o777)}, {"a stranger's", owner}, {"a link", elsewhere}, {"0770", mode(0o770)}, {"0702", mode(0o702)}}
	tried, faults := 0, 0
	for i, name := range []string{"", "journal", "archive", "local", "outcome", "supervisor", "log.db", "journal/00000001.ndjson", "store.json", "clean", "lock", "prompt.key"} {
		for j, w := range ways {
			way := w.name
			if name == "" && way == "a link" {
				continue // where the state folder lies is the admin's choice
			}
			if !rig.Full() && (i+j)%3 > 0 {
				continue // each start takes a while
			}
			path := filepath.Join(dir, "state", name)
			info, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.spoil(path); err != nil {
				t.Fatal(err)
			}
			tried++
			err = start(t, c, dir)
			if err == nil {
				faults++
				t.Errorf("%q is %s, and the daemon runs", name, way)
			} else if !strings.Contains(err.Error(), filepath.Base(path)) {
				t.Errorf("%q is %s: the error does not name it: %v", name, way, err)
			}
			if way == "a link" {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(path+".moved", path); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chown(path, 0, 0); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, info.Mode().Perm()); err != nil {
				t.Fatal(err)
			}
		}
		if !rig.Full() {
			continue
		}
		if err := start(t, c, dir); err != nil {
			t.Fatalf("after %q was mended: %v", name, err)
		}
	}
	rig.Report(t, rig.HostileCases, tried, faults)
}
