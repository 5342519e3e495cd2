// SPDX-License-Identifier: Apache-2.0

// Package hostile holds tests that put real parts against somebody who can write
// where he should not: every file the service reads is replaced by links, pipes
// and other people's files, once and in a race with the reader, and its socket
// is flooded. What is tried on the text of one room is tested in that room.
//
// The cases are counted as "hostile cases" (package rig).
package hostile
