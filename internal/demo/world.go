// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/quietsetup/quietsetup/internal/localclient"
)

//go:embed depot
var depot embed.FS

// config is the daemon's config file: everything at its default but the times,
// which nobody would sit through.
const config = `# The demo's configuration: short times, everything else as it comes.
[source]
kind = "local"
depot = '@depot@'
poll = "1s"

[policy]
defer_interval = "2s"
prompt_interval = 0
dialog_timeout = "5m"
close_grace = "5s"
max_recheck = 1

[log]
level = "info"
format = "console"
`

// maxSocket is the longest path a unix socket can have everywhere, in bytes.
const maxSocket = 103

// world is the demo's folder.
type world struct{ dir, exe string }

func (w world) state() string   { return filepath.Join(w.dir, "state") }
func (w world) journal() string { return filepath.Join(w.state(), "journal") }
func (w world) socket() string  { return localclient.SocketIn(w.state()) }
func (w world) config() string  { return filepath.Join(w.dir, "quietsetup.toml") }
func (w world) log() string     { return filepath.Join(w.dir, "daemon.log") }
func (w world) product() string { return filepath.Join(w.dir, "programs", Product) }
func (w world) program() string { return filepath.Join(w.product(), "notes") }
func (w world) depot() string   { return filepath.Join(w.dir, "depot") }

// unpack makes the folder with depot, config and an empty state.
func unpack(exe string) (w world, err error) {
	dir, err := os.MkdirTemp("", "quietsetup-demo-")
	if err != nil {
		return w, fmt.Errorf("cannot make the demo's folder: %w", err)
	}
	w = world{dir: dir, exe: exe}
	if len(w.socket()) > maxSocket {
		return w, errors.Join(fmt.Errorf("cannot run the demo in %s: the path is too long for a socket; set TMPDIR to a shorter one", dir), os.RemoveAll(dir))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	// The folder's name stands in TOML between single quotes.
	if w.dir, err = filepath.EvalSymlinks(dir); err != nil || strings.ContainsAny(w.dir, "'\n") {
		return w, fmt.Errorf("cannot use %q for the demo: set TMPDIR to another folder", dir)
	}
	if err := os.Mkdir(w.state(), 0o700); err != nil {
		return w, fmt.Errorf("cannot make the demo's folder: %w", err)
	}
	if err := w.offer("1.0"); err != nil {
		return w, err
	}
	text := strings.ReplaceAll(config, "@depot@", w.depot())
	if err := os.WriteFile(w.config(), []byte(text), 0o600); err != nil {
		return w, fmt.Errorf("cannot write the demo's configuration: %w", err)
	}
	return w, nil
}

// offer puts a version of the product into the depot.
func (w world) offer(version string) error {
	fill := strings.NewReplacer("@dir@", w.product(), "@version@", version)
	err := fs.WalkDir(depot, "depot", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(w.dir, filepath.FromSlash(name))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		text, err := depot.ReadFile(name)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if filepath.Ext(name) == ".sh" {
			mode = 0o755
		}
		// Complete or not there at all: the daemon looks every second.
		if err := os.WriteFile(to+".new", []byte(fill.Replace(string(text))), mode); err != nil {
			return err
		}
		return os.Rename(to+".new", to)
	})
	if err != nil {
		return fmt.Errorf("cannot unpack the demo's depot: %w", err)
	}
	return nil
}
