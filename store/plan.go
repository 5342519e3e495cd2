// SPDX-License-Identifier: Apache-2.0

package store

import "slices"

// twin is what was found in one of the two stores.
type twin struct {
	name  string
	found bool   // there is a file at all
	links []link // every valid record, ascending by number, each number once
	from  uint64 // the record the first file is named after, 0 = not known
	bad   string // why the store is damaged, "" if it is not
	// salvaged: the records were searched for in the raw bytes of a broken
	// file. Some may have been given up in its past, so they prove no fork.
	salvaged bool
	worn     bool                       // log.db alone: a page that says where it ends is not as bbolt leaves it
	read     func(link) ([]byte, error) // the line of one of links
}

func (t *twin) at(seq uint64) (link, bool) {
	i, ok := slices.BinarySearchFunc(t.links, seq, func(l link, seq uint64) int {
		switch {
		case l.seq < seq:
			return -1
		case l.seq > seq:
			return 1
		}
		return 0
	})
	if !ok {
		return link{}, false
	}
	return t.links[i], true
}

// pick is a record of the chain that holds, and where to read it.
type pick struct {
	link
	from *twin
}

// plan says which chain holds and what must be done to each twin.
type plan struct {
	chain    []pick // without gap; begins with record 1 or a checkpoint
	fork     bool
	common   uint64 // with fork: the last record both agree on
	lost     *Lost
	db, jrnl string // "" = fine, else the reason to mend it
}

// last is the end of the chain that holds.
func (p *plan) last() (seq uint64, sum digest) {
	if len(p.chain) == 0 {
		return 0, digest{}
	}
	l := p.chain[len(p.chain)-1]
	return l.seq, l.sum
}

// floor is the record both twins must reach back to: the start of the segment
// before the current one.
func (p *plan) floor() uint64 {
	seen := 0
	for i := len(p.chain) - 1; i >= 0; i-- {
		if p.chain[i].checkpoint {
			if seen++; seen == 2 {
				return p.chain[i].seq
			}
		}
	}
	if len(p.chain) == 0 {
		return 0
	}
	return p.chain[0].seq
}

// decide finds the longest hash-valid chain in either twin. It is a function of
// what was found alone. A record that is valid in one twin stands in for a
// damaged one in the other. Where both are damaged at the same place the chain
// goes on at the next checkpoint, which holds the whole state; if there is none
// it ends there.
func decide(j, b *twin) plan {
	var p plan
	high := max(highest(j), highest(b))
	at := nextStart(j, b, 1)
	if low := lowest(j, b); high > 0 && low < at || high > 0 && at == 0 {
		p.lose(low, max(at, 1)-1, high, at == 0)
	}
	for at != 0 {
		p.walk(j, b, at)
		end, _ := p.last()
		if p.fork || end >= high {
			break
		}
		next := nextStart(j, b, end+1)
		p.lose(end+1, next-1, high, next == 0)
		if next == 0 {
			break
		}
		p.chain, at = nil, next
	}
	floor := p.floor()
	p.db, p.jrnl = p.judge(b, floor), p.judge(j, floor)
	return p
}

func (p *plan) lose(from, to, high uint64, end bool) {
	if end {
		to = high
	}
	if p.lost == nil {
		p.lost = &Lost{From: from}
	}
	p.lost.To = to
}

// walk follows the chain from a record that may begin one.
func (p *plan) walk(j, b *twin, at uint64) {
	var prev digest
	for n := at; ; n++ {
		jl, jok := j.at(n)
		bl, bok := b.at(n)
		if n > at {
			jf, bf := jok && jl.prev == prev, bok && bl.prev == prev
			if jok && bok && jl.sum != bl.sum && !b.salvaged && jf != bf && forked(j, b, n, jf) {
				p.fork, p.common = true, n-1
				return
			}
			jok, bok = jf, bf
		} else {
			jok, bok = jok && jl.starts(), bok && bl.starts()
		}
		if jok && bok && jl.sum != bl.sum {
			switch right := confirmed(j, b, n); {
			case right == bl.sum:
				jok = false
			case right == jl.sum || b.salvaged:
				bok = false
			case n == at:
				p.apart(j, b, at)
				return
			default:
				p.fork, p.common = true, n-1
				return
			}
		}
		var next pick
		switch {
		case jok && (!bok || jl.size >= bl.size): // with equal sums the longer line still has its private part
			next = pick{jl, j}
		case bok:
			next = pick{bl, b}
		default:
			return
		}
		p.chain = append(p.chain, next)
		prev = next.sum
	}
}

// forked reports whether the twin that does not follow at n went another way
// before, and is not merely damaged in the middle of the same one.
func forked(j, b *twin, n uint64, journalFollows bool) bool {
	other := j
	if journalFollows {
		other = b
	}
	_, same := other.at(n - 1)
	return !same
}

// confirmed is the sum of record n that both twins' record n+1 names, zero if
// they do not agree on one.
func confirmed(j, b *twin, n uint64) digest {
	jl, jok := j.at(n + 1)
	bl, bok := b.at(n + 1)
	if jok && bok && jl.sum == bl.sum {
		return jl.prev
	}
	return digest{}
}

// apart handles twins that have no record in common: the longer chain is kept,
// for an empty one would forget every deferral.
func (p *plan) apart(j, b *twin, at uint64) {
	none := &twin{}
	var pj, pb plan
	pj.walk(j, none, at)
	pb.walk(none, b, at)
	p.chain = pj.chain
	if len(pb.chain) > len(pj.chain) {
		p.chain = pb.chain
	}
	p.fork, p.common = true, at-1
}

// judge says what must be done to a twin so that it holds the chain from floor on.
func (p *plan) judge(t *twin, floor uint64) string {
	switch {
	case len(p.chain) == 0 && len(t.links) == 0 && t.bad == "":
		return ""
	case t.bad != "" || len(p.chain) == 0:
		return reasonDamaged
	case !t.found:
		return reasonMissing
	case len(t.links) == 0:
		return reasonBehind
	case t.links[0].seq > floor:
		return reasonMissing
	}
	first := p.chain[0].seq
	for i, l := range t.links {
		if l.seq != t.links[0].seq+uint64(i) || l.seq < first || l.seq-first >= uint64(len(p.chain)) || p.chain[l.seq-first].raw != l.raw {
			return reasonDamaged
		}
	}
	if end, _ := p.last(); t.links[len(t.links)-1].seq < end {
		return reasonBehind
	}
	return ""
}

func nextStart(j, b *twin, from uint64) uint64 {
	var at uint64
	for _, t := range []*twin{j, b} {
		for _, l := range t.links {
			if l.seq >= from && l.starts() {
				if at == 0 || l.seq < at {
					at = l.seq
				}
				break
			}
		}
	}
	return at
}

func highest(t *twin) uint64 {
	if len(t.links) == 0 {
		return 0
	}
	return t.links[len(t.links)-1].seq
}

func lowest(j, b *twin) uint64 {
	var low uint64
	for _, t := range []*twin{j, b} {
		from := t.from
		if len(t.links) > 0 && (from == 0 || t.links[0].seq < from) {
			from = t.links[0].seq
		}
		if from > 0 && (low == 0 || from < low) {
			low = from
		}
	}
	return low
}
