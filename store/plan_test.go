// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// chainOf makes the links of a chain. kind names it, so chains of another kind
// have other sums; marks are the numbers of its checkpoints.
func chainOf(kind byte, from, to uint64, before digest, marks ...uint64) []link {
	var out []link
	prev := before
	for seq := from; seq <= to; seq++ {
		var sum digest
		sum[0] = kind
		binary.BigEndian.PutUint64(sum[1:], seq)
		out = append(out, link{seq: seq, sum: sum, prev: prev, raw: uint64(kind)<<32 | seq, size: 10, checkpoint: slices.Contains(marks, seq)})
		prev = sum
	}
	return out
}

func twinOf(name string, bad string, links ...[]link) *twin {
	return &twin{name: name, found: true, bad: bad, links: slices.Concat(links...)}
}

func TestDecide(t *testing.T) {
	a := chainOf('a', 1, 20, digest{}, 8, 15)
	b := append(slices.Clone(a[:17]), chainOf('b', 18, 22, a[16].sum)...) // as a up to 17
	other := chainOf('o', 1, 25, digest{}, 8, 15)
	late := chainOf('a', 8, 20, a[6].sum, 8, 15)
	without := func(seqs ...uint64) []link {
		return slices.DeleteFunc(slices.Clone(a), func(l link) bool { return slices.Contains(seqs, l.seq) })
	}
	cases := []struct {
		name     string
		j, b     *twin
		from, to uint64
		fork     bool
		common   uint64
		lost     *Lost
		jrnl, db string
	}{
		{name: "equal", j: twinOf("j", "", a), b: twinOf("b", "", a), from: 1, to: 20},
		{name: "both empty", j: &twin{}, b: twinOf("b", "")},
		{name: "log.db behind", j: twinOf("j", "", a), b: twinOf("b", "", a[:19]), from: 1, to: 20, db: reasonBehind},
		{name: "log.db empty", j: twinOf("j", "", a[:1]), b: twinOf("b", ""), from: 1, to: 1, db: reasonBehind},
		{name: "journal behind", j: twinOf("j", "", a[:12]), b: twinOf("b", "", a), from: 1, to: 20, jrnl: reasonBehind},
		{name: "journal missing", j: &twin{}, b: twinOf("b", "", a), from: 1, to: 20, jrnl: reasonMissing},
		{name: "log.db damaged", j: twinOf("j", "", a), b: twinOf("b", "bad", without(3, 20)), from: 1, to: 20, db: reasonDamaged},
		{name: "a hole nobody noted", j: twinOf("j", "", a), b: twinOf("b", "", without(9)), from: 1, to: 20, db: reasonDamaged},
		{name: "log.db compacted", j: twinOf("j", "", a), b: twinOf("b", "", late), from: 1, to: 20},
		{name: "journal archived", j: twinOf("j", "", late), b: twinOf("b", "", a), from: 1, to: 20},
		{name: "one begins too late", j: twinOf("j", "", a), b: twinOf("b", "", a[14:]), from: 1, to: 20, db: reasonMissing},
		{name: "fork", j: twinOf("j", "", a), b: twinOf("b", "", b), from: 1, to: 17, fork: true, common: 17, jrnl: reasonDamaged, db: reasonDamaged},
		{name: "other store", j: twinOf("j", "", a), b: twinOf("b", "", other), from: 1, to: 25, fork: true, common: 0, jrnl: reasonDamaged},
		{name: "other store, of the same length", j: twinOf("j", "", a), b: twinOf("b", "", other[:20]), from: 1, to: 20, fork: true, common: 0, db: reasonDamaged},
		{name: "other store, shorter", j: twinOf("j", "", a), b: twinOf("b", "", other[:3]), from: 1, to: 20, fork: true, common: 0, db: reasonDamaged},
		{name: "fork where one begins later", j: twinOf("j", "", other[7:]), b: twinOf("b", "", a), from: 1, to: 7, fork: true, common: 7, jrnl: reasonMissing, db: reasonDamaged},
		{name: "old copies in a broken file are no fork", j: twinOf("j", "", a), b: &twin{found: true, bad: "bad", salvaged: true, links: b[:20]}, from: 1, to: 20, db: reasonDamaged},
		{name: "hole in both before a checkpoint", j: twinOf("j", "bad", without(10)), b: twinOf("b", "bad", without(10)), from: 15, to: 20,
			lost: &Lost{10, 14}, jrnl: reasonDamaged, db: reasonDamaged},
		{name: "hole in both after the last checkpoint", j: twinOf("j", "bad", without(16)), b: twinOf("b", "bad", without(16)), from: 1, to: 15,
			lost: &Lost{16, 20}, jrnl: reasonDamaged, db: reasonDamaged},
		{name: "two holes", j: twinOf("j", "bad", without(10, 16)), b: twinOf("b", "bad", without(10, 16)), from: 15, to: 15,
			lost: &Lost{10, 20}, jrnl: reasonDamaged, db: reasonDamaged},
		{name: "no beginning", j: twinOf("j", "bad", a[2:5]), b: &twin{found: true, bad: "bad"}, lost: &Lost{3, 5}, jrnl: reasonDamaged, db: reasonDamaged},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := decide(c.j, c.b)
			var from, to uint64
			if len(p.chain) > 0 {
				from, to = p.chain[0].seq, p.chain[len(p.chain)-1].seq
			}
			got := fmt.Sprint(from, to, p.fork, p.common, deref(p.lost), p.jrnl, "|", p.db)
			want := fmt.Sprint(c.from, c.to, c.fork, c.common, deref(c.lost), c.jrnl, "|", c.db)
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestDecideProperty takes records out of both twins at random. What comes out
// is a chain, every record of it is in one of them, and while each record is
// still in one twin nothing is lost.
func TestDecideProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(1, 40).Draw(t, "n")
		marks := rapid.SliceOfNDistinct(rapid.Uint64Range(1, 40), 0, 5, rapid.ID).Draw(t, "checkpoints")
		a := chainOf('a', 1, n, digest{}, marks...)
		thin := func(name string) (*twin, []bool) {
			gone := rapid.SliceOfN(rapid.Float64Range(0, 1), int(n), int(n)).Draw(t, name)
			level := rapid.SampledFrom([]float64{0, 0, 0.1, 0.5, 1}).Draw(t, name+" level")
			tw, have := &twin{name: name, found: true}, make([]bool, n)
			for i, l := range a {
				if have[i] = gone[i] >= level && level < 1; have[i] {
					tw.links = append(tw.links, l)
				} else {
					tw.bad = "bad"
				}
			}
			return tw, have
		}
		j, inJ := thin("j")
		b, inB := thin("b")
		p := decide(j, b)
		complete := true
		for i := range a {
			complete = complete && (inJ[i] || inB[i])
		}
		if p.fork {
			t.Fatal("a fork in one chain")
		}
		for i, pk := range p.chain {
			if l, ok := pk.from.at(pk.seq); !ok || l != pk.link {
				t.Fatalf("record %d is not where it should be read", pk.seq)
			}
			if i == 0 && !pk.starts() || i > 0 && (pk.seq != p.chain[i-1].seq+1 || pk.prev != p.chain[i-1].sum) {
				t.Fatalf("record %d does not follow", pk.seq)
			}
		}
		end, _ := p.last()
		if complete && (uint64(len(p.chain)) != n || p.lost != nil) {
			t.Fatalf("%d of %d records, lost %v", len(p.chain), n, p.lost)
		}
		if high := max(highest(j), highest(b)); end < high && (p.lost == nil || p.lost.To < high) {
			t.Fatalf("silently shorter: %d of %d, lost %v", end, high, p.lost)
		}
	})
}

// TestTheLongerLineHolds: the same record may have lost its private part in one twin.
func TestTheLongerLineHolds(t *testing.T) {
	long := chainOf('a', 1, 4, digest{})
	short := slices.Clone(long)
	for i := range short {
		short[i].size, short[i].raw = 5, 7
	}
	for name, c := range map[string]struct{ j, b *twin }{
		"log.db":  {twinOf("j", "", short), twinOf("b", "", long)},
		"journal": {twinOf("j", "", long), twinOf("b", "", short)},
	} {
		p := decide(c.j, c.b)
		if len(p.chain) != 4 {
			t.Fatalf("%s: %d records", name, len(p.chain))
		}
		for _, pk := range p.chain {
			if pk.size != 10 {
				t.Errorf("record %d is taken from the twin without its private part; %s has it", pk.seq, name)
			}
		}
	}
}
