// SPDX-License-Identifier: Apache-2.0

package storecheck

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quietsetup/quietsetup/internal/replay"
	"github.com/quietsetup/quietsetup/store"
)

// Schema names the JSON of a Report.
const Schema = "store_check/v1"

// The kinds of what is checked.
const (
	KindState   = "state"   // a state folder or a copy of one
	KindLog     = "log"     // lines of records: a segment, a folder of them, an export
	KindDB      = "log.db"  // a copy of log.db
	KindExcerpt = "excerpt" // an export by product: single records
)

// The parts that this package adds to those of package store.
const (
	PartDecisions = "decisions" // decided again, checkpoints compared with the fold
	PartOutcomes  = "outcomes"  // what installers left behind
	PartSpace     = "space"     // room on the disk
)

// The codes that this package adds to those of package store.
const (
	FaultDiverged = "diverged"
	FaultTooSmall = "little_space"
)

// LittleSpace is how many bytes should be free where the log lies. Below it a
// few days of log, or one compaction, may not fit.
const LittleSpace = 100 << 20

// Report is the verdict on a store. Its words are stable and not translated.
type Report struct {
	Schema  string       `json:"schema"` // store_check/v1
	Path    string       `json:"path"`
	Kind    string       `json:"kind"`
	Verdict store.State  `json:"verdict"` // ok, warn, unsafe, newer, damaged
	InUse   bool         `json:"in_use"`  // a daemon works on it
	StoreID string       `json:"store_id,omitempty"`
	Format  int          `json:"format,omitempty"`
	Records int          `json:"records"` // of the unbroken end of the log
	First   uint64       `json:"first"`
	Last    uint64       `json:"last"`
	Free    *uint64      `json:"free_bytes,omitempty"`
	Parts   []store.Part `json:"parts"`
}

// Options say how to look.
type Options struct {
	// Probe runs store.ProbeFile in a child process; see store.Options.
	Probe func(ctx context.Context, dbPath string) error
	// Free tells the free bytes where a folder lies; nil = not told.
	Free func(path string) (uint64, error)
}

// Check judges what lies at path. What is wrong with it is in the report; the
// error is that it could not be looked at: fs.ErrNotExist, fs.ErrPermission,
// store.ErrInUse for a single log.db, replay.ErrEmpty for a file without records.
func Check(ctx context.Context, path string, o Options) (Report, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Report{}, fmt.Errorf("cannot check the store: %w", err)
	}
	r := Report{Schema: Schema, Path: path}
	switch state, serr := isState(path, info); {
	case serr != nil:
		err = serr
	case state:
		err = r.state(ctx, o)
	case !info.IsDir():
		err = r.file(ctx, o)
	default:
		r.Kind = KindLog
		err = r.decisions(ctx, store.ReadLog(path))
	}
	if err != nil {
		return Report{}, fmt.Errorf("cannot check %s: %w", path, err)
	}
	r.Verdict = store.StateOK
	for _, p := range r.Parts {
		if p.State != store.StateSkipped { // what was not seen is no fault
			r.Verdict = r.Verdict.Worse(p.State)
		}
	}
	return r, nil
}

// isState tells a state folder from a folder of log files.
func isState(path string, info fs.FileInfo) (bool, error) {
	if !info.IsDir() {
		return false, nil
	}
	for _, name := range []string{"store.json", "journal", "log.db", "archive"} {
		_, err := os.Lstat(filepath.Join(path, name))
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return false, nil
}

func (r *Report) state(ctx context.Context, o Options) error {
	r.Kind = KindState
	e, err := store.Examine(r.Path, store.ExamineOptions{Probe: o.Probe})
	if err != nil {
		return err
	}
	defer func() { _ = e.Close() }() // a private copy in the system's own place
	r.InUse, r.StoreID, r.Format, r.Parts = e.InUse, e.ID, e.Format, e.Parts
	lines := store.ReadFiles(e.Files)
	if len(e.Files) == 0 && e.DB != "" {
		lines = store.ReadLog(e.DB)
	}
	if err := r.decisions(ctx, lines); err != nil && !errors.Is(err, replay.ErrEmpty) { // a new store is empty
		return err
	}
	p, err := outcomes(filepath.Join(r.Path, "outcome"))
	if err != nil {
		return err
	}
	r.Parts = append(r.Parts, p)
	return r.space(o, e.Copy)
}

func (r *Report) space(o Options, copied bool) error {
	if o.Free == nil || copied {
		return nil
	}
	p := store.Part{Name: PartSpace, State: store.StateOK}
	free, err := o.Free(r.Path)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil
	case err != nil:
		return err
	case free < LittleSpace:
		p.Fault(store.Fault{Code: FaultTooSmall, State: store.StateWarn})
	}
	r.Free = &free
	r.Parts = append(r.Parts, p)
	return nil
}

func (r *Report) file(ctx context.Context, o Options) error {
	if _, ok := store.ReadExcerptHead(r.Path); ok {
		r.Kind = KindExcerpt
		return r.excerpt(ctx)
	}
	e, isDB, err := store.ExamineDB(r.Path, store.ExamineOptions{Probe: o.Probe})
	if err != nil {
		return err
	}
	if !isDB {
		r.Kind = KindLog
		return r.decisions(ctx, store.ReadLog(r.Path))
	}
	defer func() { _ = e.Close() }() // a private copy in the system's own place
	r.Kind, r.Parts = KindDB, e.Parts
	if e.DB == "" {
		return nil
	}
	return r.decisions(ctx, store.ReadLog(e.DB))
}

// excerpt checks single records: each must be what was written.
func (r *Report) excerpt(ctx context.Context) error {
	p := store.Part{Name: store.PartChain, State: store.StateOK, Files: 1}
	for l, err := range store.ReadLog(r.Path) {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case l.Number == 1: // the head
		case errors.Is(err, store.ErrTornTail):
			p.Fault(store.Fault{Code: store.FaultTorn, State: store.StateDamaged, Text: err.Error()})
		case err != nil:
			p.Fault(store.Fault{Code: store.FaultDamaged, State: store.StateDamaged, Text: err.Error()})
		case l.Record.Seq <= p.Last:
			p.Fault(store.Fault{Code: store.FaultDamaged, State: store.StateDamaged, Text: fmt.Sprintf("record %d stands at the wrong place", l.Record.Seq)})
		default:
			if p.Records++; p.First == 0 {
				p.First = l.Record.Seq
			}
			p.Last = l.Record.Seq
		}
	}
	r.Records, r.First, r.Last, r.Parts = p.Records, p.First, p.Last, []store.Part{p}
	return nil
}
