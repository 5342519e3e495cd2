// SPDX-License-Identifier: Apache-2.0

//go:build unix

package metadata

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// replace puts something else in the place of a file or folder of the depot.
func replace(t *testing.T, r Reader, name string, put func(path string) error) {
	t.Helper()
	path := filepath.Join(r.Depot, name)
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := put(path); err != nil {
		t.Fatal(err)
	}
}

func TestNothingButPlainFilesIsRead(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, map[string]string{"OPSI/control.toml": control("p"), "CLIENT_DATA/opsi-meta-data.toml": "[quietsetup]\ncommand = ['evil']\n", "x": "x"})
	link := func(to string) func(string) error {
		return func(path string) error { return os.Symlink(to, path) }
	}
	pipe := func(path string) error { return syscall.Mkfifo(path, 0o600) }
	folder := func(path string) error { return os.Mkdir(path, 0o700) }
	const plain = "is not a plain file below plain folders"
	for name, c := range map[string]struct {
		name string
		put  func(string) error
		want string
	}{
		"package is a link":       {"p", link(outside), "package_missing: the depot has no package folder p"},
		"package is a file":       {"p", func(p string) error { return os.WriteFile(p, nil, 0o600) }, "package_missing: the depot has no package folder p"},
		"OPSI is a link":          {"p/OPSI", link(filepath.Join(outside, "OPSI")), "metadata_unreadable: p/OPSI/control.toml: " + plain},
		"control is a link":       {"p/OPSI/control.toml", link(filepath.Join(outside, "OPSI/control.toml")), "metadata_unreadable: p/OPSI/control.toml: " + plain},
		"control is a pipe":       {"p/OPSI/control.toml", pipe, "metadata_unreadable: p/OPSI/control.toml: " + plain},
		"control is a folder":     {"p/OPSI/control.toml", folder, "metadata_unreadable: p/OPSI/control.toml: " + plain},
		"CLIENT_DATA is a link":   {"p/CLIENT_DATA", link(filepath.Join(outside, "CLIENT_DATA")), "metadata_unreadable: p/CLIENT_DATA: is not there, or not a plain folder"},
		"metadata is a link":      {"p/CLIENT_DATA/opsi-meta-data.toml", link(filepath.Join(outside, "x")), "metadata_unreadable: p/CLIENT_DATA/opsi-meta-data.toml: " + plain},
		"metadata is a pipe":      {"p/CLIENT_DATA/opsi-meta-data.toml", pipe, "metadata_unreadable: p/CLIENT_DATA/opsi-meta-data.toml: " + plain},
		"metadata is a device":    {"p/CLIENT_DATA/opsi-meta-data.toml", link("/dev/zero"), "metadata_unreadable: p/CLIENT_DATA/opsi-meta-data.toml: " + plain},
		"metadata is very large":  {"p/CLIENT_DATA/opsi-meta-data.toml", func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("#", 2<<20)), 0o600) }, "metadata_unreadable: p/CLIENT_DATA/opsi-meta-data.toml: is larger than 1048576 bytes"},
		"metadata is binary":      {"p/CLIENT_DATA/opsi-meta-data.toml", func(p string) error { return os.WriteFile(p, []byte("a\x00\xff"), 0o600) }, "metadata_unreadable: p/CLIENT_DATA/opsi-meta-data.toml: not UTF-8 text"},
		"metadata dangles":        {"p/CLIENT_DATA/opsi-meta-data.toml", link("nowhere"), "metadata_unreadable: p/CLIENT_DATA/opsi-meta-data.toml: " + plain},
		"metadata leaves by dots": {"p/CLIENT_DATA/opsi-meta-data.toml", link("../../../x"), "metadata_unreadable: p/CLIENT_DATA/opsi-meta-data.toml: " + plain},
	} {
		t.Run(name, func(t *testing.T) {
			r := depotWith(t, "")
			replace(t, r, c.name, c.put)
			if got := bad(t, r); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAPackageSwappedWhileReadIsNeverFollowedOutside(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, map[string]string{"control.toml": strings.Replace(control("p"), "1.2", "6.6.6", 1)})
	r := depotWith(t, "")
	opsi := filepath.Join(r.Depot, "p/OPSI")
	real := filepath.Join(r.Depot, "real")
	done := make(chan error, 1)
	go func() {
		for range 500 {
			for _, step := range []func() error{
				func() error { return os.Rename(opsi, real) },
				func() error { return os.Symlink(outside, opsi) },
				func() error { return os.Remove(opsi) },
				func() error { return os.Rename(real, opsi) },
			} {
				if err := step(); err != nil {
					done <- err
					return
				}
			}
		}
		done <- nil
	}()
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
			if p, _, _ := r.Load("p"); p.ProductVersion == "6.6.6" {
				t.Fatal("read a file outside the depot")
			}
		}
	}
}
