// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// lookAtFiles compares owners and rights with what the daemon wants. Of a copy,
// which no daemon works on, they are only told.
func (x *examiner) lookAtFiles() error {
	dir, err := os.Stat(x.dir)
	if err != nil {
		return err
	}
	x.rights("", dir, dir)
	for _, sub := range []string{".", dirJournal, dirArchive, "outcome"} {
		entries, err := os.ReadDir(filepath.Join(x.dir, sub))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // it went while we looked
			}
			if err != nil {
				return err
			}
			x.files.Files++
			x.rights(filepath.ToSlash(filepath.Join(sub, e.Name())), dir, info)
		}
	}
	return nil
}

func (x *examiner) rights(name string, dir, info fs.FileInfo) {
	f := Fault{File: name, State: StateUnsafe}
	switch mode := info.Mode(); {
	case mode.Type() == fs.ModeSocket:
		return // open to everybody on purpose
	case !mode.IsRegular() && !mode.IsDir():
		f.Code, f.Text = FaultDirectory, mode.Type().String()
	default:
		f.Code, f.UID = foreign(dir, info)
		f.Text = mode.Perm().String()
	}
	if f.Code == "" {
		return
	}
	if x.out.Copy || f.Code == FaultReadable {
		f.State = StateWarn
	}
	x.files.Fault(f)
}

// lookAtMarks tells how the last run ended, what stands in notice.json, and
// what earlier starts put aside.
func (x *examiner) lookAtMarks() error {
	b, err := x.small(fileClean)
	switch {
	case err == nil:
		x.mark = parseMark(b)
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrUnsafe):
		return err
	}
	switch {
	case x.out.InUse, x.out.Copy && x.mark == nil:
	case x.mark == nil:
		x.marks.Fault(Fault{Code: FaultUnclean, State: StateOK})
	case !x.mark.holds(openPlain, x.dir):
		x.marks.Fault(Fault{Code: FaultChanged, State: StateWarn})
	}
	if b, err = x.small(fileNotice); err == nil {
		n := parseNotice(b)
		f := Fault{Code: FaultPending, State: StateWarn, File: fileNotice}
		if n.Lost != nil {
			f.From, f.To = n.Lost.From, n.Lost.To
		}
		x.marks.Fault(f)
	}
	return x.lookForKept()
}

// lookForKept lists what was put aside; it is told, and no fault of today's log.
func (x *examiner) lookForKept() error {
	for _, sub := range []string{".", dirJournal} {
		entries, err := os.ReadDir(filepath.Join(x.dir, sub))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			for _, mark := range []string{".corrupt-", ".torn-", ".fork-"} {
				if strings.Contains(e.Name(), mark) {
					x.marks.Fault(Fault{Code: FaultKept, State: StateOK, File: filepath.ToSlash(filepath.Join(sub, e.Name()))})
				}
			}
		}
	}
	return nil
}

// judge asks what the next start would do, by the start's own rules.
func (x *examiner) judge() error {
	unread := x.db.State == StateSkipped || x.db.State == StateNewer
	db := x.sv.db
	if unread {
		db = &twin{name: nameDB}
	}
	if x.journal.State == StateNewer || x.db.State == StateNewer {
		x.chain.State = StateNewer
		return nil
	}
	p := decide(x.sv.jrnl, db)
	if !x.out.InUse && !unread {
		p.suspectLoss(x.sv, x.mark)
	}
	if len(p.chain) > 0 {
		x.chain.Records, x.chain.First = len(p.chain), p.chain[0].seq
		x.chain.Last, _ = p.last()
	}
	if p.fork {
		x.chain.Fault(Fault{Code: FaultFork, State: StateDamaged, From: p.common})
	}
	if p.lost != nil {
		x.chain.Fault(Fault{Code: FaultLost, State: StateDamaged, From: p.lost.From, To: p.lost.To})
	}
	x.twin(&x.journal, p.jrnl, x.sv.jrnl)
	switch {
	case unread:
	case !x.sv.db.found && x.out.Copy:
		x.db.Fault(Fault{Code: FaultNotCopied, State: StateSkipped})
	default:
		x.twin(&x.db, p.db, x.sv.db)
		if !x.sv.db.found && p.db == "" { // not even an empty one
			x.db.Fault(Fault{Code: FaultMissing, State: StateDamaged, File: nameDB})
		}
	}
	return nil
}

// twin says what is wrong with one twin, if that was not said yet.
func (x *examiner) twin(p *Part, reason string, t *twin) {
	said := slices.ContainsFunc(p.Faults, func(f Fault) bool { return f.State == StateDamaged })
	switch {
	case reason == "" && t.bad == "", said:
	case reason == reasonBehind:
		p.Fault(Fault{Code: FaultBehind, State: StateWarn, From: highest(t), To: x.chain.Last})
	case reason == reasonMissing:
		p.Fault(Fault{Code: FaultMissing, State: StateDamaged, Text: t.bad})
	default:
		p.Fault(Fault{Code: FaultDamaged, State: StateDamaged, Text: t.bad})
	}
}

// lookAtArchive reads the archived segments and follows the chain from them into
// the journal. The archive has no twin: what is damaged there is gone, and
// nothing but history depends on it.
func (x *examiner) lookAtArchive() error {
	files, err := segmentFiles(x.dir)
	if err != nil {
		return err
	}
	inJournal := func(path string) bool { return filepath.Base(filepath.Dir(path)) == dirJournal }
	var end link  // the last record read so far
	hurt := false // the file it is from was called damaged already
	for _, path := range files {
		if inJournal(path) {
			x.join(path, x.firstOf(path), end, hurt)
			end, hurt = x.lastOf(path), false
			continue
		}
		s, err := scanSegment(openPlain, path, segmentNumber(path), x.sv.seed)
		name := dirArchive + "/" + filepath.Base(path)
		if errors.Is(err, ErrNewer) {
			x.archive.Fault(Fault{Code: FaultNewer, State: StateNewer, File: name, Text: err.Error()})
			hurt = true
			continue
		}
		if errors.Is(err, ErrUnsafe) {
			x.archive.Fault(Fault{Code: FaultDamaged, State: StateDamaged, File: name, Text: err.Error()})
			hurt = true
			continue
		}
		if err != nil {
			return err
		}
		x.archive.Files++
		x.archive.Bytes += s.size
		x.archive.Records += len(s.links)
		bad := s.archivedBadly()
		if bad != "" {
			x.archive.Fault(Fault{Code: FaultDamaged, State: StateDamaged, File: name, Text: bad})
		}
		if len(s.links) == 0 {
			continue
		}
		if x.archive.First == 0 {
			x.archive.First = s.links[0].seq
		}
		x.archive.Last = s.links[len(s.links)-1].seq
		x.join(path, s.links[0], end, hurt || bad != "")
		end, hurt = s.links[len(s.links)-1], bad != ""
	}
	if len(x.out.Files) > 0 && segmentNumber(files[0]) > 1 {
		x.archive.Fault(Fault{Code: FaultBegins, State: StateOK, From: segmentNumber(files[0])})
	}
	return nil
}

// join adds a file to the unbroken end of the log, or begins that anew where the
// file does not follow the one before it.
func (x *examiner) join(path string, first, end link, hurt bool) {
	if hurt {
		x.out.Files = nil
	} else if end.seq > 0 && first.seq > 0 && (first.seq != end.seq+1 || first.prev != end.sum) {
		x.out.Files = nil
		f := Fault{Code: FaultGap, State: StateWarn, From: end.seq + 1, To: first.seq - 1}
		if first.seq <= end.seq+1 { // no record is missing: these two do not belong together
			f = Fault{Code: FaultDamaged, State: StateDamaged, Text: fmt.Sprintf("record %d does not follow", first.seq)}
		}
		f.File = filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
		if filepath.Base(filepath.Dir(path)) == dirArchive || len(x.sv.segs) > 0 && x.sv.segs[0].first == first.seq {
			x.archive.Fault(f) // between two segments of the journal the chain was judged already
		}
	}
	x.out.Files = append(x.out.Files, path)
}

// archivedBadly says what is wrong with a whole segment, "" if nothing is.
func (s *segment) archivedBadly() string {
	if s.bad != "" {
		return s.bad
	}
	if s.whole < s.size || len(s.links) == 0 {
		return fmt.Sprintf("%s ends in the middle", s.path)
	}
	for i, l := range s.links[1:] {
		if before := s.links[i]; l.seq != before.seq+1 || l.prev != before.sum {
			return fmt.Sprintf("%s: record %d does not follow record %d", s.path, l.seq, before.seq)
		}
	}
	return ""
}

func segmentNumber(path string) uint64 {
	n, _ := segmentFirst(filepath.Base(path))
	return n
}

// firstOf and lastOf are the ends of a segment of the journal that was read.
func (x *examiner) firstOf(path string) link {
	if s := x.segment(path); s != nil && len(s.links) > 0 {
		return s.links[0]
	}
	return link{}
}

func (x *examiner) lastOf(path string) link {
	if s := x.segment(path); s != nil && len(s.links) > 0 {
		return s.links[len(s.links)-1]
	}
	return link{}
}

func (x *examiner) segment(path string) *segment {
	i := slices.IndexFunc(x.sv.segs, func(s segment) bool { return s.first == segmentNumber(path) })
	if i < 0 {
		return nil
	}
	return &x.sv.segs[i]
}
