// SPDX-License-Identifier: Apache-2.0

package productid

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, id := range []string{"a", "7zip", "firefox", "opsi-client-agent", "mshotfix-win10-win2016-x64-glb", "a.b_c-d", "com", "com10", "console", "lpt", "nul-x", strings.Repeat("x", 128)} {
		if err := Check(id); err != nil {
			t.Errorf("%q is refused: %v", id, err)
		}
	}
	for _, id := range []string{"", ".", "..", "../x", "a/b", `a\b`, "A", "Firefox", "-a", "_a", ".a", "a ", " a", "a\n", "a\x00", "ä", "a:b", "a.", "a..",
		"con", "prn", "aux", "nul", "com1", "com0", "lpt9", "con.txt", "aux.a.b", "nul.", strings.Repeat("x", 129), "/", "/etc", "c:", "~", "*", "a%2fb", "\u212a", "a\u202e"} {
		if err := Check(id); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q is accepted: %v", id, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("firefox")
	f.Add("../x")
	f.Add("con.txt")
	f.Add("a.\u202e")
	f.Fuzz(func(t *testing.T, id string) {
		if Check(id) != nil {
			return
		}
		root := string(filepath.Separator) + "root"
		if got := filepath.Join(root, id); filepath.Dir(got) != root || filepath.Base(got) != id || strings.ContainsRune(id, os.PathSeparator) {
			t.Errorf("%q leads to %q", id, got)
		}
		// Where case does not count, two ids are still two files; and a terminal obeys none.
		if strings.ToLower(id) != id || strings.HasSuffix(id, ".") || strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) {
			t.Errorf("%q is accepted", id)
		}
	})
}
