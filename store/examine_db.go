// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// lookAtDB looks at a private copy of log.db.
func (x *examiner) lookAtDB() error {
	x.sv.db = &twin{name: nameDB}
	path := filepath.Join(x.dir, nameDB)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // judge says what that means
	case err != nil:
		return err
	}
	x.sv.db.found = true
	x.db.Files, x.db.Bytes = 1, info.Size()
	if x.out.InUse {
		x.db.Fault(Fault{Code: FaultInUse, State: StateSkipped, File: nameDB})
		return nil
	}
	if !info.Mode().IsRegular() {
		x.sv.db.bad = "it is no regular file"
		return nil
	}
	private, err := x.copyDB(path)
	if errors.Is(err, errTooLarge) {
		x.sv.db.bad = err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	if used, err := InUse(x.dir); err != nil || used { // a daemon began meanwhile: the copy may be of two moments
		x.out.InUse = true
		x.db.Fault(Fault{Code: FaultInUse, State: StateSkipped, File: nameDB})
		return err
	}
	_, bad := runProbe(x.opt.Probe, private)
	if notStarted(bad) {
		x.db.Fault(Fault{Code: FaultNotProbed, State: StateSkipped, File: nameDB, Text: bad.Error()})
		x.sv.db.found = false
		return nil
	}
	x.sv.db.bad = ""
	if bad != nil {
		x.sv.db.bad = bad.Error()
	}
	return x.readCopyOfDB(private)
}

// notStarted reports whether the probing process itself could not be started.
func notStarted(err error) bool {
	var start *exec.Error
	var path *fs.PathError
	return errors.As(err, &start) || errors.As(err, &path) && path.Op == "fork/exec"
}

// maxExamined bounds what is copied to be looked at: a file full of holes claims
// any size and would fill the disk. A log.db has some megabytes; what is old is in
// the archive.
const maxExamined = 4 << 30

var errTooLarge = fmt.Errorf("no log.db has more than %d bytes: %w", int64(maxExamined), ErrDamaged)

func (x *examiner) copyDB(path string) (string, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > maxExamined {
		return "", fmt.Errorf("%s claims %d bytes: %w", path, info.Size(), errTooLarge)
	}
	tmp, err := os.MkdirTemp(x.opt.Temp, "quietsetup-examine-")
	if err != nil {
		return "", err
	}
	x.out.tmp = tmp
	private := filepath.Join(tmp, nameDB)
	if _, err := copyOne(path, private, -1); err != nil {
		return "", fmt.Errorf("cannot make a private copy of %s: %w", path, err)
	}
	return private, nil
}

// ExamineDB looks at one log.db in the same way. A file that is none gives false.
// If its pages and records are sound DB is set; else the one part says why.
func ExamineDB(path string, opt ExamineOptions) (e *Examination, isDB bool, err error) {
	f, err := openPlain(path)
	if err != nil {
		return nil, false, fmt.Errorf("cannot examine it: %w", err)
	}
	isDB = isBolt(f)
	free, err := tryShareDB(f)
	if err = errors.Join(err, f.Close()); err != nil || !isDB {
		return nil, false, err
	}
	if !free {
		return nil, true, fmt.Errorf("cannot examine %s: %w", path, ErrInUse)
	}
	x := &examiner{opt: opt, out: &Examination{Copy: true}, sv: &survey{seed: maphash.MakeSeed(), jrnl: &twin{}, db: &twin{}}}
	x.db = Part{Name: PartDB, State: StateOK, Files: 1}
	private, err := x.copyDB(path)
	if err == nil {
		_, bad := runProbe(opt.Probe, private)
		switch {
		case notStarted(bad):
			x.db.Fault(Fault{Code: FaultNotProbed, State: StateSkipped, Text: bad.Error()})
		case bad != nil:
			x.db.Fault(Fault{Code: FaultDamaged, State: StateDamaged, Text: bad.Error()})
		default:
			err = x.readCopyOfDB(private)
		}
	}
	if err != nil {
		return nil, true, errors.Join(fmt.Errorf("cannot examine %s: %w", path, err), x.out.Close())
	}
	x.out.Parts = []Part{x.db}
	return x.out, true, nil
}

// readCopyOfDB reads what the probe let through, else what the raw bytes hold.
func (x *examiner) readCopyOfDB(private string) error {
	bad := x.sv.db.bad
	if bad == "" {
		db, err := openBolt(private, true, time.Second)
		if err != nil {
			return err
		}
		defer func() { _ = closeBolt(db) }() // read only: nothing can get lost
		id, err := readIdentity(db)
		if err == nil {
			if newer := id.admit(nameDB); newer != nil {
				x.db.Fault(Fault{Code: FaultNewer, State: StateNewer, File: nameDB, Text: newer.Error()})
				return nil
			}
			x.out.DB = private
			t, serr := scanDB(db, x.sv.jrnl, x.sv.seed, nil)
			if errors.Is(serr, ErrNewer) {
				x.db.Fault(Fault{Code: FaultNewer, State: StateNewer, File: nameDB, Text: serr.Error()})
				return nil
			}
			if err = serr; err == nil && t.bad == "" {
				x.sv.db = t
				x.db.of(t)
				if x.sv.named && id.ID != x.sv.id.ID {
					t.bad = fmt.Sprintf("it is that of the store %s", id.ID)
					x.format.Fault(Fault{Code: FaultOtherStore, State: StateDamaged, File: nameDB, Text: id.ID})
				}
				return nil
			}
			if err == nil {
				err = errors.New(t.bad)
			}
		}
		bad, x.out.DB = err.Error(), ""
	}
	t, err := salvage(openPlain, private, x.sv.seed)
	if errors.Is(err, ErrNewer) {
		x.db.Fault(Fault{Code: FaultNewer, State: StateNewer, File: nameDB, Text: err.Error()})
		return nil
	}
	if err != nil {
		return err
	}
	t.bad = bad
	x.sv.db = t
	x.db.of(t)
	return nil
}
