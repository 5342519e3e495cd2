// SPDX-License-Identifier: Apache-2.0

// Package canon writes a metadata file in its one canonical form.
//
// Tables and keys come in the order of the documentation, strings stand in '…'
// where that is possible, lists on one line where they fit, and blank lines
// between tables. What it does not know keeps its place: an unknown key or table
// stays the third if it was the third.
//
// # Comments
//
// A comment is never lost. One on a line with a key, or directly above a key or
// table, belongs to that and goes where it goes. One that is followed by a blank
// line belongs to nothing and keeps its place.
//
// # What is guaranteed
//
// The text means the same before and after. That is not left to the rules: the
// result is parsed and compared with what was parsed before, the comments are
// compared too, and a text for which this fails is given back less changed or
// not at all. Formatting twice changes nothing more.
package canon
