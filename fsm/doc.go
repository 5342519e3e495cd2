// SPDX-License-Identifier: Apache-2.0

// Package fsm is the pure core: the seven phases of a product, the client
// around them, and three functions.
//
// Decide turns a stamped input into events. Apply folds a record into the
// client. Due derives from the client alone what work is outstanding. None of
// them reads a clock, a file or a configuration, starts a goroutine or writes a
// log, so a recorded history decides the same way on any machine.
package fsm
