// SPDX-License-Identifier: Apache-2.0

// Package opsiscript has opsi-script carry out one product, and finds out what
// became of it.
//
// Most packages of a site are scripts in the language of opsi-script, a program of
// opsi's own. It is made to be started by opsi's agent, to log in to the server by
// itself, to look up what is requested there and to do all of it. Here it does one
// product, the one whose turn it is, and it does so under the same supervisor as
// any other installer.
//
// # The row tells, the exit code does not
//
// opsi-script ends with 0 when it did not understand its command line, and a wish
// to restart the machine is not in its exit code either. What it did it writes into
// the product's row at the server. So the row is read after the run, and [Judge]
// says what became of it, from the row before, the row after, and how the process
// ended. Judge is a pure function.
//
// A row that shows success may have shown it before. Therefore each run begins with
// a mark: the progress [Mark] and the result none. What the row shows afterwards is
// of this run.
//
// # What opsi-script writes
//
// It writes the start of setup, uninstall and always, not that of update, once and
// custom. At the end it writes result, status, last action and versions, and takes
// the request back. A script that restarts the machine in the middle writes no end:
// the request stands, and the script begins again from the top after the restart. A
// script that puts itself off writes the progress Deferred; by a fault of
// opsi-script its request is gone then, and is set again here, or nobody would
// think of the product any more.
//
// # Wishes
//
// A script says that it wants a restart, a shutdown or a logout, and opsi-script
// leaves the wish for opsi's agent: an empty file on Unix, a value of the registry
// on Windows. [Wishes] takes such a wish away, so that nobody restarts the machine
// under its users, and hands it to whoever may ask them.
//
// # The key
//
// opsi-script logs in with the host key. It gets it from a private file that is
// made just before the run and removed after it, because everybody on a machine
// can read command lines.
package opsiscript
