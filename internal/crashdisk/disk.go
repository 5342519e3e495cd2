// SPDX-License-Identifier: Apache-2.0

package crashdisk

import (
	"math/rand/v2"
	"slices"
)

// Sector is what a drive writes as a whole, in bytes.
const Sector = 512

// Disk takes operations and knows what of them is durable.
type Disk struct {
	base    Tree
	pending []Op
}

// NewDisk is a disk on which a tree is durable.
func NewDisk(t Tree) *Disk { return &Disk{base: t.Clone()} }

// Take notes an operation.
func (d *Disk) Take(o Op) {
	switch o.Kind {
	case Create:
		d.base.born(o.Node, node{})
	case Mkdir:
		d.base.born(o.Node, node{names: map[string]int{}})
	case Sync:
		d.settle(func(p Op) bool { return p.data() && p.Node == o.Node })
		return
	case SyncDir:
		// A rename between directories is one transaction: its end is not durable before its beginning.
		var begun []Op
		for _, p := range d.pending {
			if p.Kind == Leave && p.Dir == o.Dir {
				begun = append(begun, p)
			}
		}
		d.settle(func(p Op) bool {
			return p.name() && p.Dir == o.Dir || p.Kind == Link && slices.ContainsFunc(begun, func(l Op) bool {
				return l.Node == p.Node && l.ToDir == p.Dir && l.ToName == p.Name
			})
		})
		return
	case Mark:
		return
	}
	d.pending = append(d.pending, o)
}

func (d *Disk) settle(durable func(Op) bool) {
	d.pending = slices.DeleteFunc(d.pending, func(p Op) bool {
		if durable(p) {
			d.base.apply(p)
			return true
		}
		return false
	})
}

// Pending is how many operations are not durable.
func (d *Disk) Pending() int { return len(d.pending) }

// state is the durable tree with some of the pending operations, of which one,
// if torn is not negative, is there in part only.
func (d *Disk) state(keep func(i int) bool, torn int, part func(Tree, Op)) Tree {
	t := d.base.Clone()
	for i, o := range d.pending {
		switch {
		case i == torn:
			part(t, o)
		case keep(i):
			t.apply(o)
		}
	}
	return t
}

// Cut is one state that a power cut may leave, by chance, and how many pending
// operations are in it.
func (d *Disk) Cut(rng *rand.Rand) (t Tree, kept int) {
	all := rng.IntN(3) // none, any, or all: the ends matter more than chance would give them
	torn := -1
	if n := len(d.pending); n > 0 && rng.IntN(2) == 0 {
		if i := rng.IntN(n); d.pending[i].Kind == Write {
			torn = i
		}
	}
	t = d.state(func(int) bool {
		if all == 2 || all == 1 && rng.IntN(2) == 0 {
			kept++
			return true
		}
		return false
	}, torn, func(t Tree, o Op) { holes(t, o, func(int) bool { return rng.IntN(2) == 0 }) })
	return t, kept
}

// sectors is how many sectors a write touches.
func sectors(o Op) int {
	if len(o.Data) == 0 {
		return 0
	}
	return int((o.At+int64(len(o.Data))-1)/Sector - o.At/Sector + 1)
}

// sector is the part of a write that falls into the i-th sector it touches.
func sector(o Op, i int) Op {
	from := (o.At/Sector + int64(i)) * Sector
	to := min(from+Sector, o.At+int64(len(o.Data)))
	from = max(from, o.At)
	return Op{Kind: Write, Node: o.Node, At: from, Data: o.Data[from-o.At : to-o.At]}
}

// holes writes only some of the sectors a write touches.
func holes(t Tree, o Op, there func(i int) bool) {
	for i := range sectors(o) {
		if there(i) {
			t.apply(sector(o, i))
		}
	}
}

// rubbish writes all sectors before the i-th; the i-th is garbled as a whole, with
// old bytes that stood in it.
func rubbish(t Tree, o Op, i int, rng *rand.Rand) {
	holes(t, o, func(k int) bool { return k < i })
	part := sector(o, i)
	from := part.At / Sector * Sector
	to := min(from+Sector, max(int64(len(t.nodes[o.Node].data)), part.At+int64(len(part.Data))))
	b := make([]byte, to-from)
	for k := range b {
		b[k] = byte(rng.Uint32())
	}
	t.apply(Op{Kind: Write, Node: o.Node, At: from, Data: b})
}
