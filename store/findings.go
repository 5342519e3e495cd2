// SPDX-License-Identifier: Apache-2.0

package store

import "time"

// Findings tell what Open or Recover found and mended. The caller records them.
type Findings struct {
	// Created: there was no store, an empty one was made.
	Created bool
	// Clean: the last run closed the store in order and no file changed since.
	Clean bool
	// Rebuilt lists the twins that were filled or made anew, in the order it was done.
	Rebuilt []Rebuilt
	// Fork is set when both twins held valid but different chains.
	Fork *Fork
	// Lost is set when records are known, or must be feared, to be gone from
	// both twins. Nothing can be said about the products they touched.
	Lost *Lost
	// Torn is the file that keeps a cut-off journal tail, "" without one. A
	// torn tail was never acknowledged; it is what a power cut leaves.
	Torn string
	// ProbeTook is how long the probe of log.db took, 0 without one.
	ProbeTook time.Duration
}

// Rebuilt is one twin that was mended from the other.
type Rebuilt struct {
	Store  string // "log.db" or "journal"
	Reason string // behind, damaged, missing
	Kept   string // where the damaged file was put, "" if there was nothing to keep
}

// Fork says that the twins went different ways.
type Fork struct {
	Common   uint64   // last record both agree on, 0 if none
	Products []string // touched after it in either, sorted
	Kept     string   // directory with what each twin held after Common
}

// Lost says which records are gone. Both ends are included; To is the highest
// number known to have existed, so more may be gone than is known.
type Lost struct {
	From, To uint64
}

// The stores as Findings name them.
const (
	nameDB      = "log.db"
	nameJournal = "journal"
)

// The reasons for which a twin is mended.
const (
	reasonBehind  = "behind"
	reasonDamaged = "damaged"
	reasonMissing = "missing"
)
