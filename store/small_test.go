// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"testing"
)

func TestSeal(t *testing.T) {
	for _, v := range []any{notice{}, notice{Cut: true, Fork: &Fork{Common: 2, Products: []string{`a","check":"00000000"}`}}}, identity{1, 1, "0123456789abcdef"}} {
		b, err := seal(v)
		if err != nil {
			t.Fatal(err)
		}
		var back any
		if !unseal(b, &back) {
			t.Errorf("%s is not believed", b)
		}
		for i := range b {
			c := bytes.Clone(b)
			c[i] ^= 4
			if unseal(c, &back) || unseal(b[:i], &back) {
				t.Errorf("%s is believed with byte %d changed or cut off there", b, i)
			}
		}
	}
}

// FuzzSmallFile: what is believed is byte for byte what seal writes behind its content.
func FuzzSmallFile(f *testing.F) {
	for _, s := range []string{"", "{}", `{"check":"7f9fa9cd"}` + "\n", `{"seq":1,"check":"00000000"}` + "\n"} {
		f.Add([]byte(s))
	}
	b, err := seal(cleanMark{Seq: 3, Sum: "x", Files: map[string]fileMark{nameDB: {Size: 1, CRC: 2}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var m cleanMark
		if !unseal(b, &m) {
			return
		}
		i := bytes.LastIndex(b, []byte(checkMember))
		if i < 1 || b[0] != '{' && bytes.TrimLeft(b, " \t\r\n")[0] != '{' {
			t.Fatalf("%q is believed", b)
		}
	})
}
