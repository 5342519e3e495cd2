// SPDX-License-Identifier: Apache-2.0

// Package winsvc makes a program a service of Windows: it puts it into the
// service manager, starts and stops it there, and runs it as one.
//
// # While it runs
//
// A service tells the service manager what it does. It is "start pending" until
// its work has begun, "running" after that, and "stop pending" with a counter
// that goes on until its work has ended; a counter that stands still would be
// taken for a service that hangs. It is told of sessions that begin and end, and
// of the machine's end before other services are.
//
// # When it ends by itself
//
// The service manager starts a service again that ended without saying that it
// has stopped (SERVICE_FAILURE_ACTIONS). So work that ended by an error that may
// pass ends the process without a word, and one that only an admin can mend is
// told as stopped, with its exit code, and is left alone.
//
// # Its traces
//
// Beside the entry in the service manager there is a source of the event log,
// whose messages are plain text, and a value of the Run key, by which the agent
// starts in every session. Deleting the service takes all three away.
package winsvc
