// SPDX-License-Identifier: Apache-2.0

package storecheck

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/replay"
	"github.com/quietsetup/quietsetup/store"
)

// decisions decides the whole log again and compares each checkpoint with the
// folded state.
func (r *Report) decisions(ctx context.Context, lines iter.Seq2[store.Line, error]) error {
	p := store.Part{Name: PartDecisions, State: store.StateOK}
	res, err := replay.Verify(Lines(ctx, lines))
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, store.ErrNewer):
		p.Fault(store.Fault{Code: store.FaultNewer, State: store.StateNewer, Text: err.Error()})
	case errors.Is(err, store.ErrDamaged):
		p.Fault(store.Fault{Code: store.FaultDamaged, State: store.StateDamaged, Text: err.Error()})
	case errors.Is(err, replay.ErrEmpty) && r.Kind == KindState:
		r.Parts = append(r.Parts, p)
		return err
	case err != nil:
		return err
	}
	p.Records, p.First, p.Last, p.Files = res.Records, res.First, res.Last, res.Segments
	r.Records, r.First, r.Last = res.Records, res.First, res.Last
	if res.StoreID != "" && r.StoreID == "" {
		r.StoreID = res.StoreID
	}
	if d := res.Divergence; d != nil {
		f := store.Fault{Code: FaultDiverged, State: store.StateDamaged, From: d.Seq, To: d.Seq, Text: fmt.Sprintf("%s: %s", d.Code, d.What)}
		if d.Code == replay.CodeUnknown {
			f.State = store.StateNewer
		}
		p.Fault(f)
	}
	if slices.Contains(res.Warnings, replay.WarnTornTail) && r.Kind != KindState { // there the journal's part says it
		p.Fault(store.Fault{Code: store.FaultTorn, State: store.StateWarn})
	}
	r.Parts = append(r.Parts, p)
	return nil
}

// Lines hands the lines of a log to package replay, which knows no store, with
// errors in its words. The end of ctx ends them with its cause.
func Lines(ctx context.Context, lines iter.Seq2[store.Line, error]) iter.Seq2[replay.Line, error] {
	return func(yield func(replay.Line, error) bool) {
		for l, err := range lines {
			if ctx.Err() != nil {
				yield(replay.Line{File: l.File}, context.Cause(ctx))
				return
			}
			if !yield(replay.Line(l), lineError(l, err)) {
				return
			}
		}
	}
}

// lineError puts the store's errors in the words of the reader.
func lineError(l store.Line, err error) error {
	var place *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrTornTail):
		return fmt.Errorf("%w: %w", replay.ErrTornTail, err)
	case errors.As(err, &place), errors.Is(err, store.ErrInUse), errors.Is(err, store.ErrNewer), l.Number == 0:
		return err // about the file, not about the line
	case errors.Is(err, events.ErrSum), errors.Is(err, events.ErrPrivate), errors.Is(err, events.ErrUnknownType), errors.Is(err, events.ErrChain):
		return err
	}
	return fmt.Errorf("%w: %w", events.ErrNotARecord, err)
}
