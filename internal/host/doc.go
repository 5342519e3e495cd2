// SPDX-License-Identifier: Apache-2.0

// Package host is the real machine: its processes, the people at it, its clock
// and its disks.
//
// # Processes
//
// A process is known by its pid and the time it started, in the kernel's own
// ticks; a pid alone is given to another program sooner or later. What a
// process is comes from the path of its executable. That path is read for every
// process at every look, because a process may exec another program and keeps
// pid and start time. Everything else (owner, session, service) is read only
// for the few that a look is interested in.
//
// Three kinds of process need more than the path. One whose executable was
// replaced while it ran has a mark of the kernel behind its path. One that runs
// in another mount namespace (a container, a sandbox) sees other paths: it is
// compared by device and inode. And one that is an interpreter is what its
// script is.
//
// A look either saw everything or says that it did not. A process that ended
// while it was looked at is no gap; one whose executable may not be read is.
//
// On Windows a process keeps its executable, and the kernel has followed all
// links by the time it knows it. A path may still hold short names, and where a
// process may not be opened the kernel tells its own name of the disk; both are
// turned into what people write. Services are what the service manager runs, and
// what runs as the machine's own accounts. The Restart Manager adds programs that
// lie elsewhere and have loaded a library of what is to be replaced. Which programs
// show a window only the agent of their session can see (Options.Shows).
//
// # People
//
// Sessions come from logind, else from utmp, on Windows from the terminal
// services, and from the prompt agents that are connected, which prove that
// somebody is there whatever the others say. Without any of these nothing is
// known of people, and nothing is made up.
//
// # Closing
//
// Close signals exactly the processes it is given, through a handle that
// cannot come to mean another process, and checks each one again on the open
// handle before every signal.
//
// Windows has no signal that asks a program to end. Its windows can be asked to
// close, but only from the session they are in, so there the agent of that
// session asks (Options.AskToClose). The daemon holds the processes open
// meanwhile, waits, and terminates what is left if that was announced.
//
// Linux and Windows are what works. On other systems each question that has no
// answer yet returns an error that wraps errors.ErrUnsupported.
package host
