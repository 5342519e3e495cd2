// SPDX-License-Identifier: Apache-2.0

package opsidialog

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func fits(string, fs.FileInfo) error { return nil }

// TestPlace: where the service is, by what its configuration says.
func TestPlace(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, confName)
	by, own := filepath.Join(dir, "opsiclientd.pem"), filepath.Join(dir, "own.pem")
	for text, want := range map[string]place{
		"":                         {4441, by, by},
		"[control_server]\nport =": {4441, by, by},
		"\ufeff[control_server]\n; a comment\nPort = 5441\n[other]\nport = 1": {5441, by, by},
		"[control_server]\nssl_server_cert_file = " + own:                     {4441, own, by},
		"[global]\nbase_dir = " + dir + "\n[control_server]\nssl_server_key_file = %global.base_dir%/own.pem\nssl_server_cert_file = %global.base_dir%/own.pem": {4441, own, own},
		"[control_server]\nport = 70000":                                    {},
		"[control_server]\nport = 44a":                                      {},
		"[control_server]\nport = -1":                                       {},
		"[control_server]\nssl_server_cert_file = own.pem":                  {},
		"[control_server]\nssl_server_cert_file = %global.base_dir%/x.pem":  {4441, filepath.Join(filepath.Dir(dir), "x.pem"), by},
		"[control_server]\nssl_server_key_file = " + dir + "/%other%/x.pem": {},
	} {
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readPlace(conf, fits)
		if (err != nil) != (want == place{}) || err == nil && got != want {
			t.Errorf("%q: %+v, %v, want %+v", text, got, err, want)
		}
		if err != nil && !strings.Contains(err.Error(), conf) {
			t.Errorf("%q: %v does not name the file", text, err)
		}
	}
	if _, err := readPlace(filepath.Join(dir, "none"), fits); !errors.Is(err, ErrAbsent) {
		t.Errorf("%v", err)
	}
	if _, err := readPlace(dir, fits); err == nil {
		t.Error("a folder was read")
	}
	if err := os.WriteFile(conf, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readPlace(conf, fits); err == nil {
		t.Error("a file without end was read")
	}
}

// TestPins: each file is judged by what is in it, the private key by who can read it.
func TestPins(t *testing.T) {
	dir := t.TempDir()
	_, text := certificate(t)
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for _, name := range []string{cert, key} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refuse := func(name string, _ fs.FileInfo) error { return errors.New(name) }
	for _, c := range []struct {
		p                 place
		unchanged, secret Judge
		want              string
	}{
		{place{1, key, key}, refuse, fits, ""},
		{place{1, cert, key}, fits, fits, ""},
		{place{1, key, key}, fits, refuse, key},
		{place{1, cert, key}, fits, refuse, key},
		{place{1, cert, key}, refuse, fits, cert},
	} {
		pins, err := c.p.pins(c.unchanged, c.secret)
		if c.want == "" && (err != nil || len(pins) != 1) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %d, %v, want %q", c.p, len(pins), err, c.want)
		}
	}
}
