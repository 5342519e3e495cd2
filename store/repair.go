// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// repair makes both twins hold the planned chain. The order lets it stop at any
// point: first what must not be forgotten is noted, then log.db is mended in
// one rename from whichever twin holds each record, then the journal
// from log.db. What is replaced gets a second name before.
type repair struct {
	s      *Store
	sv     *survey
	p      *plan
	f      *Findings
	notice notice // what an earlier start noted
}

func (r *repair) run(fresh bool) error {
	if err := r.note(); err != nil {
		return fmt.Errorf("cannot note what was found: %w", err)
	}
	// The mark speaks of what was there before; what it tells stands in the notice.
	if err := removeMark(r.s.disk, r.s.opt.Dir); err != nil {
		return fmt.Errorf("cannot remove the mark of the last run: %w", err)
	}
	known := r.sv.id
	if !r.sv.id.valid() {
		r.sv.id = newIdentity()
		if id := idOfFirst(r.p); (identity{1, 1, id}).valid() {
			r.sv.id.ID = id
		}
	}
	if err := r.mendDB(fresh); err != nil {
		return fmt.Errorf("cannot mend %s: %w", nameDB, err)
	}
	if err := r.mendJournal(); err != nil {
		return fmt.Errorf("cannot mend the journal: %w", err)
	}
	// Last, so that a store that was only half made is made on.
	if !r.sv.named || known != r.sv.id {
		if err := writeStoreFile(r.s.disk, r.s.opt.Dir, r.sv.id); err != nil {
			return fmt.Errorf("cannot write %s: %w", fileIdentity, err)
		}
	}
	if r.notice.Cut {
		r.notice.Cut = false
		return r.notice.write(r.s.disk, r.s.opt.Dir)
	}
	return nil
}

// note makes a fork or a loss durable before anything is changed, and completes
// the findings with what an earlier start noted and nobody recorded yet.
func (r *repair) note() error {
	n := &r.notice
	was := *n
	if r.p.fork && !n.Cut {
		fork, err := r.saveFork()
		if err != nil {
			return err
		}
		if n.Fork != nil {
			fork.Common = min(fork.Common, n.Fork.Common)
			fork.Products = union(fork.Products, n.Fork.Products)
		}
		n.Fork = fork
		end, _ := r.p.last()
		n.Cut = end == r.p.common // else one chain is kept whole, and the choice would be made again
	}
	if l := r.p.lost; l != nil {
		if n.Lost == nil {
			n.Lost = l
		} else {
			n.Lost = &Lost{From: min(n.Lost.From, l.From), To: max(n.Lost.To, l.To)}
		}
	}
	r.f.Fork, r.f.Lost = n.Fork, n.Lost
	if *n == was {
		return nil
	}
	return n.write(r.s.disk, r.s.opt.Dir)
}

// saveFork puts what either twin holds beyond the common part into a directory.
func (r *repair) saveFork() (*Fork, error) {
	d := r.s.disk
	dir, err := d.aside(filepath.Join(r.s.opt.Dir, "twins"), "fork")
	if err != nil {
		return nil, err
	}
	if err := d.mkdir(dir); err != nil {
		return nil, err
	}
	fork := &Fork{Common: r.p.common, Kept: dir}
	for _, t := range []*twin{r.sv.jrnl, r.sv.db} {
		f, err := d.create(filepath.Join(dir, t.name+".ndjson"))
		if err != nil {
			return nil, err
		}
		products, err := r.saveRest(f, t)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
		fork.Products = union(fork.Products, products)
	}
	return fork, d.syncDir(dir)
}

func (r *repair) saveRest(f *os.File, t *twin) (products []string, err error) {
	for _, l := range t.links {
		if l.seq <= r.p.common {
			continue
		}
		line, err := t.read(l)
		if err != nil {
			return nil, err
		}
		rec, err := events.DecodeRecord(line)
		if err != nil {
			return nil, err
		}
		products = union(products, rec.Products)
		if err := r.s.disk.write(f, append(line, '\n')); err != nil {
			return nil, err
		}
	}
	return products, r.s.disk.sync(f)
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// chainEntry reads record i of the chain from the twin that has it.
func (r *repair) chainEntry(i int) (entry, error) {
	pk := r.p.chain[i]
	line, err := pk.from.read(pk.link)
	if err != nil {
		return entry{}, err
	}
	if maphash.Bytes(r.sv.seed, line) != pk.raw {
		return entry{}, fmt.Errorf("record %d changed while it was read: %w", pk.seq, ErrDamaged)
	}
	rec, err := events.DecodeRecord(line)
	if err != nil {
		return entry{}, err
	}
	return entry{pk.seq, rec.Products, line}, nil
}

// mendDB fills log.db or makes it anew.
func (r *repair) mendDB(fresh bool) error {
	s, path := r.s, filepath.Join(r.s.opt.Dir, nameDB)
	reason := r.p.db
	switch {
	case fresh:
		return createDB(s.disk, path, r.sv.id)
	case !r.sv.db.found:
		reason = reasonMissing
	case reason == "" && !s.renew:
		return r.closeBolt()
	case reason == reasonBehind && !s.renew:
		r.f.Rebuilt = append(r.f.Rebuilt, Rebuilt{Store: nameDB, Reason: reason})
		return r.fillDB(path)
	}
	i, tmp := 0, path+tmpSuffix
	err := build(s.disk, tmp, r.sv.id, func() (entry, bool, error) {
		if i == len(r.p.chain) {
			return entry{}, false, nil
		}
		e, err := r.chainEntry(i)
		i++
		return e, true, err
	})
	if err != nil {
		return errors.Join(err, s.disk.remove(tmp))
	}
	if err := r.closeBolt(); err != nil {
		return err
	}
	done := Rebuilt{Store: nameDB, Reason: reason}
	if reason == reasonDamaged {
		if done.Kept, err = s.disk.keep(path, "corrupt"); err != nil {
			return err
		}
	}
	if err := s.disk.rename(tmp, path); err != nil {
		return err
	}
	if reason != "" {
		r.f.Rebuilt = append(r.f.Rebuilt, done)
	}
	return s.disk.syncDir(s.opt.Dir)
}

// fillDB adds the records log.db lacks at its end; the journal has them.
func (r *repair) fillDB(path string) error {
	if err := r.closeBolt(); err != nil {
		return err
	}
	db, err := openOwnBolt(path, false, r.s.opt.LockTimeout)
	if err != nil {
		return err
	}
	have := highest(r.sv.db)
	for i := range r.p.chain {
		if r.p.chain[i].seq <= have {
			continue
		}
		e, err := r.chainEntry(i)
		if err == nil {
			err = put(r.s.disk, db, e)
		}
		if err != nil {
			return errors.Join(err, closeBolt(db))
		}
	}
	return closeBolt(db)
}

func (r *repair) closeBolt() error {
	db := r.sv.bolt
	r.sv.bolt = nil
	return closeBolt(db)
}
