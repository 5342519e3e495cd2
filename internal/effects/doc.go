// SPDX-License-Identifier: Apache-2.0

// Package effects carries out the work that fsm.Due asks for and brings back
// what came of it as inputs under the work's ticket. There is one file for each
// kind of work.
//
// # The contract of a worker
//
// A worker is started under a ticket, may be cancelled through its context at
// any moment, and must then return soon. What it emits is decided upon and
// durable when emit returns nil. It may be started again under the same ticket,
// after a crash or because it ended while its work was still due, so each worker
// looks at the machine first and repeats nothing that cannot be repeated.
// Returning an error means: try again later.
//
// # Who does the real work
//
// Each kind of work sees the machine through a small interface of its own, which
// the rooms for processes, installers, prompts and sources satisfy. So each can
// be tested alone, and none knows another.
//
// # Not known is never nothing
//
// A look that is not complete proves nothing. A watch ignores it, a closing
// passes it on, and an installer is not started upon it.
package effects
