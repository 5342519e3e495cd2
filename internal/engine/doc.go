// SPDX-License-Identifier: Apache-2.0

// Package engine is the one loop of the daemon: decide, append, apply, and keep
// what is in flight equal to what is due.
//
// # One step
//
// An input comes in, from a worker, a person, an operator or the source. Its
// private texts are sealed, it is stamped with the clock, and fsm.Decide turns
// it into events. Input and events make one record. The record is durable in
// the log before anything else happens; only then it is folded into the client,
// and only then work is started or cancelled. A crash at any point therefore
// leaves a log from which the same work is due again.
//
// One goroutine does all this. Readers look at the client between two steps.
//
// # Work
//
// fsm.Due says what is outstanding. Each piece runs in a goroutine of its own
// under its ticket until it returns or is no longer due. Work that ended and is
// still due is started again after a pause that doubles; these tries are not
// recorded. Work that is no longer due is cancelled and stays in flight until
// its worker has returned: nothing of the same product, session and kind starts
// beside it.
//
// # A log that cannot be written
//
// After a failed append nobody knows whether the record is there. Nothing new is
// started, work that acts on the machine is cancelled, and the log is read as
// after a start. Then the record is found in it, or its input is decided again.
//
// # Seams
//
// Every call to the outside passes a seam: a hook that a test uses to crash the
// engine just there. In a daemon there is none.
package engine
