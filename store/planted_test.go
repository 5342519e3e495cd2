// SPDX-License-Identifier: Apache-2.0

package store

import (
	"os"
	"path/filepath"
	"strings"
)

// bug is a mistake in how the store is written, planted so that the rigs can show
// that they would find it.
type bug struct {
	seam   func(Call) error
	before func(*Store) // an append
}

// bugs are the planted ones by name; "" is none.
func bugs() map[string]bug {
	none := bug{seam: func(Call) error { return nil }, before: func(*Store) {}}
	skip := func(when func(Call) bool) bug {
		b := none
		b.seam = func(c Call) error {
			if when(c) {
				return errSkip
			}
			return nil
		}
		return b
	}
	inJournal := func(path string) bool { return filepath.Base(filepath.Dir(path)) == dirJournal }

	noBolt := none
	noBolt.before = func(s *Store) { s.db.NoSync = true }

	// The acknowledgement goes out while the syncs are still to be made.
	late := ""
	ackFirst := noBolt
	var db *Store
	ackFirst.before = func(s *Store) { s.db.NoSync, db = true, s }
	ackFirst.seam = func(c Call) error {
		if f, err := os.OpenFile(late, os.O_WRONLY, 0); late != "" && err == nil {
			_ = datasync(f)
			_ = f.Close()
			_ = db.db.Sync()
		}
		late = ""
		if c.Op == OpSync && inJournal(c.Path) && db != nil {
			late = c.Path
			return errSkip
		}
		return nil
	}

	// A file made anew gets its name first and is synced then: all is synced, in the
	// wrong order.
	made, named := "", ""
	swapped := none
	swapped.seam = func(c Call) error {
		if f, err := os.OpenFile(named, os.O_WRONLY, 0); named != "" && err == nil {
			_ = datasync(f)
			_ = f.Close()
		}
		named = ""
		switch {
		case c.Op == OpSync && strings.HasSuffix(c.Path, tmpSuffix) && filepath.Base(c.Path) != nameDB+tmpSuffix: // bbolt's file is not written by us
			made = c.Path
			return errSkip
		case c.Op == OpRename && c.Path == made:
			named = c.To
		}
		return nil
	}
	return map[string]bug{
		"":                  none,
		"sync after rename": swapped,
		"no journal sync":   skip(func(c Call) bool { return c.Op == OpSync && inJournal(c.Path) }),
		"no bbolt sync":     noBolt,
		"ack before sync":   ackFirst,
		"no folder sync":    skip(func(c Call) bool { return c.Op == OpSyncDir && !inJournal(c.Path+"/x") }),
		"no segment name":   skip(func(c Call) bool { return c.Op == OpSyncDir && filepath.Base(c.Path) == dirJournal }),
		"notice not synced": skip(func(c Call) bool { return c.Op == OpSync && strings.Contains(c.Path, fileNotice) }),
	}
}

// mistakes are bugs in what a start believes to have seen, by name; "" is none.
func mistakes() map[string]func(*survey) {
	return map[string]func(*survey){
		"": nil,
		// Whatever log.db has beyond the journal is not looked at.
		"tails not compared": func(sv *survey) {
			end := highest(sv.jrnl)
			for n := len(sv.db.links); n > 0 && sv.db.links[n-1].seq > end; n-- {
				sv.db.links = sv.db.links[:n-1]
			}
		},
		// A last line without its end counts as a line.
		"torn line accepted": func(sv *survey) {
			if n := len(sv.segs); n > 0 {
				sv.segs[n-1].whole, sv.segs[n-1].tail = sv.segs[n-1].size, nil
			}
		},
	}
}
