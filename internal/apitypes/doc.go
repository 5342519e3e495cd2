// SPDX-License-Identifier: Apache-2.0

// Package apitypes is the wire of the local API: what the daemon, the command
// line and the prompt agents say to each other, as JSON over a local socket.
//
// The types stand alone. They share no struct with the core, so the core may
// change its shape while a script that reads the JSON goes on working.
//
// # Conventions
//
// Every document names its kind and version in "schema" ("products/v1"). Within
// a version members are only added; a reader ignores what it does not know.
// Times are RFC 3339 in UTC. Durations are seconds, members of the countdown of
// a prompt are milliseconds and say so in their name. Words (phases, reasons,
// choices) are the core's own and are never translated; translation is done by
// whoever shows them to a person.
//
// # Private data
//
// User names and paths may be private. A field that can hold one says so, and
// Redacted returns a copy without it. The server redacts for everybody but
// root and the daemon's own user.
//
// # Log lines
//
// Records travel as they lie on disk: one line of JSON each (NDJSON), byte for
// byte, so that their sums can be checked by the reader. They have no type here.
package apitypes
