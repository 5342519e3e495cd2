// SPDX-License-Identifier: Apache-2.0

//go:build unix

package config

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

func TestForeign(t *testing.T) {
	for _, c := range []struct {
		owner, self int
		mode        fs.FileMode
		want        string
	}{
		{0, 0, 0o644, ""},
		{0, 0, 0o600, ""},
		{0, 1000, 0o644, ""},
		{1000, 1000, 0o640, ""},
		{1000, 0, 0o644, "/f belongs to uid 1000, who could change what is run; mend it with: chown root /f && chmod 644 /f"},
		{1001, 1000, 0o600, "/f belongs to uid 1001, who could change what is run; mend it with: chown root /f && chmod 644 /f"},
		{0, 0, 0o664, "/f has mode 0664, so others than its owner could change what is run; mend it with: chmod 644 /f"},
		{0, 1000, 0o646, "/f has mode 0646, so others than its owner could change what is run; mend it with: chmod 644 /f"},
	} {
		err := foreign("/f", c.owner, c.self, c.mode)
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("uid %d, mode %v, seen by %d: %v\nwant %s", c.owner, c.mode, c.self, err, c.want)
		}
	}
}

// TestAFileOthersCanWrite: root refuses it, anybody else is warned.
func TestAFileOthersCanWrite(t *testing.T) {
	path := file(t, "[source]\n")
	for mode, good := range map[os.FileMode]bool{0o600: true, 0o644: true, 0o664: false, 0o602: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path)
		said := ""
		switch {
		case os.Geteuid() == 0 && err != nil:
			if said = err.Error(); !errors.Is(err, ErrInvalid) {
				t.Errorf("mode %o: %v", mode, err)
			}
		case err != nil:
			t.Errorf("mode %o is refused to a user: %v", mode, err)
		case len(c.Warnings()) > 0:
			said = c.Warnings()[0].String()
		}
		if good != (said == "") || !good && !strings.Contains(said, "mend it with: chmod 644 "+path) {
			t.Errorf("mode %o: %q", mode, said)
		}
	}
}

func TestRootRefusesAFileOfAUser(t *testing.T) {
	needs.Root(t)
	path := file(t, "")
	if err := os.Chown(path, 1234, -1); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "belongs to uid 1234") {
		t.Errorf("%v", err)
	}
}

// TestSecret: the mend of a key's file lets nobody else read it.
func TestSecret(t *testing.T) {
	for _, c := range []struct {
		owner, self int
		mode        fs.FileMode
		want        string
	}{
		{0, 0, 0o600, ""}, {0, 0, 0o400, ""}, {1000, 1000, 0o600, ""},
		{1000, 0, 0o600, "belongs to uid 1000, who could read and change it; mend it with: chown root /k && chmod 600 /k"},
		{0, 0, 0o640, "has mode 0640, so others than its owner could read or change it; mend it with: chmod 600 /k"},
		{0, 0, 0o604, "chmod 600 /k"}, {0, 0, 0o620, "chmod 600 /k"},
	} {
		if err := secret("/k", c.owner, c.self, c.mode); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
