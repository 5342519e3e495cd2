// SPDX-License-Identifier: Apache-2.0

// Package opsiclientd knows the configuration of opsi's own agent on this machine,
// and the one line of it by which its events go through this program.
//
// opsiclientd waits for events: a start of the machine, a push from the server, a
// timer. For an event that processes actions it runs the action processor, which is
// opsi-script by default: the line command of the section action_processor in
// opsiclientd.conf. With [Line] in its place opsiclientd starts
// "quietsetup action-processor" instead, and nothing is installed under people's
// hands any more.
//
// # The file
//
// It is an INI text; names are read without regard to case, and a ; or # outside of
// quotes begins a comment wherever it stands. Values refer to others by
// %section.option%, which [Conf.Resolve] follows for a bounded time. An event has a
// section event_NAME, or event_NAME{PRECONDITION}, and takes what it does not say itself
// from the event that super names; an event with a precondition takes it from the
// one without.
//
// opsiclientd splits the line at white space on Unix, where nothing is quoted, and
// hands it as one argument to a starter of its own on Windows. An event of an older
// opsiclientd has its own line made lower case, so the line is set in one place, the
// section action_processor.
//
// # How the line gets into the file, and out of it
//
// Nobody writes the file but opsiclientd. It takes config ids opsiclientd.SECTION.OPTION
// from the server and writes them into it. An id without a value changes nothing,
// so taking a value away does not bring the old line back: that must be set as a
// value, be fetched, and may be taken away then. Therefore the old line is kept in a
// file before the first change ([Kept]). An update of the agent brings the file anew,
// with its own line, until opsiclientd has fetched the value again.
//
// # The key
//
// The file holds the host key. Nothing here returns it: it is taken out of what is
// read, also where somebody wrote it into a line.
package opsiclientd
