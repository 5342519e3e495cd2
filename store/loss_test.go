// SPDX-License-Identifier: Apache-2.0

package store

import "testing"

// planOf is the plan of a whole chain, of records of ten bytes and a newline.
func planOf(links []link) *plan {
	p := &plan{}
	for _, l := range links {
		p.chain = append(p.chain, pick{link: l})
	}
	return p
}

// TestBytesIn: the chain's records of one segment and no others.
func TestBytesIn(t *testing.T) {
	p := planOf(chainOf('a', 3, 8, digest{}, 3, 6))
	for first, want := range map[uint64]int64{3: 66, 6: 33, 8: 11, 9: 0, 1: 66} {
		if got := p.bytesIn(segment{first: first}); got != want {
			t.Errorf("from record %d: %d bytes, want %d", first, got, want)
		}
	}
}

// TestSuspectLoss: what no valid record shows and is missing all the same.
func TestSuspectLoss(t *testing.T) {
	chain := chainOf('a', 1, 5, digest{})
	whole := segment{first: 1, size: 55, whole: 55, rubbish: -1, top: 44, highest: 5}
	with := func(change func(*segment)) segment {
		s := whole
		change(&s)
		return s
	}
	sound, bad, worn := twinOf("b", "", chain), twinOf("b", "bad", chain), twinOf("b", "", chain)
	worn.worn = true
	behind := twinOf("j", "", chain[:4])
	for _, c := range []struct {
		name string
		seg  segment
		j, b *twin
		mark *cleanMark
		lost bool
	}{
		{name: "all is well", seg: whole, b: sound},
		{name: "closed where it ends", seg: whole, b: sound, mark: &cleanMark{Seq: 5}},
		{name: "closed before", seg: whole, b: sound, mark: &cleanMark{Seq: 4}},
		{name: "closed later", seg: whole, b: sound, mark: &cleanMark{Seq: 6}, lost: true},
		{name: "a damaged line behind the end", seg: with(func(s *segment) { s.bad, s.size, s.whole, s.rubbish = "x", 65, 65, 55 }), b: sound, lost: true},
		{name: "a damaged line before the end", seg: with(func(s *segment) { s.bad, s.size, s.whole, s.rubbish, s.top = "x", 65, 65, 44, 54 }), b: sound},
		{name: "a line twice", seg: with(func(s *segment) { s.bad, s.size, s.whole, s.top = "x", 66, 66, 55 }), b: sound},
		{name: "more lines, and the journal ends before", seg: with(func(s *segment) { s.bad, s.size, s.whole, s.top = "x", 66, 66, 33 }), j: behind, b: sound, lost: true},
		{name: "a torn line, log.db sound", seg: with(func(s *segment) { s.size = 60 }), b: sound},
		{name: "a torn line, log.db worn", seg: with(func(s *segment) { s.size = 60 }), b: worn, lost: true},
		{name: "a torn line, log.db damaged", seg: with(func(s *segment) { s.size = 60 }), b: bad, lost: true},
		{name: "a torn line, no log.db", seg: with(func(s *segment) { s.size = 60 }), b: &twin{}, lost: true},
		{name: "whole, log.db damaged", seg: whole, b: bad},
		{name: "whole, log.db worn", seg: whole, b: worn},
		{name: "torn inside the chain's bytes", seg: with(func(s *segment) { s.size, s.whole = 55, 44 }), b: bad},
		{name: "journal behind by one, log.db worn", seg: whole, j: behind, b: worn, lost: true},
		{name: "journal behind by one, log.db salvaged", seg: whole, j: behind, b: bad},
		{name: "journal behind by two, log.db salvaged", seg: whole, j: twinOf("j", "", chain[:3]), b: bad, lost: true},
		{name: "an empty last segment, log.db worn", seg: segment{first: 6, rubbish: -1, top: -1}, b: worn, lost: true},
		{name: "an empty last segment, log.db sound", seg: segment{first: 6, rubbish: -1, top: -1}, b: sound},
	} {
		p := planOf(chain)
		if c.j == nil {
			c.j = twinOf("j", "", chain)
		}
		p.suspectLoss(&survey{segs: []segment{c.seg}, jrnl: c.j, db: c.b, named: true}, c.mark)
		if (p.lost != nil) != c.lost || c.lost && *p.lost != (Lost{6, 6}) {
			t.Errorf("%s: %+v", c.name, p.lost)
		}
	}
	for _, c := range []struct {
		named, found, lost bool
	}{{true, false, true}, {false, false, false}, {true, true, false}} {
		p := &plan{}
		p.suspectLoss(&survey{jrnl: &twin{}, db: &twin{found: c.found}, named: c.named}, nil)
		if (p.lost != nil) != c.lost {
			t.Errorf("no segment, named %v, log.db there %v: %+v", c.named, c.found, p.lost)
		}
	}
}
