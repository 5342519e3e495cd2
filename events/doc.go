// SPDX-License-Identifier: Apache-2.0

// Package events is the vocabulary of quietsetup: what came in (inputs), what
// was decided (events), and the record that joins them.
//
// # The domain in one page
//
// An admin marks a product for an action (setup, uninstall, …). That is a
// request. quietsetup carries it out while people work at the machine, so it
// first looks for programs the installer would disturb, asks the people in
// front of the machine, and only then closes programs and installs. Each
// request becomes a run of its product (firefox#3); a run is made of rounds
// (check, ask, close, install), and a round that ends in "later" is deferred.
//
// An Input is an observation: a fact the daemon was told by the machine, a
// user, an operator or the source of requests. It is named like one
// (ChecksObserved, UserAnswered). An Event is a decision, in the past tense
// (Deferred, InstallCleared). Only fsm.Decide makes events, and only fsm.Apply
// folds them into state.
//
// A Record is one step: one input, the events it caused, and the stamp of when
// and by whom. One record is one line of the journal and one entry of the
// bbolt log, byte for byte the same; its sum is a hash over the line and the
// record before it, so a changed, lost or inserted line shows.
//
// # Private data
//
// User names and paths below a home directory are private. A Text that holds
// one is sealed before it is decided upon: the value moves to the record's
// "private" member, the body keeps a salted digest. An export drops the member
// and the chain still verifies, because the digests are what is hashed.
//
// # Names on disk
//
// Every input and event has a written name and version in codec.go. Renaming a
// Go type changes nothing on disk. The meaning of an existing version never
// changes; a new meaning is a new version with an upcaster.
//
// The package imports the standard library only and knows no clock, file,
// goroutine or log.
package events
