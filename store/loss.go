// SPDX-License-Identifier: Apache-2.0

package store

// suspectLoss notes losses that no valid record shows: the last run closed at a
// later record, damaged bytes stand where a later record would, or neither twin
// can be trusted about where the log ended.
func (p *plan) suspectLoss(sv *survey, mark *cleanMark) {
	end, _ := p.last()
	if p.fork {
		return
	}
	if mark != nil && mark.Seq > end {
		p.lose(end+1, mark.Seq, mark.Seq, true)
	}
	if p.lost != nil {
		return
	}
	if len(sv.segs) == 0 {
		if sv.named && !sv.db.found && end == 0 {
			p.lose(1, 1, 1, true) // a store without twins: everything is gone
		}
		return
	}
	if p.linesBeyond(sv) || p.endUnsure(sv) {
		p.lose(end+1, end+1, end+1, true)
	}
}

// linesBeyond reports whether the journal has whole lines behind the end of the
// chain that are no records. Lines that stand there twice are none.
func (p *plan) linesBeyond(sv *survey) bool {
	end, _ := p.last()
	current := sv.segs[len(sv.segs)-1]
	return current.bad != "" && current.whole > p.bytesIn(current) &&
		(highest(sv.jrnl) < end || current.rubbish > current.top)
}

// endUnsure reports whether the journal's end is damaged and log.db cannot speak
// for it, because it is damaged too or may have gone back itself.
func (p *plan) endUnsure(sv *survey) bool {
	if sv.db.bad == "" && !sv.db.worn && sv.db.found {
		return false
	}
	end, _ := p.last()
	current := sv.segs[len(sv.segs)-1]
	behind := highest(sv.jrnl) < end
	if sv.db.bad != "" { // the last record that was salvaged may never have been committed
		behind = highest(sv.jrnl)+1 < end
	}
	torn := current.size > current.whole && current.size > p.bytesIn(current)
	return behind || torn || current.size == 0
}

// bytesIn is the size of a segment that holds the records of the chain and nothing else.
func (p *plan) bytesIn(s segment) int64 {
	n := int64(0)
	for i := len(p.chain) - 1; i >= 0 && p.chain[i].seq >= s.first; i-- {
		n += int64(p.chain[i].size + 1)
	}
	return n
}
