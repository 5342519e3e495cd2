// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Examination is what a state directory or a copy of one was found to be.
type Examination struct {
	InUse  bool // a daemon works on it
	Copy   bool // no daemon ever worked where it lies: it has no lock
	ID     string
	Format int
	Parts  []Part
	// Files are the segments of the unbroken end of the log, in order; DB is a
	// private copy of log.db that is safe to read, "" without one. It goes with Close.
	Files []string
	DB    string
	tmp   string
}

// Close removes the private copy.
func (e *Examination) Close() error {
	if e.tmp == "" {
		return nil
	}
	return removeAll(e.tmp)
}

// ExamineOptions say how to look.
type ExamineOptions struct {
	// Probe runs ProbeFile in a child process, as in Options.
	Probe func(ctx context.Context, dbPath string) error
	// Temp is where the private copy of log.db is made; "" = the system's.
	Temp string
}

// Examine looks at a whole state directory, or a copy of one, and changes no
// byte of it. log.db is never opened in its place: a private copy is looked at,
// and none is made while a daemon works on it. What is wrong with the log is in
// the result; the error is that it could not be looked at.
func Examine(dir string, opt ExamineOptions) (*Examination, error) {
	x := &examiner{dir: dir, opt: opt, out: &Examination{}, sv: &survey{seed: maphash.MakeSeed()}}
	if err := x.run(); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot examine %s: %w", dir, err), x.out.Close())
	}
	return x.out, nil
}

// examiner is one look.
type examiner struct {
	dir  string
	opt  ExamineOptions
	out  *Examination
	sv   *survey
	mark *cleanMark

	files, format, journal, db, archive, chain, marks Part
}

func (x *examiner) run() error {
	info, err := os.Lstat(x.dir)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		info, err = os.Stat(x.dir) // the caller's word; links inside are not followed
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory", x.dir)
	}
	for p, name := range map[*Part]string{&x.files: PartFiles, &x.format: PartFormat, &x.journal: PartJournal,
		&x.db: PartDB, &x.archive: PartArchive, &x.chain: PartChain, &x.marks: PartMarks} {
		p.Name, p.State = name, StateOK
	}
	if _, err := os.Lstat(filepath.Join(x.dir, fileLock)); errors.Is(err, fs.ErrNotExist) {
		x.out.Copy = true
	}
	if x.out.InUse, err = InUse(x.dir); err != nil {
		return err
	}
	for _, look := range []func() error{x.lookAtFiles, x.lookAtFormat, x.lookAtJournal, x.lookAtDB, x.lookAtMarks, x.judge, x.lookAtArchive} {
		if err := look(); err != nil {
			return err
		}
	}
	x.out.Parts = []Part{x.files, x.format, x.journal, x.db, x.archive, x.chain, x.marks}
	return nil
}

// InUse reports whether another process works on the store in a directory. It
// looks for a moment only; a daemon that starts just then waits for longer.
func InUse(dir string) (bool, error) {
	for _, name := range []string{fileLock, nameDB} {
		share := tryShare
		if name == nameDB {
			share = tryShareDB
		}
		f, err := openPlain(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrUnsafe) {
			continue
		}
		if err != nil {
			return false, err
		}
		free, err := share(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return false, fmt.Errorf("cannot tell whether %s is in use: %w", filepath.Join(dir, name), err)
		}
		if !free {
			return true, nil
		}
	}
	return false, nil
}

func (x *examiner) lookAtFormat() error {
	b, err := x.small(fileIdentity)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrUnsafe) {
		return err
	}
	id, found := parseIdentity(b)
	x.sv.id, x.sv.named = id, found
	switch {
	case !found:
		x.format.Fault(Fault{Code: FaultNoIdentity, State: StateDamaged, File: fileIdentity})
	case id.admit(fileIdentity) != nil:
		x.format.Fault(Fault{Code: FaultNewer, State: StateNewer, File: fileIdentity, Text: id.admit(fileIdentity).Error()})
	case id.Format < Format:
		x.format.Fault(Fault{Code: FaultOlder, State: StateWarn, File: fileIdentity, Text: fmt.Sprintf("format %d", id.Format)})
	}
	x.out.ID, x.out.Format = id.ID, id.Format
	return nil
}

// small reads one of the small files.
func (x *examiner) small(name string) ([]byte, error) {
	f, err := openPlain(filepath.Join(x.dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 1<<20))
}

func (x *examiner) lookAtJournal() error {
	t, segs, err := scanJournal(openMoved, filepath.Join(x.dir, dirJournal), x.sv.seed)
	if errors.Is(err, ErrNewer) {
		x.journal.Fault(Fault{Code: FaultNewer, State: StateNewer, File: dirJournal, Text: err.Error()})
		t, segs, err = &twin{name: nameJournal, found: true}, nil, nil
	}
	if errors.Is(err, ErrUnsafe) {
		x.journal.Fault(Fault{Code: FaultDamaged, State: StateDamaged, File: dirJournal, Text: err.Error()})
		t, segs, err = &twin{name: nameJournal, found: true, bad: err.Error()}, nil, nil
	}
	if err != nil {
		return err
	}
	x.sv.jrnl, x.sv.segs = t, segs
	x.journal.of(t)
	for i, s := range segs {
		x.journal.Files++
		x.journal.Bytes += s.size
		name := dirJournal + "/" + segmentName(s.first)
		switch {
		case s.bad != "":
			x.journal.Fault(Fault{Code: FaultDamaged, State: StateDamaged, File: name, Text: s.bad})
		case i == len(segs)-1 && s.whole < s.size && !x.out.InUse: // a running daemon is writing it
			x.journal.Fault(Fault{Code: FaultTorn, State: StateWarn, File: name})
		}
	}
	return nil
}

// of takes over what a twin holds.
func (p *Part) of(t *twin) {
	p.Records = len(t.links)
	if len(t.links) > 0 {
		p.First, p.Last = t.links[0].seq, highest(t)
	}
}
