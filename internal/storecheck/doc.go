// SPDX-License-Identifier: Apache-2.0

// Package storecheck judges a whole store from outside: a state folder, a copy
// of one, an export, or a single file of it.
//
// Package store tells whether the records are what was written: both twins,
// chain, archive, marks, owners and rights. Here comes what needs to know what
// they mean: whether this build decides the same, whether each checkpoint is the
// folded state, and whether the outcomes of installers can be read. Nothing is
// changed, and nothing of a running daemon is kept waiting.
package storecheck
