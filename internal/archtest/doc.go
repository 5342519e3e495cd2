// SPDX-License-Identifier: Apache-2.0

// Package archtest keeps the architecture true. It holds tests only.
//
// The table in table_test.go says for every package what it may import and why not
// more. A package that is not in the table fails the tests, so a new room is a
// decision that somebody wrote down. The other tests keep the core pure (no
// clock, no files, no goroutines), the binaries small, and the house rules:
// documentation, no hidden state, small interfaces, short files, and no test
// that skips itself in silence.
//
// Everything is read from the source text of all platforms at once. Only the
// question what a binary links is put to the go command, once per platform.
package archtest
