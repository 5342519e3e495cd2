// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// MemoryOptions say how a Memory behaves.
type MemoryOptions struct {
	ID           string // 16 hex digits; "" = sixteen zeros
	SegmentBytes int64  // as in Options; 0 = 8 MB
	// Seam is asked before the two durable steps of an append, OpWrite (the
	// journal) and OpCommit (log.db). An error of the first leaves no record, an
	// error of the second leaves one: the two outcomes a failed append can have.
	Seam Seam
}

// Memory is a store without files, for tests and the simulation. It is the same
// log: lines are encoded, chained and decoded as on disk. It is for one goroutine.
type Memory struct {
	opt    MemoryOptions
	lines  [][]byte // record n is lines[n-1]
	acked  int      // lines whose append was answered without error; the rest shows after Recover
	stream map[string][]uint64
	start  uint64 // last checkpoint, 1 without one
	bytes  int64  // of the current segment, without its checkpoint
	sum    string // of the last acknowledged record
	calls  int
	failed error
	closed bool
}

// NewMemory returns an empty store.
func NewMemory(opt MemoryOptions) *Memory {
	if opt.ID == "" {
		opt.ID = "0000000000000000"
	}
	if opt.SegmentBytes == 0 {
		opt.SegmentBytes = 8 << 20
	}
	return &Memory{opt: opt, stream: map[string][]uint64{}, start: 1}
}

// ID is the id the store was made with.
func (m *Memory) ID() string { return m.opt.ID }

// Last is the number and sum of the last record.
func (m *Memory) Last() (uint64, string) { return uint64(m.acked), m.sum }

// Append works as Store.Append does.
func (m *Memory) Append(r *events.Record) error {
	if err := m.usable(); err != nil {
		return err
	}
	line, err := encode(r, uint64(m.acked), m.sum)
	if err != nil {
		return err
	}
	if err := m.ask(OpWrite, len(line)); err != nil {
		return m.fail(err)
	}
	m.lines = append(m.lines, line)
	if err := m.ask(OpCommit, 1); err != nil {
		return m.fail(err)
	}
	m.take(*r, len(line))
	return nil
}

func (m *Memory) take(r events.Record, size int) {
	m.acked++
	m.sum = r.Sum
	m.bytes += int64(size + 1)
	if beginsSegment(r) || r.Seq == 1 {
		m.start, m.bytes = r.Seq, 0
	}
	for _, p := range r.Products {
		m.stream[p] = append(m.stream[p], r.Seq)
	}
}

func (m *Memory) ask(op Op, size int) error {
	m.calls++
	if m.opt.Seam == nil {
		return nil
	}
	return m.opt.Seam(Call{N: m.calls, Op: op, Size: size})
}

func (m *Memory) fail(err error) error {
	m.failed = fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	return m.failed
}

func (m *Memory) usable() error {
	if m.closed {
		return fmt.Errorf("the store in memory: %w", fs.ErrClosed)
	}
	return m.failed
}

// Recover makes the store usable after a failed append; a record whose outcome
// was unknown now counts if it is there.
func (m *Memory) Recover() (Findings, error) {
	if m.closed {
		return Findings{}, m.usable()
	}
	var f Findings
	for len(m.lines) > m.acked {
		line := m.lines[m.acked]
		r, err := events.DecodeRecord(line)
		if err != nil {
			return Findings{}, err
		}
		m.take(r, len(line))
		f.Rebuilt = []Rebuilt{{Store: nameDB, Reason: reasonBehind}}
	}
	m.failed = nil
	return f, nil
}

// Reopen is what a new process finds: after Close a clean store, else what Recover finds.
func (m *Memory) Reopen() (Findings, error) {
	clean := m.closed && m.failed == nil && len(m.lines) == m.acked
	m.closed = false
	f, err := m.Recover()
	f.Clean = clean
	f.Created = len(m.lines) == 0 && !clean
	return f, err
}

// Close ends the use of the store until Reopen.
func (m *Memory) Close() error { m.closed = true; return nil }

// WantsCheckpoint works as Store.WantsCheckpoint does.
func (m *Memory) WantsCheckpoint() bool { return m.bytes >= m.opt.SegmentBytes }

// Records returns the records from a number on.
func (m *Memory) Records(from uint64) iter.Seq2[events.Record, error] {
	return m.decoded(func() []uint64 {
		var seqs []uint64
		for seq := max(from, 1); seq <= uint64(m.acked); seq++ {
			seqs = append(seqs, seq)
		}
		return seqs
	})
}

// SinceCheckpoint returns the records from the last checkpoint on.
func (m *Memory) SinceCheckpoint() iter.Seq2[events.Record, error] { return m.Records(m.start) }

// Stream returns the records that touched a product.
func (m *Memory) Stream(product string) iter.Seq2[events.Record, error] {
	return m.decoded(func() []uint64 { return slices.Clone(m.stream[product]) })
}

func (m *Memory) decoded(seqs func() []uint64) iter.Seq2[events.Record, error] {
	return func(yield func(events.Record, error) bool) {
		if err := m.usable(); err != nil {
			yield(events.Record{}, err)
			return
		}
		for _, seq := range seqs() {
			r, err := events.DecodeRecord(m.lines[seq-1])
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// Export works as Store.Export does.
func (m *Memory) Export(w io.Writer, redact bool) error {
	if err := m.usable(); err != nil {
		return err
	}
	for _, line := range m.lines[:m.acked] {
		if err := writeLine(w, line, redact); err != nil {
			return fmt.Errorf("cannot export the store in memory: %w", err)
		}
	}
	return nil
}
