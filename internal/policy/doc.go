// SPDX-License-Identifier: Apache-2.0

// Package policy makes one effective policy out of many opinions.
//
// How long a window stays, how often a user may say later, what happens then:
// the packager has an opinion, the site has one, and an admin has one for a
// single product. Each opinion is a Layer. Weakest first they are
//
//	built-in < metadata < config < server < depot < client < product
//
// Resolve takes, for each key by itself, the strongest layer that says something
// valid, and notes in Policy.Origin which one that was. A bad value never stops
// anything and never counts: it is reported as a Warning and the next weaker
// layer is asked. The built-in layer is always valid, so the result always is.
// Explain does the same and keeps every opinion, with its place, so that people
// can see why a value counts. Values that are valid and make no sense together
// count too; ClashesOf says what they will do.
//
// Keys is the table of all of this: what is read, what is shown and the
// documentation come from it. Keys have the names of the design; the spellings of the original concept
// (TIMEOUT_ACTION, DIALOG_TIMEOUT, MAXRECHECK, …) mean the same keys.
package policy
