// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"path/filepath"
)

// step leads a store from one format to the next. Each has its own file,
// migrate_0001.go for the step from format 1, and a fixture of the old format
// in testdata. A step must be able to run again after a stop at any point.
type step struct {
	from int
	run  func(d *disk, dir string) error
}

// steps lists every step, ascending. Format 1 is the first, so there is none.
func steps() []step { return nil }

// migrate leads the store in dir from a format to the wanted one. The old
// log.db is kept as log.db.format-<n>; each step is stamped when it is done.
func migrate(d *disk, dir string, id identity, want int, steps []step) (identity, error) {
	for _, s := range steps {
		if s.from != id.Format || id.Format >= want {
			continue
		}
		path := filepath.Join(dir, nameDB)
		if _, err := d.keep(path, fmt.Sprintf("format-%d", id.Format)); err != nil {
			return id, fmt.Errorf("cannot keep %s before its migration: %w", path, err)
		}
		if err := s.run(d, dir); err != nil {
			return id, fmt.Errorf("cannot migrate %s from format %d: %w", dir, id.Format, err)
		}
		id.Format++
		if err := writeStoreFile(d, dir, id); err != nil {
			return id, fmt.Errorf("cannot stamp %s with format %d: %w", dir, id.Format, err)
		}
	}
	if id.Format < want {
		return id, fmt.Errorf("no way leads %s from format %d to %d: %w", dir, id.Format, want, ErrDamaged)
	}
	return id, nil
}
