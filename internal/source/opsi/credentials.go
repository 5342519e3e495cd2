// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/quietsetup/quietsetup/internal/opsiclientd"
)

// Credentials are what a client proves itself with.
type Credentials struct {
	HostID string // the client's name in full, lower case: pc1.example.org
	Key    Key
}

// Key is a host key. It is a secret, and no way of printing it shows it.
type Key struct{ hex *string } // a pointer: %+v of what holds a key calls no method of it

// String shows nothing.
func (Key) String() string { return "(secret)" }

// GoString shows nothing.
func (Key) GoString() string { return "(secret)" }

// MarshalText shows nothing, so no log or JSON does.
func (Key) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

// Sign proves to a depot who asks. The server of a request that goes astray would
// learn the key, so it must be one whose certificate is verified.
func (c Credentials) Sign(req *http.Request) { req.SetBasicAuth(c.HostID, c.Key.secret()) }

// secret is for the server alone.
func (k Key) secret() string {
	if k.hex == nil {
		return ""
	}
	return *k.hex
}

// Reveal is the key in clear text. It is for a program that logs in by itself, by a
// private file, and for nobody else.
func (k Key) Reveal() string { return k.secret() }

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.hex == nil }

// What is wrong with host id and key.
var (
	ErrCredentials = errors.New("host id and key cannot be used")
	ErrLooseFile   = errors.New("others can read or change the file of the host key")
)

// ParseKey takes a key as opsi writes it: 32 digits of lower hex.
func ParseKey(s string) (Key, error) {
	s = strings.TrimSpace(s)
	if len(s) != 32 || strings.Trim(s, "0123456789abcdef") != "" {
		return Key{}, fmt.Errorf("%w: a host key has 32 digits from 0 to 9 and a to f", ErrCredentials) // and is not shown
	}
	return Key{&s}, nil
}

// ReadCredentials reads them from a file: either an opsiclientd.conf, whose
// section global has host_id and opsi_host_key, or a file with nothing but the
// key. A hostID that is not "" counts before that of the file. The file must be
// a plain one that nobody but its owner can read; owner judges whose it is (nil
// = whoever it belongs to).
func ReadCredentials(path, hostID string, owner func(name string, info fs.FileInfo) error) (Credentials, error) {
	text, err := readKeyFile(path, owner)
	if err != nil {
		return Credentials{}, err
	}
	var c Credentials
	if key, err := ParseKey(text); err == nil {
		c.Key = key
	} else {
		global := opsiclientd.Section(text, "global")
		c.HostID = global["host_id"]
		if c.Key, err = ParseKey(global["opsi_host_key"]); err != nil {
			return Credentials{}, fmt.Errorf("cannot use %s: [global] opsi_host_key: %w", path, err)
		}
	}
	if hostID != "" {
		c.HostID = hostID
	}
	c.HostID = strings.ToLower(strings.TrimSpace(c.HostID))
	if err := CheckHostID(c.HostID); err != nil {
		return Credentials{}, fmt.Errorf("cannot use %s: host id: %w", path, err)
	}
	return c, nil
}

func readKeyFile(path string, owner func(string, fs.FileInfo) error) (string, error) {
	text, err := opsiclientd.ReadText(path, func(name string, info fs.FileInfo) error {
		if err := loose(name, info.Mode()); err != nil {
			return err
		}
		if owner != nil {
			if err := owner(name, info); err != nil {
				return fmt.Errorf("%w: %w", ErrLooseFile, err)
			}
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("cannot read the host key: %w", err)
	}
	return text, nil
}

// CheckHostID wants what opsi calls a host id: a name with at least two dots.
func CheckHostID(id string) error {
	if strings.Count(id, ".") < 2 || len(id) > 255 {
		return fmt.Errorf("%w: %q is no full name of a host such as pc1.example.org", ErrCredentials, line(id))
	}
	for _, label := range strings.Split(id, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return fmt.Errorf("%w: %q is no full name of a host such as pc1.example.org", ErrCredentials, line(id))
		}
	}
	return nil
}
