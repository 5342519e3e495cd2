// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// TestEqualOrNothing: whatever tree a depot has, and whatever goes wrong on the
// way, what is visible is that tree, the one before, or nothing.
func TestEqualOrNothing(t *testing.T) {
	b := newBench(t, nil)
	name := rapid.Custom(func(t *rapid.T) string {
		return path.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "it's", "ä", "x y", "%41", "#", "setup.sh", "A", "aux", "c:d", ".."}), 1, 4).Draw(t, "parts")...)
	})
	content := rapid.SampledFrom([]string{"", "hello", "#!/bin/sh\n", strings.Repeat("0123456789", 2000), strings.Repeat("9876543210", 2000)})
	fault := rapid.SampledFrom([]opsitest.FaultKind{opsitest.Pass, opsitest.Pass, opsitest.Cut, opsitest.Half, opsitest.Malformed, opsitest.Body, opsitest.Status})
	arrived, refused, n := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		product := fmt.Sprint("p", n)
		var before map[string]string
		for range rapid.IntRange(1, 3).Draw(t, "versions") {
			tree := map[string]string{}
			for file, text := range rapid.MapOfN(name, content, 0, 8).Draw(t, "tree") {
				if !strings.HasPrefix(file, "..") && file != "." {
					tree[file] = text
				}
			}
			for file := range tree { // what cannot be in a tree of files
				for above := path.Dir(file); above != "."; above = path.Dir(above) {
					delete(tree, above)
				}
			}
			b.put(product, tree)
			b.depot.Mend()
			b.depot.Break(opsitest.Fault{Kind: fault.Draw(t, "fault"), Status: 500, Path: "/depot/" + product, Skip: rapid.IntRange(0, 6).Draw(t, "skip"), Body: []byte("x"),
				Times: rapid.IntRange(1, 3).Draw(t, "times")})
			if rapid.Bool().Draw(t, "start") {
				b.open()
			}
			err := b.Whole(b.t.Context(), product)
			got, lookErr := visible(b.dir, product)
			if lookErr != nil {
				t.Fatal(lookErr)
			}
			want := tree
			if err != nil {
				want = before
				refused++
				b.open() // the depot is not left alone here
			} else {
				arrived++
			}
			if !same(got, want) {
				t.Fatalf("%v: there is %q, want %q", err, got, want)
			}
			before = want
		}
	})
	if arrived == 0 || refused == 0 {
		t.Errorf("%d arrived, %d did not: nothing was tested", arrived, refused)
	}
	t.Logf("%d arrived, %d did not", arrived, refused)
}
