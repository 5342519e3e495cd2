// SPDX-License-Identifier: Apache-2.0

// Package opsi is a source of requests behind an opsi config server.
//
// The server keeps one row, a productOnClient, for each product of each client.
// An administrator writes the wanted action into the row; whoever works on the
// client writes back what became of it. This package reads rows as requests and
// writes reports into rows. It decides nothing.
//
// # Talking to the server
//
// [Client] speaks JSON-RPC over HTTPS, many calls in one request. The server has
// habits that are not written in any standard: it answers a batch of one call
// with a bare object, it says some errors as a string and others as an object of
// one of two shapes, it never uses status 429 and always says in a 503 when to
// come back, and it blocks an address that failed to log in ten times in two
// minutes. Behind one address may stand a whole site. So a client that is turned
// away does not knock again: a gate keeps every call back until the time has
// come, with a random share, so that thousands of clients do not return at once.
//
// What went wrong has one of a few classes, which are errors to compare with:
// [ErrUnreachable], [ErrCertificate], [ErrLogin], [ErrBlocked], [ErrBusy],
// [ErrServer], [ErrRejected] and [ErrAnswer]; and [RPCError] for a call that the
// server understood and did not want. A call is repeated at once only if it reads.
//
// # Whom it trusts
//
// A site signs its servers with a CA of its own. That CA's file is asked for
// once, over a connection that nobody vouches for, by an explicit
// [FirstContact] that sends no secret. From then on nothing else is trusted.
//
// # Requests
//
// The order of products is the server's, as administrators see it in their tools.
// The server is known to contradict dependencies that it declares itself, so its
// sequence is held against them, and what hangs together with a contradiction is
// put right by the order of package order.
//
// # Settings
//
// With the rows a look reads the site's config ids: [Settings] are layers of the
// policy, products that are held, and whether opsi's own background check is on. What
// was last known is kept for a start without the server.
//
// # Reports
//
// A row is read before it is written, and only what a report is about is sent:
// the server leaves alone what is not named. The request is taken back only if
// the row still shows the request and the version that the run began with.
// [Change] says what a report does to a row, a pure function, and [WriteTable]
// prints what it says. Reports that come close together go in two requests for all
// of them, with what is to be read in the log at the server.
package opsi
