// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"errors"
	"fmt"
	"iter"
)

// WarnTwinsDiffer warns that one of a state folder's two copies of the log ends
// earlier than the other. The store mends that at its next start.
const WarnTwinsDiffer = "twins_differ"

// ErrTwin comes with a log.db that cannot be verified.
var ErrTwin = errors.New("log.db cannot be verified")

// Twins are the last sequence numbers of the two copies of a log.
type Twins struct {
	Journal uint64 `json:"journal"`
	DB      uint64 `json:"log_db"` // 0 = it holds no record
}

// VerifyTwins verifies both copies of a state folder's log, which each may begin
// with a checkpoint: log.db does not reach back to the first record. A
// divergence of log.db is the result, with the figures of log.db; else they are
// the journal's. A copy that ends early is a warning, with Twins set. An error
// about log.db is ErrTwin.
func VerifyTwins(journal, db iter.Seq2[Line, error]) (Result, error) {
	sums := map[uint64]string{} // of log.db: it is cut at checkpoints, so these are few
	twin, fault := Verify(untorn(watched(db, func(l Line) bool {
		sums[l.Record.Seq] = l.Record.Sum
		return true
	})))
	if errors.Is(fault, ErrEmpty) {
		fault = nil // it ends early, before its first record
	}
	var fork *Divergence
	res, err := Verify(watched(journal, func(l Line) bool {
		if sum, ok := sums[l.Record.Seq]; ok && sum != l.Record.Sum {
			fork = diverge(l, l.Record.Seq, CodeChain, l.Record.Sum, sum)
			fork.What = "log.db holds another record of this number"
		}
		return fork == nil
	}))
	switch {
	case res.Divergence != nil:
		return res, nil
	case fault != nil:
		return res, fmt.Errorf("%w: %w", ErrTwin, fault)
	case twin.Divergence != nil:
		return twin, nil
	case fork != nil:
		if err != nil { // already the first record differs
			res = Result{Schema: Schema, Warnings: []string{}}
		}
		res.Verdict, res.Divergence = VerdictDiverged, fork
	case err != nil:
		return res, err
	case twin.Last != res.Last:
		res.Twins = &Twins{Journal: res.Last, DB: twin.Last}
		res.Warnings = append(res.Warnings, WarnTwinsDiffer)
	}
	return res, nil
}

// watched shows each good line to see, and ends before the line that see does
// not want.
func watched(lines iter.Seq2[Line, error], see func(Line) bool) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for l, err := range lines {
			if err == nil && !see(l) || !yield(l, err) {
				return
			}
		}
	}
}

// untorn makes a fault of a torn tail: a log.db is written whole or not at all,
// so a file with such an end is none.
func untorn(lines iter.Seq2[Line, error]) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for l, err := range lines {
			if errors.Is(err, ErrTornTail) {
				err = fmt.Errorf("%s is no copy of the log", l.File)
			}
			if !yield(l, err) {
				return
			}
		}
	}
}
