// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"path/filepath"
	"runtime"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// ErrInvalid is wrapped by every error about the file; the CLI's exit code 7.
var ErrInvalid = errors.New("invalid configuration")

// ErrUnread is wrapped instead where the file may be read a moment later: somebody
// holds it, or the disk failed.
var ErrUnread = errors.New("configuration cannot be read now")

// Config is a config file with its defaults filled in.
type Config struct {
	Path    string // the file this was read from; "" = defaults only
	Source  Source
	Overlay string // absolute folder of <id>.toml files above the packages' metadata; "" = none
	Log     Log
	UI      UI

	site     policy.Layer         // [policy]
	products map[string]ofProduct // [policy.product.<id>]
	logo     error                // why the logo is not shown; nil = it is, or there is none
	others   error                // who else could change the file; nil = nobody
	places   map[string]string    // of each key that is no policy: "source.depot" -> "file:line"
}

// ofProduct is what the file says about one product.
type ofProduct struct {
	policy.Layer
	place string // "file:line" of the table
}

// Source says where requests come from and reports go to.
type Source struct {
	Kind  string        // "local", "opsi"
	Depot string        // absolute folder of packages; "" = they are fetched from the server's depot
	Poll  time.Duration // between two looks; MinPoll to MaxPoll
	// Algorithm orders products of the local source: 1 = dependency before priority,
	// 2 = priority classes before dependency, as in opsi. A server orders itself.
	Algorithm int
	URL       string // the opsi config server, https://opsi.example.org:4447
	HostID    string // our name there; "" = the key file says it
	KeyFile   string // absolute path of an opsiclientd.conf, or of a file with the host key
	// OpsiScript is the absolute path of opsi-script; "" = where opsi's packages put it.
	OpsiScript string
	CAFile     string // absolute path of the CA that vouches for the server; "" = those of the system
}

// The kinds of sources.
const (
	Local = "local" // requests by the command line, packages from a folder
	Opsi  = "opsi"  // an opsi config server
)

// The range of Source.Poll.
const (
	MinPoll = time.Second
	MaxPoll = 24 * time.Hour
)

// Log says what is logged and how.
type Log struct {
	Level  string // debug, info, warn, error
	Format string // json, console
}

// UI is what users are shown beside the question itself.
type UI struct {
	Asker   string // who asks, as the start of a sentence: "IT of Sample Hospital"; "" = the administration
	Contact string // whom to ask, "Help desk, phone 1234"; "" = nobody is named
	Logo    string // absolute path of an image that everybody can read; "" = none
}

// MaxLogo is the largest logo, in bytes: it is loaded for each window.
const MaxLogo = 1 << 20

// Default is the configuration without a file.
func Default() Config {
	return Config{
		Source: Source{Kind: Local, Depot: filepath.Join(serverDir(), "depot"), Poll: 5 * time.Minute, Algorithm: 1},
		Log:    Log{Level: "info", Format: "json"},
		site:   policy.NewLayer(policy.Config),
	}
}

// DefaultPath is where the file is looked for when none is named.
func DefaultPath() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(ProgramData(), "quietsetup", "quietsetup.toml")
	}
	return "/etc/quietsetup/quietsetup.toml"
}

// serverDir is where the default depot lies.
func serverDir() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(ProgramData(), "quietsetup")
	}
	return "/srv"
}

// Layers are the policy layers that count for a product, weakest first: the
// package's own, the file's, those of a server, and what the file and the server say
// about this product.
func (c Config) Layers(product string, fromPackage policy.Layer, server ...policy.Layer) []policy.Layer {
	all, one := []policy.Layer{fromPackage, c.site}, []policy.Layer{c.products[product].Layer}
	for _, l := range server {
		if l.Origin == policy.Product {
			one = append(one, l)
		} else {
			all = append(all, l)
		}
	}
	return append(all, one...)
}

// Policy is the effective policy of a product.
func (c Config) Policy(product string, fromPackage policy.Layer, server ...policy.Layer) (events.Policy, []policy.Warning) {
	return policy.Resolve(c.Layers(product, fromPackage, server...)...)
}

// Warnings are the policy values of the file that do not count, after what is
// wrong with the file as a whole.
func (c Config) Warnings() []policy.Warning {
	var out []policy.Warning
	if c.others != nil {
		out = append(out, policy.Warning{Origin: policy.Config, Text: c.others.Error()})
	}
	if c.logo != nil {
		out = append(out, policy.Warning{Origin: policy.Config, Text: c.logo.Error()})
	}
	_, w := policy.Resolve(c.site)
	out = append(out, w...)
	for _, id := range c.Products() {
		_, w := policy.Resolve(c.products[id].Layer)
		out = append(out, w...)
	}
	return out
}
