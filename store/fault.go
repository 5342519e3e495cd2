// SPDX-License-Identifier: Apache-2.0

package store

import "slices"

// State says how something is, from the best to the worst.
type State string

// The states.
const (
	StateOK      State = "ok"
	StateSkipped State = "skipped" // could not be looked at; says nothing
	StateWarn    State = "warn"    // somebody should know; nothing is lost, the next start sees to it
	StateUnsafe  State = "unsafe"  // the daemon would refuse it for its owner or rights
	StateNewer   State = "newer"   // of a newer build, so not judged
	StateDamaged State = "damaged"
)

// Worse returns the worse of two states.
func (s State) Worse(other State) State {
	order := []State{StateOK, StateSkipped, StateWarn, StateUnsafe, StateNewer, StateDamaged}
	if slices.Index(order, other) > slices.Index(order, s) {
		return other
	}
	return s
}

// Fault is one thing that is not as it should be. Its words are stable.
type Fault struct {
	Code  string `json:"code"`
	State State  `json:"state"`
	File  string `json:"file,omitempty"` // below the state directory
	From  uint64 `json:"from,omitempty"` // records concerned; for a fork From is the last common one
	To    uint64 `json:"to,omitempty"`
	UID   int    `json:"uid,omitempty"`
	Text  string `json:"text,omitempty"` // more, in English
}

// The codes of faults.
const (
	FaultDirectory  = "not_a_file"        // a link or a device where a file should be
	FaultOwner      = "foreign_owner"     // belongs to somebody else than the directory
	FaultWritable   = "writable"          // others may change it
	FaultReadable   = "readable"          // others may read it
	FaultNewer      = "newer"             //
	FaultOlder      = "older"             // migrated at the next start
	FaultNoIdentity = "no_identity"       // store.json is missing or cannot be read
	FaultOtherStore = "other_store"       // log.db and store.json name two stores
	FaultDamaged    = "damaged"           //
	FaultMissing    = "missing"           //
	FaultBehind     = "behind"            // ends before the other twin
	FaultTorn       = "torn"              // the last line is cut short
	FaultInUse      = "in_use"            // a running daemon has it open
	FaultNotCopied  = "not_copied"        // a copy without log.db
	FaultNotProbed  = "not_probed"        // no child process could look at it
	FaultGap        = "gap"               // archived segments were taken away
	FaultBegins     = "begins_later"      // what is older was taken away
	FaultLost       = "lost"              // records that neither twin has
	FaultFork       = "fork"              // the twins went different ways
	FaultUnclean    = "unclean"           // the last run did not end in order
	FaultChanged    = "changed_meanwhile" // a file is not as the last run left it
	FaultPending    = "pending"           // a fork or loss still stands in notice.json
	FaultKept       = "kept"              // what an earlier start put aside
)

// The parts of an examination.
const (
	PartFiles   = "files" // owners and rights
	PartFormat  = "format"
	PartJournal = "journal"
	PartDB      = "log.db"
	PartArchive = "archive"
	PartChain   = "chain" // what both twins make of it
	PartMarks   = "marks" // how the last run ended, what is still to be told
)

// Part is one part of a state directory.
type Part struct {
	Name    string  `json:"part"`
	State   State   `json:"state"`
	Files   int     `json:"files,omitempty"`
	Bytes   int64   `json:"bytes,omitempty"`
	Records int     `json:"records,omitempty"` // valid ones
	First   uint64  `json:"first,omitempty"`
	Last    uint64  `json:"last,omitempty"`
	Faults  []Fault `json:"faults,omitempty"`
}

// Fault adds a fault; the part is as bad as its worst.
func (p *Part) Fault(f Fault) {
	p.Faults = append(p.Faults, f)
	p.State = p.State.Worse(f.State)
}
