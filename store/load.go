// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/quietsetup/quietsetup/events"
)

// survey is what both twins hold, before anything is changed.
type survey struct {
	id    identity // what the store is; its ID may be empty if nothing says so
	named bool     // store.json says it
	jrnl  *twin
	segs  []segment
	db    *twin
	bolt  *bbolt.DB // log.db open for reading, nil if it is missing or damaged
	seed  maphash.Seed
}

// load reads both twins in full, finds the chain that holds, mends what differs
// and opens the store. mark is the mark of the last run if it closed in order
// but the files changed since.
func (s *Store) load(mark *cleanMark) (Findings, error) {
	var f Findings
	sv, err := s.look(&f)
	if err != nil {
		return f, err
	}
	defer func() { _ = closeBolt(sv.bolt) }() // read only: nothing can get lost
	if s.opt.seen != nil {
		s.opt.seen(sv)
	}
	fresh := !sv.named && !sv.db.found && !sv.jrnl.found
	if err := s.tidy(); err != nil {
		return f, err
	}
	said, err := readNotice(s.disk, s.opt.Dir)
	if err != nil {
		return f, err
	}
	p := decide(sv.jrnl, sv.db)
	if len(p.chain) == 0 && !p.fork {
		if p, err = s.fetchArchived(sv, p); err != nil {
			return f, err
		}
	}
	if said.Cut {
		p.cutTo(said.Fork.Common, sv)
	}
	p.suspectLoss(sv, mark)
	r := repair{s: s, sv: sv, p: &p, f: &f, notice: said}
	if err := r.run(fresh); err != nil {
		return f, err
	}
	seq, sum := p.last()
	s.id, s.seq, s.sum = sv.id, seq, sum.String()
	if err := s.openTwins(); err != nil {
		return f, err
	}
	if err := s.agree(); err != nil {
		return f, err
	}
	f.Created = fresh
	return f, nil
}

// look surveys the store. It changes nothing but makes missing directories, so
// a newer store is refused as it was.
func (s *Store) look(f *Findings) (*survey, error) {
	dir := s.opt.Dir
	sv := &survey{seed: maphash.MakeSeed()}
	id, found, err := readStoreFile(s.disk, dir)
	if err != nil {
		return nil, err
	}
	for _, sub := range []string{dirJournal, dirArchive} {
		if err := s.disk.mkdir(filepath.Join(dir, sub)); err != nil {
			return nil, err
		}
	}
	bid, err := s.openToRead(f, sv)
	if err != nil {
		return nil, err
	}
	sv.id, sv.named = id, found
	if !found {
		sv.id = bid
	}
	if sv.id.valid() && sv.id.Format < Format {
		if err := closeBolt(sv.bolt); err != nil {
			return nil, err
		}
		if sv.id, err = migrate(s.disk, dir, sv.id, Format, steps()); err != nil {
			return nil, err
		}
		if bid, err = s.openToRead(f, sv); err != nil {
			return nil, err
		}
	}
	if sv.jrnl, sv.segs, err = scanJournal(s.disk.open, filepath.Join(dir, dirJournal), sv.seed); err == nil {
		err = s.readDB(sv, bid)
	}
	if err != nil {
		return nil, errors.Join(err, closeBolt(sv.bolt))
	}
	return sv, nil
}

// openToRead probes log.db and, if it can be trusted, opens it for reading. A
// missing or damaged file leaves sv.bolt nil; sv.db says which.
func (s *Store) openToRead(f *Findings, sv *survey) (identity, error) {
	path := filepath.Join(s.opt.Dir, nameDB)
	sv.bolt, sv.db = nil, &twin{name: nameDB}
	if err := check(path); errors.Is(err, fs.ErrNotExist) {
		return identity{}, nil
	} else if err != nil {
		return identity{}, err
	}
	sv.db.found = true
	if err := s.disk.ask(Call{Op: OpProbe, Path: path}); err != nil {
		return identity{}, err
	}
	took, bad := runProbe(s.opt.Probe, path)
	f.ProbeTook += took
	if errors.Is(bad, ErrInUse) {
		return identity{}, bad
	}
	if bad != nil {
		sv.db.bad = bad.Error()
		return identity{}, nil
	}
	if err := s.disk.ask(Call{Op: OpOpen, Path: path}); err != nil {
		return identity{}, err
	}
	db, err := openOwnBolt(path, true, s.opt.LockTimeout)
	if errors.Is(err, ErrInUse) {
		return identity{}, err
	}
	var id identity
	if err == nil {
		if id, err = readIdentity(db); err == nil {
			if err := id.admit(path); err != nil {
				return id, errors.Join(err, closeBolt(db))
			}
			sv.bolt = db
			sv.db.worn, err = metaWorn(path, db.Info().PageSize)
			if err != nil {
				return id, errors.Join(err, closeBolt(db))
			}
			return id, nil
		}
	}
	sv.db.bad = err.Error()
	return identity{}, closeBolt(db)
}

// readDB notes the records of log.db, through bbolt or from its raw bytes.
func (s *Store) readDB(sv *survey, bid identity) error {
	if !sv.db.found {
		return nil
	}
	path := filepath.Join(s.opt.Dir, nameDB)
	bad := sv.db.bad
	if sv.bolt != nil {
		t, err := scanDB(sv.bolt, sv.jrnl, sv.seed, nil)
		if err != nil {
			return err
		}
		t.worn = sv.db.worn
		if sv.db = t; t.bad == "" {
			if sv.named && bid.ID != sv.id.ID {
				t.bad = fmt.Sprintf("%s names itself %s and not %s", path, bid.ID, sv.id.ID)
			}
			return nil
		}
		bad = t.bad
		if err := closeBolt(sv.bolt); err != nil {
			return err
		}
		sv.bolt = nil
	}
	t, err := salvage(readOwn, path, sv.seed)
	if errors.Is(err, ErrNewer) {
		return err
	}
	if err != nil {
		t = &twin{name: nameDB, found: true, salvaged: true}
	}
	t.bad = bad
	sv.db = t
	return nil
}

// tidy removes what an earlier run was in the middle of making.
func (s *Store) tidy() error {
	for _, sub := range []string{".", dirJournal} {
		dir := filepath.Join(s.opt.Dir, sub)
		entries, err := os.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("cannot list %s: %w", dir, err)
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), tmpSuffix) && e.Type().IsRegular() {
				if err := s.disk.remove(filepath.Join(dir, e.Name())); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fetchArchived is the last resort when neither twin holds a record: the newest
// archived segment begins with a checkpoint, so it still knows every deferral.
func (s *Store) fetchArchived(sv *survey, p plan) (plan, error) {
	dir := filepath.Join(s.opt.Dir, dirArchive)
	firsts, err := listSegments(dir)
	if err != nil || len(firsts) == 0 {
		return p, err
	}
	name := segmentName(firsts[len(firsts)-1])
	to := filepath.Join(s.opt.Dir, dirJournal, name)
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	if err := s.disk.rename(filepath.Join(dir, name), to); err != nil {
		return p, err
	}
	if sv.jrnl, sv.segs, err = scanJournal(s.disk.open, filepath.Dir(to), sv.seed); err != nil {
		return p, err
	}
	lost := p.lost
	p = decide(sv.jrnl, sv.db)
	end, _ := p.last()
	p.lost = &Lost{From: end + 1, To: end + 1}
	if lost != nil {
		p.lost.To = max(p.lost.To, lost.To)
	}
	return p, nil
}

// cutTo ends the chain at the last record both twins agreed on before an
// earlier start was interrupted in cutting them.
func (p *plan) cutTo(common uint64, sv *survey) {
	for len(p.chain) > 0 && p.chain[len(p.chain)-1].seq > common {
		p.chain = p.chain[:len(p.chain)-1]
	}
	p.fork, p.common, p.lost = true, common, nil
	p.db, p.jrnl = p.judge(sv.db, p.floor()), p.judge(sv.jrnl, p.floor())
}

// idOfFirst reads the store's id from the first record of all, "" if it is not at hand.
func idOfFirst(p *plan) string {
	if len(p.chain) == 0 || p.chain[0].seq != 1 {
		return ""
	}
	line, err := p.chain[0].from.read(p.chain[0].link)
	if err != nil {
		return ""
	}
	r, err := events.DecodeRecord(line)
	if err != nil || r.Input.Type != events.InputName(events.StoreOpened{}) {
		return ""
	}
	var in events.StoreOpened
	if json.Unmarshal(r.Input.Data, &in) != nil {
		return ""
	}
	return in.StoreID
}
