// SPDX-License-Identifier: Apache-2.0

package tomlfile

import (
	"fmt"
	"strings"
	"testing"
)

func TestItems(t *testing.T) {
	const text = "\ufeff# head\r\n\r\n[a] # table\r\n  x . 'y z' = [ 'ü', \"b\\\"\", # one\n 1 ] # end  \n\n[[b.c]]\nd = 1979-05-27 07:32:00   # when\ne = {f = '''g\nh''', i=true}"
	items, err := Items("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, i := range items {
		fmt.Fprintf(&got, "%d %d %s %q %q %q", i.Kind, i.Line, i.Table, i.Parts, i.Raw, i.Comment)
		for _, v := range i.Value {
			if v.Kind != TokenSpace {
				fmt.Fprintf(&got, " %d:%d:%d:%q", v.Kind, v.Line, v.Column, v.Text)
			}
		}
		got.WriteString("\n")
	}
	const want = `1 1  [] "# head" ""
0 2  [] "" ""
2 3 a ["a"] "[a]" "# table"
4 4 a ["x" "y z"] "x . 'y z'" "# end" 4:4:15:"[" 2:4:17:"'ü'" 4:4:20:"," 1:4:22:"\"b\\\"\"" 4:4:27:"," 5:4:29:"# one" 0:5:2:"1" 4:5:4:"]"
0 6 a [] "" ""
3 7 b.c[0] ["b" "c"] "[[b.c]]" ""
4 8 b.c[0] ["d"] "d" "# when" 0:8:5:"1979-05-27" 0:8:16:"07:32:00"
4 9 b.c[0] ["e"] "e" "" 4:9:5:"{" 0:9:6:"f" 4:9:8:"=" 3:9:10:"'''g\nh'''" 4:10:5:"," 0:10:7:"i" 4:10:8:"=" 0:10:9:"true" 4:10:13:"}"
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", &got, want)
	}
}

// FuzzItems: what Parse reads is taken apart without a loss.
func FuzzItems(f *testing.F) {
	f.Add("# c\n[a]\nb = 'c' # d\n[[e.'f g']]\nh = [1, # i\n {j = \"\"\"k\nl\"\"\"}]\n")
	f.Add("a=1#x\r\nb=[\r\n]\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Parse("f", []byte(text)); err != nil {
			return
		}
		items, err := Items("f", []byte(text))
		if err != nil {
			t.Fatalf("%v of %q", err, text)
		}
		var all strings.Builder
		for _, i := range items {
			all.WriteString(i.Raw)
			for _, v := range i.Value {
				all.WriteString(v.Text)
			}
			all.WriteString(i.Comment)
		}
		strip := strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", "=", "")
		if got, want := strip.Replace(all.String()), strip.Replace(strings.TrimPrefix(text, byteOrderMark)); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}
