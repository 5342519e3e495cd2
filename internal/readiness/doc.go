// SPDX-License-Identifier: Apache-2.0

// Package readiness says of a product that is wanted what would become of it on
// this machine now: is its package fit to be installed while people work, and
// whom would a round ask.
//
// What would be asked is not guessed a second time here. A core of its own, in
// memory, gets the request, the package and what was seen, and decides; its first
// decision is the answer. Nobody carries out what it wants, and nothing of it is
// kept. So the answer cannot differ from what the service does, but for what only
// the service's log knows: how often a person put it off, who saw a window lately,
// and what else is going on.
package readiness
