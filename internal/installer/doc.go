// SPDX-License-Identifier: Apache-2.0

// Package installer runs an attempt under a supervisor that outlives the daemon
// and writes the result to a file.
//
// # Why a supervisor
//
// The daemon may be killed, updated or restarted while an installer works. If it
// were the installer's parent, the exit code would be lost with it, and nobody
// could say whether the software is on the machine. So the daemon starts a small
// process, the supervisor, in a session of its own. The supervisor starts the
// installer, waits for it and for everything it started, and writes the outcome
// to <state>/outcome/<token>.json. It never ends an installer and no signal that
// can be caught ends it.
//
// # The file decides
//
// A token names one attempt for ever. Its file decides whether the attempt may
// run, and there is never more than one:
//
//	(none) ──claim──▶ claimed ──▶ started ──▶ ended
//	   │
//	   └───void───▶ void
//
// Both ways out of "none" create the file exclusively and complete: its text is
// written and synced under another name and then linked to its own, which fails
// when the name exists. A supervisor that cannot claim the file ends. So a probe
// that voids the file has made it certain that the installer never runs, even if
// a supervisor was forked and is only slow.
//
// The installer's process exists before the installer does. It is our own
// program, blocked on a pipe, so that its pid and start time are known. They are
// made durable as "started" before one byte on the pipe lets it become the
// installer. If the supervisor dies first, the pipe ends and the process with it.
// Windows cannot turn a process into another program: there the blocked process
// starts the installer as its child, stays as long as that runs and ends with its
// exit code. Therefore:
//
//   - a file that says "claimed" by a dead supervisor: the installer never ran;
//   - a file that says "started" and whose processes are gone: it may have run
//     in part or whole, and only the machine can tell (see Detect);
//   - a file that says "ended": what it says.
//
// This holds across a loss of power, because every step is synced, file and
// directory, before the next one begins.
//
// # One at a time
//
// opsi-script can be started past the service, by opsi's agent. It must not run
// beside an installer of ours, so there is a lock on a file of the state directory.
// Each supervisor shares it from before its claim to its end, so it is held also
// when the daemon is dead. Whoever passes work to opsi-script has it alone (see
// [Alone]). The system frees it when its holder dies; as what the holder started may
// live on, the next one looks for that, too.
//
// # Being left alone
//
// Under systemd the unit needs KillMode=process, or the caller gives
// Options.Scope, which moves the supervisor to a scope of its own before it may
// claim anything. Otherwise stopping the daemon kills the installer.
//
// On Windows the supervisor has no console, a process group of its own, and is in
// no job of the daemon's, if that lets it out. The installer and all it starts are
// members of a job that limits nothing and ends nobody; it is there to be listed.
//
// # Waiting for input
//
// On Windows an installer may open a window that nobody sees. When it has done
// nothing for some minutes and has one, State.Waiting says so, and Wait tells it. It
// is a finding, no outcome: the installer may go on all the same, and that is told, too.
//
// # Detect
//
// Detect applies a package's detect rule: is the product on the machine, and
// which version of it. It never changes the machine.
package installer
