// SPDX-License-Identifier: Apache-2.0

// Package words holds the sentences of the command line in English and German:
// what each input and event means, why a product waits, what happens next, the
// labels of the tables.
//
// The words that windows and the command line share (phases, reasons, outcomes,
// spans of time) come from package i18n. The sentences here lie in active.en.toml
// and active.de.toml in the same form; a test keeps both complete.
//
// Every value that is put into a sentence is cleaned first: names and reasons
// come from packages, from people and from logs that strangers sent, and must
// not move a cursor or colour a terminal.
package words
