// SPDX-License-Identifier: Apache-2.0

// Package store keeps the log: an append-only chain of events.Record, each
// naming the sum of the one before it.
//
// # Two twins
//
// Every record is durable in two places before Append returns: in log.db (a
// bbolt file, the fast index) and in journal/ (lines of JSON, the same bytes).
// Neither is trusted alone. bbolt has no checksum on its data and can go back
// by a commit unnoticed; a journal can lose its tail. Together they can tell:
// the truth is the longest hash-valid chain in either. What is behind is
// filled, what is damaged is put aside and rebuilt, and where both are valid
// but differ the common part is kept (plan.go decides, repair.go carries out).
//
// # Segments
//
// A record whose input is checkpoint_wanted holds the folded state and begins a
// new journal file. journal/ and log.db keep the current and the previous
// segment; what is older moves whole to archive/ and leaves log.db when that is
// written anew (upkeep.go). So two checkpoints are always at hand in two places.
//
// # When something goes wrong
//
// After an error of a write or sync nobody can know whether the record is
// there. The store then refuses everything with ErrOutcomeUnknown until Recover
// has read both twins again as at start. Nothing is ever thrown away: whatever
// leaves the chain is kept beside it under a name with the time.
//
// Every call that leaves the process goes through disk (disk.go), which numbers
// it and asks Options.Seam first: tests fill the disk, break a sync or stop the
// world at any of these numbers.
//
// docs/store-layout.md draws the files, docs/recovery.md tells people what to do.
package store
