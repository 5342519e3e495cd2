// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// order is one start that a child makes as the daemon does: with the probe in a
// child of its own.
type order struct {
	Dir     string
	NoProbe bool   // planted
	Mistake string // planted
}

// started is what the child found.
type started struct {
	Err      string // why the store did not open
	Took     time.Duration
	ID       string
	Findings Findings
	Seqs     []uint64
	Sums     []string // of all records, the archive's too
	ReadErr  string   // what ended the reading
	Since    int      // records since the checkpoint
	Defers   int      // of these
	FoldErr  string
	Append   string // why the next record could not be appended
	Again    string // why the store did not open once more
	Next     Findings
	End      uint64 // number of the last record then
}

// startEach carries out orders, one line each.
func startEach(in io.Reader, out io.Writer) {
	for r := bufio.NewScanner(in); r.Scan(); {
		var o order
		var got started
		if err := json.Unmarshal(r.Bytes(), &o); err != nil {
			got.Err = err.Error()
		} else {
			got = o.start()
		}
		b, err := json.Marshal(got)
		if err != nil {
			b = fmt.Appendf(nil, `{"Err":%q}`, err)
		}
		if _, err := fmt.Fprintf(out, "%s\n", b); err != nil {
			return
		}
	}
}

func (o order) options() Options {
	opt := Options{Dir: o.Dir, Probe: patientProbe, seen: mistakes()[o.Mistake]}
	if o.NoProbe {
		opt.Probe = passProbe
	}
	return opt
}

func (o order) start() (got started) {
	began := time.Now()
	s, f, err := Open(o.options())
	got.Took, got.Findings = time.Since(began), f
	if err != nil {
		got.Err = err.Error()
		return got
	}
	defer func() { s.closed = true; _ = s.release() }()
	got.ID = s.ID()
	for r, err := range s.Records(1) {
		if err != nil {
			got.ReadErr = err.Error()
			break
		}
		got.Seqs, got.Sums = append(got.Seqs, r.Seq), append(got.Sums, r.Sum)
	}
	for range s.SinceCheckpoint() {
		got.Since++
	}
	if got.Since > 0 {
		if got.Defers, err = defers(s.SinceCheckpoint()); err != nil {
			got.FoldErr = err.Error()
		}
	}
	seq, sum := s.Last()
	r := errand{}.next(seq+1, sum)
	err = s.Append(&r)
	if errors.Is(err, ErrOutcomeUnknown) { // the daemon reads all anew and goes on
		if _, err = s.Recover(); err == nil {
			if n, _ := s.Last(); n == seq {
				err = s.Append(&r)
			}
		}
	}
	if err != nil {
		got.Append = err.Error()
		return got
	}
	s.closed = true
	if err := s.release(); err != nil {
		got.Append = err.Error()
		return got
	}
	got.Again, got.Next, got.End = o.again(r)
	return got
}

// again opens the store once more: what was appended must be its end.
func (o order) again(want events.Record) (fault string, f Findings, end uint64) {
	s, f, err := Open(o.options())
	if err != nil {
		return err.Error(), f, 0
	}
	seq, sum := s.Last()
	if sum != want.Sum {
		err = errors.New("it does not end with what was appended")
	}
	s.closed = true
	if err = errors.Join(err, s.release()); err != nil {
		return err.Error(), f, seq
	}
	return "", f, seq
}
