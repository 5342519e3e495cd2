// SPDX-License-Identifier: Apache-2.0

// Package i18n finds the words: every sentence a person reads comes from here,
// in the person's language.
//
// The sentences lie in active.en.toml and active.de.toml, the form of go-i18n.
// English is the language of last resort. A test keeps both files complete: a
// key that is missing in one, or used and not there, or there and not used,
// fails it.
//
// # What a window says
//
// Window turns a prompt, which is data, into words, so that every front end
// says the same: who asks, what for, how long it takes, what happens without an
// answer and when, how often later is left, and when it is asked again. It never
// speaks of time-outs, defaults or setups, and never shows a product's id.
//
// # Foreign text
//
// Names and versions come from packages and from the network of the site. Clean
// takes everything out of them that could move a cursor, colour a screen or turn
// the direction of writing, before they stand in any sentence.
package i18n
