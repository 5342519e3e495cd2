// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// file writes a config file and returns its path.
func file(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "quietsetup.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	path := file(t, `
[source]
kind = "local"
depot = "depot"
poll = "90s"
algorithm = 2
[policy]
max_defer = 2
DIALOG_TIMEOUT = 30
[policy.product.firefox]
max_defer = 7
[metadata]
overlay = "/etc/quietsetup/../quietsetup/metadata"
[log]
level = "debug"
format = "console"
[ui]
asker = "IT of Sample Hospital"
contact = "Help desk, phone 1234"
`)
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if c.Source != (Source{Kind: Local, Depot: filepath.Join(filepath.Dir(path), "depot"), Poll: 90 * time.Second, Algorithm: 2}) || c.Log != (Log{"debug", "console"}) ||
		c.UI != (UI{Asker: "IT of Sample Hospital", Contact: "Help desk, phone 1234"}) || c.Path != path {
		t.Errorf("%+v", c)
	}
	if filepath.IsAbs("/etc") && c.Overlay != "/etc/quietsetup/metadata" {
		t.Errorf("overlay %q", c.Overlay)
	}
	packaged := policy.NewLayer(policy.Metadata)
	packaged.Set("max_defer", int64(1), "p:1")
	packaged.Set("close_grace", "1s", "p:2")
	for product, want := range map[string]struct {
		defers int
		origin string
	}{"firefox": {7, "product"}, "java": {2, "config"}} {
		p, warnings := c.Policy(product, packaged)
		if p.MaxDefer != want.defers || p.Origin["max_defer"] != want.origin || p.DialogTimeout != 30*events.Second ||
			p.CloseGrace != events.Second || p.Origin["close_grace"] != "metadata" || warnings != nil {
			t.Errorf("%s: %+v, %v", product, p, warnings)
		}
	}
}

func TestNoFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "gone.toml")
	if _, err := Load(missing); !errors.Is(err, ErrInvalid) || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("a named file that is missing: %v", err)
	}
	if _, err := os.Stat(DefaultPath()); !errors.Is(err, fs.ErrNotExist) {
		t.Logf("%s exists here, so the defaults are not read", DefaultPath())
	} else if c, err := Load(""); err != nil || !reflect.DeepEqual(c, Default()) {
		t.Errorf("no default file: %+v, %v", c, err)
	}
	empty, err := Load(file(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	if empty.Source != want.Source || empty.Log != want.Log || empty.Overlay != "" {
		t.Errorf("an empty file: %+v", empty)
	}
	if !filepath.IsAbs(want.Source.Depot) || !filepath.IsAbs(DefaultPath()) {
		t.Errorf("not absolute: %q, %q", want.Source.Depot, DefaultPath())
	}
	if _, err := Load(t.TempDir()); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
}

// TestServer reads what says which server.
func TestServer(t *testing.T) {
	path := file(t, server+"url = 'https://opsi.example.org:4447/rpc'\nhost_id = 'PC1.example.org'\nca_file = 'ca.pem'\n")
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	if want := (Source{Kind: Opsi, Depot: filepath.Join(dir, "depot"), Poll: 10 * time.Minute, Algorithm: 1, URL: "https://opsi.example.org:4447/rpc",
		HostID: "pc1.example.org", KeyFile: filepath.Join(dir, "key"), CAFile: filepath.Join(dir, "ca.pem")}); c.Source != want {
		t.Errorf("%+v", c.Source)
	}
}

// server is the part of a config that every opsi source has but the address.
const server = "[source]\nkind = 'opsi'\nkey_file = 'key'\ndepot = 'depot'\n"

// TestMistakes holds the messages an admin reads, word for word.
func TestMistakes(t *testing.T) {
	program := "/srv/logo.exe"
	if runtime.GOOS == "windows" {
		program = `C:\srv\logo.exe`
	}
	for _, c := range []struct {
		text string
		want []string
	}{
		{"[source\n", []string{":1: source: expected ] after the table's name"}},
		{"[source]\nkind = \"ftp\"\n", []string{`:2: source.kind: must be local or opsi, is "ftp"`}},
		{"[source]\ndepot = 5\n", []string{":2: source.depot: must be a string, is a whole number"}},
		{"[source]\ndepot = ''\n", []string{":2: source.depot: must not be empty"}},
		{"[source]\npoll = '10ms'\n", []string{":2: source.poll: must be from 1s to 24h0m0s"}},
		{"[source]\nalgorithm = 3\n", []string{":2: source.algorithm: must be 1 (dependency before priority) or 2 (priority classes before dependency), is 3"}},
		{"[source]\nalgorithm = '1'\n", []string{":2: source.algorithm: must be a whole number, is a string"}},
		{"[source]\npoll = 'often'\n", []string{`:2: source.poll: must be a time like "90s", "24h" or "14d" or whole seconds, at most 10 years, is "often"`}},
		{"[source]\nurl = 'https://a.b.c:4447'\nkind = 'local'\n", []string{`:2: source.url: is for kind = "opsi" alone, and the kind is "local"`}},
		{"[source]\nkey_file = 'x'\n", []string{`:2: source.key_file: is for kind = "opsi" alone, and the kind is "local"`}},
		{"[source]\nalgorithm = 1\nkind = 'opsi'\n", []string{
			`:2: source.algorithm: is for kind = "local" alone: a server orders the products itself`,
			`:3: source.kind: is "opsi", which needs url, such as https://opsi.example.org:4447`,
			`:3: source.kind: is "opsi", which needs key_file: an opsiclientd.conf, or a file with the host key`}},
		{server + "url = 'http://opsi.example.org'\n", []string{`:5: source.url: must be like https://opsi.example.org:4447, is "http://opsi.example.org"`}},
		{server + "url = 'https://opsi.example.org/x'\n", []string{`:5: source.url: must be like https://opsi.example.org:4447, is "https://opsi.example.org/x"`}},
		{server + "url = 'https://pc1.example.org:secret@opsi.example.org'\n", []string{":5: source.url: must not hold a name or key: host_id and key_file are for that"}},
		{server + "url = 'https://opsi.example.org'\nhost_id = 'pc1'\nca_file = ''\n", []string{
			`:6: source.host_id: must be the full name of this host, such as pc1.example.org, is "pc1"`, ":7: source.ca_file: must not be empty"}},
		{"[sorce]\ndepot = '/x'\n", []string{":1: sorce: unknown key (did you mean source?); known are source, policy, metadata, log, ui"}},
		{"[log]\nlevel = 'loud'\nformat = true\n", []string{
			`:2: log.level: must be debug or info or warn or error, is "loud"`, ":3: log.format: must be a string, is true or false"}},
		{"[ui]\ncontact = \"a\\nb\"\n", []string{":2: ui.contact: must be one line of at most 200 bytes"}},
		{"[ui]\nasker = \"a\\tb\"\nlogo = 'logo.png'\n", []string{":2: ui.asker: must be one line of at most 200 bytes", `:3: ui.logo: must be an absolute path, is "logo.png"`}},
		{"[ui]\nlogo = '" + program + "'\n", []string{fmt.Sprintf(":2: ui.logo: must be a .png, .svg or .jpg file, is %q", program)}},
		{"policy = 1\n", []string{":1: policy: must be a table, is a whole number"}},
		{"[policy]\nmax_defers = 1\nblackout = ['22:00-06:00']\n[policy.product.firefox]\nx = 1\n[policy.product.Firefox]\n", []string{
			":3: policy.blackout: this version does not know blackout yet", `:2: policy.max_defers: "max_defers" is not a policy key (did you mean max_defer?)`,
			`:6: policy.product.Firefox: not a product id: "Firefox" holds a character that is not allowed there`, `:5: policy.product.firefox.x: "x" is not a policy key`}},
		{"[policy.product]\nfirefox = 'kill'\n", []string{":2: policy.product.firefox: must be a table, is a string"}},
		{"\"a\\u001bb\" = 1\n", []string{`:1: "a\x1bb": unknown key; known are source, policy, metadata, log, ui`}},
	} {
		path := file(t, c.text)
		_, err := Load(path)
		if !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		got := strings.Split(strings.TrimPrefix(err.Error(), ErrInvalid.Error()+": "), "\n")
		want := slices.Clone(c.want)
		for i := range want {
			want[i] = path + want[i]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q:\n got %s\nwant %s", c.text, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

func TestABadPolicyValueOnlyWarns(t *testing.T) {
	path := file(t, "[policy]\ndefault_action = 'recheck'\n[policy.product.java]\nmax_defer = -1\n")
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range c.Warnings() {
		got = append(got, w.String())
	}
	want := []string{
		path + `:2: default_action (config): must be defer or kill or fail, is "recheck"; ignored`,
		path + `:4: max_defer (product): must be a whole number from 0 to 1000, is -1; ignored`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if p, _ := c.Policy("java", policy.Layer{}); policy.Check(p) != nil || p.Origin["max_defer"] != "built-in" {
		t.Errorf("%+v", p)
	}
}

// TestTheExampleIsGood reads a copy: who may write in a checkout is not ours to say.
func TestTheExampleIsGood(t *testing.T) {
	text, err := os.ReadFile("../../examples/quietsetup.toml")
	if err != nil {
		t.Fatal(err)
	}
	path := file(t, string(text))
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if w := c.Warnings(); w != nil {
		t.Errorf("warnings: %v", w)
	}
	depot, err := filepath.Rel(filepath.Dir(path), c.Source.Depot)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join("../../examples", depot)); err != nil || !info.IsDir() {
		t.Errorf("the depot of the example: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("[source]\ndepot='/x'\npoll=1\n[policy]\nmax_defer=1\n[policy.product.a]\nactive=false\n")
	f.Add("[ui]\ncontact='x'\n[log]\nlevel='info'\n")
	f.Add("[source]\ndepot=\"/x\\u001b[31m\"\n[metadata]\noverlay='../../x'\n[policy.product.\"../x\"]\na=1\n")
	path := file(f, "")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path)
		if err != nil {
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v", err)
			}
			for line := range strings.Lines(err.Error()) { // one mistake a line, each fit for a terminal
				if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), unicode.IsControl) || len(line) > 2000 {
					t.Errorf("%q", line)
				}
			}
			return
		}
		if strings.ContainsFunc(c.Source.Depot+c.Overlay+c.UI.Contact+c.Log.Level+c.Log.Format, unicode.IsControl) {
			t.Errorf("%+v", c)
		}
		if !filepath.IsAbs(c.Source.Depot) || c.Source.Poll < MinPoll || c.Source.Poll > MaxPoll {
			t.Errorf("%+v", c)
		}
		for product := range c.products {
			if p, _ := c.Policy(product, policy.Layer{}); policy.Check(p) != nil {
				t.Errorf("%+v", p)
			}
		}
	})
}
