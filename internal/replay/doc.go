// SPDX-License-Identifier: Apache-2.0

// Package replay reads a log again: it folds it, verifies it and explains what
// it says about a product.
//
// It works on records, wherever they come from: the journal of a running
// daemon, a copied store, an export on a support desk's laptop. It knows no
// files and no daemon; its caller hands over an iterator of lines.
//
// # What verifying means
//
// Four things are asked of each record, in this order:
//
//  1. Is the line a record, and does its text give its sum? (QS-R01, QS-R02, QS-R05)
//  2. Do its private parts fit the digests in its text? (QS-R03)
//  3. Does it follow the record before it, and is it what it says it is? (QS-R04,
//     QS-R06, QS-R10, QS-R11)
//  4. Would this build have decided the same, from the folded state and the
//     record's input alone? (QS-R07, QS-R08, QS-R09)
//
// The first three find damage. The fourth finds what no sum can: an event that
// was changed and its chain recomputed, or a build that decides otherwise than
// the one that wrote the log. A record decided under a rule set that this build
// does not know is folded and counted as such.
//
// A log may begin in its middle with a checkpoint, as every segment does. Then
// the state is taken from the checkpoint and its own past is not judged.
//
// # Explaining
//
// Explain answers why a product stands where it stands: the reason, the rule
// behind it with its value and who set it, the program that matched, since when
// and until when, and what happens next. Its words are stable and not
// translated; whoever shows them to a person finds the sentences.
package replay
