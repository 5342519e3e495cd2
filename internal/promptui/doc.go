// SPDX-License-Identifier: Apache-2.0

// Package promptui is the agent: the unprivileged program in a person's session
// that shows the daemon's windows and brings the answers back.
//
// The agent decides nothing. The daemon owns a window's deadline and what it
// does; the countdown on the screen is a courtesy. What the agent does own is an
// answer that was given: it is kept until the daemon has acknowledged it, through
// lost connections and restarts of the daemon.
//
// # Parts
//
// Run keeps up the connection, queues the windows and shows them one after the
// other. A Front puts one window on a screen: Terminal and Line are here, others
// are programs of the desktop. Every front takes its words from i18n, so that all
// say the same.
//
// # Keys
//
// A key answers only while its window is seen: what was typed before, or pasted,
// or comes as part of a control sequence, counts for nothing. Enter takes the
// highlighted choice, but never closes a program.
package promptui
