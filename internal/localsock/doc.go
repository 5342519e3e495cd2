// SPDX-License-Identifier: Apache-2.0

// Package localsock is the door of the daemon: a unix socket, or a named pipe
// on Windows, that tells for certain who stands before it.
//
// Everybody at the machine may connect, because everybody may look at what is
// going on and has to be asked. What a caller may do is decided by who it is,
// and that is what the kernel says about the other end of the connection, never
// what the caller says about itself.
//
// On Windows the first look is at the process that connected, and one process can
// hold what another opened. So when the first bytes have been read, which Windows
// wants before, the listener takes on the caller's token for a moment: user, rights
// and session must be those of the first look, or the connection ends unanswered.
//
// A door to everybody is also a door to a flood. The listener holds a limited
// number of connections for each user, so that one user's flood keeps out that
// user alone. The daemon's deadlines never wait for anything behind this door.
//
// The caller checks the daemon too: the socket's folder must belong to root or
// to the caller and must not be writable by others, and the process behind the
// socket must run as root or as the caller. A pipe must belong to the system, to
// the administrators or to the caller. It belongs to whoever made its first
// instance, and nobody else may add one: callers have the right to read and to
// write, not to serve.
package localsock
