// SPDX-License-Identifier: Apache-2.0

package crashdisk

import (
	"fmt"
	"hash/maphash"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// run is: a file is made, written, synced; its name is synced; then another
// takes its place.
func run() []Op {
	return []Op{
		{Kind: Create, Node: 2, Dir: Root, Name: "a"},
		{Kind: Write, Node: 2, Data: []byte("old")},
		{Kind: Sync, Node: 2},
		{Kind: SyncDir, Dir: Root},
		{Kind: Mark, Word: "a is there"},
		{Kind: Create, Node: 3, Dir: Root, Name: "a.tmp"},
		{Kind: Write, Node: 3, Data: []byte("new")},
		{Kind: Rename, Dir: Root, Name: "a.tmp", ToName: "a"},
		{Kind: SyncDir, Dir: Root},
		{Kind: Mark, Word: "a is new"},
	}
}

func look(t Tree) string {
	files := t.Files()
	var out []string
	for _, path := range slices.Sorted(maps.Keys(files)) {
		out = append(out, fmt.Sprintf("%s=%s", path, strings.ReplaceAll(string(files[path]), "\x00", "0")))
	}
	return strings.Join(out, " ")
}

// TestStates: what may be left, and no more, at each point.
func TestStates(t *testing.T) {
	got := map[string]map[string]bool{}
	for s := range States(NewTree(), run(), 1) {
		if s.Garbled {
			continue
		}
		if got[s.Word] == nil {
			got[s.Word] = map[string]bool{}
		}
		got[s.Word][look(s.Tree)] = true
	}
	want := map[string][]string{
		"": {"", "a=", "a=old"},
		// The file that was never synced may be empty under its new name.
		"a is there": {"a=", "a=new", "a=old", "a=old a.tmp=", "a=old a.tmp=new"},
		"a is new":   {"a=", "a=new"},
	}
	for word, looks := range want {
		if have := slices.Sorted(maps.Keys(got[word])); !slices.Equal(have, looks) {
			t.Errorf("%q: %q, want %q", word, have, looks)
		}
	}
}

// TestTear: sectors of a write are there or not, and rubbish stays in one sector.
func TestTear(t *testing.T) {
	base := NewTree()
	base.apply(Op{Kind: Create, Node: 2, Dir: Root, Name: "f"})
	base.apply(Op{Kind: Write, Node: 2, Data: []byte(strings.Repeat("o", 3*Sector))})
	ops := []Op{{Kind: Write, Node: 2, At: Sector - 100, Data: []byte(strings.Repeat("n", Sector+200))}}
	torn, garbled := map[string]bool{}, 0
	for s := range States(base, ops, 7) {
		data := string(s.Files()["f"])
		if len(data) != 3*Sector {
			t.Fatalf("%s: %d bytes", s.How, len(data))
		}
		if s.Garbled {
			garbled++
			odd := 0
			for i := range 3 {
				if strings.Trim(data[i*Sector:(i+1)*Sector], "on") != "" {
					odd++
				}
			}
			if odd != 1 {
				t.Errorf("%s: rubbish in %d sectors", s.How, odd)
			}
			continue
		}
		if strings.Trim(data, "on") != "" {
			t.Errorf("%s: rubbish", s.How)
		}
		if s.Torn {
			torn[data] = true
		}
	}
	if len(torn) < 3 || garbled == 0 {
		t.Errorf("%d torn, %d garbled", len(torn), garbled)
	}
}

// TestLeave: a file that goes to another directory always has a name.
func TestLeave(t *testing.T) {
	base := NewTree()
	for n, name := range map[int]string{2: "from", 3: "to"} {
		base.apply(Op{Kind: Mkdir, Node: n, Dir: Root, Name: name})
	}
	base.apply(Op{Kind: Create, Node: 4, Dir: 2, Name: "f"})
	ops := []Op{{Kind: Link, Node: 4, Dir: 3, Name: "g"}, {Kind: Leave, Node: 4, Dir: 2, Name: "f", ToDir: 3, ToName: "g"}}
	got := map[string]bool{}
	for s := range States(base, ops, 1) {
		got[look(s.Tree)] = true
	}
	want := []string{"from/= from/f= to/=", "from/= from/f= to/= to/g=", "from/= to/= to/g="}
	if have := slices.Sorted(maps.Keys(got)); !slices.Equal(have, want) {
		t.Errorf("%q, want %q", have, want)
	}
}

// TestSaveAndLoad: a tree is the same after it was on a real disk.
func TestSaveAndLoad(t *testing.T) {
	d := NewDisk(NewTree())
	for _, o := range append(run(), Op{Kind: Mkdir, Node: 9, Dir: Root, Name: "d"}, Op{Kind: Link, Node: 3, Dir: 9, Name: "again"}) {
		d.Take(o)
	}
	tree := d.state(func(int) bool { return true }, -1, nil)
	dir := t.TempDir()
	if err := tree.Save(dir); err != nil {
		t.Fatal(err)
	}
	back, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	seed := maphash.MakeSeed()
	if look(back) != "a=new d/= d/again=new" || back.Hash(seed) != tree.Hash(seed) {
		t.Errorf("%q became %q", look(tree), look(back))
	}
	if err := os.Symlink("a", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil {
		t.Error("a link was loaded")
	}
}
