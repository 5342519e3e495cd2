// SPDX-License-Identifier: Apache-2.0

package filelock

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLock: parts go together, the whole goes with nothing, and closing frees.
func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	const at = Byte(1<<63 - 1)
	is := func(what string, want bool) func(bool, error) {
		return func(got bool, err error) {
			t.Helper()
			if got != want || err != nil {
				t.Errorf("%s: %v, %v, want %v", what, got, err, want)
			}
		}
	}
	a, b, c := open(), open(), open()
	is("a part", true)(Shared(a, at))
	is("another part", true)(Shared(b, at))
	is("the whole beside parts", false)(Whole(c, at))
	a.Close()
	b.Close()
	is("the whole", true)(Whole(c, at))
	d := open()
	is("a part beside the whole", false)(Shared(d, at))
	is("a second whole", false)(Whole(d, at))
	c.Close()
	is("the whole after its holder", true)(Whole(d, at))
	if _, err := Whole(c, at); err == nil {
		t.Error("a closed file was locked")
	}
}
