// SPDX-License-Identifier: Apache-2.0

// Package daemon puts the rooms together: it is the only place that knows them
// all, and nothing below it knows it.
//
// # From start to stop
//
// The store is opened and mended, the engine folds its log, and what the host
// shows is recorded. From then on the engine's loop drives everything: work is
// started and cancelled by what is due, people answer through the local socket,
// operators order through it, and the source is read at the start, at each poll
// and after each order. At the end workers say what they have done, windows stay
// recorded, installers go on under their supervisors, and the store is closed.
//
// # The adapters
//
// Each file named after a room fits that room to the small interfaces of those
// that use it. There is no decision in any of them: what is to be done is the
// core's affair, how it is done the room's.
//
// # The source is read and reported to by one at a time
//
// Rows that were read before a report and brought in after it would show the
// request that was just answered, and it would be carried out again. So the
// source is held from each read or write until the record of it is durable.
package daemon
