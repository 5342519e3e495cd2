// SPDX-License-Identifier: Apache-2.0

// Package demo shows the main job in one command, on any Linux machine, without
// root, server or network.
//
// It unpacks a depot with one product into a temporary folder, starts the real
// daemon as a process of its own, and lets it install version 1. Then a program
// runs from the product's folder, version 2 is requested, and the person in
// front of the machine says later. The daemon is killed, without any chance to
// write something down, and started again: it still knows. In the next round
// the person agrees, the program is closed, and the real script installs
// version 2. At the end the log is replayed and every decision checked.
//
// Nothing is staged: what the demo knows it has from the local API and the log,
// as any other caller. Only the person is played, as a prompt agent with a
// script for a front; in the last round a real person can take over.
//
// # Ending
//
// The demo ends everything it started, also when it is interrupted. The daemon
// and the busy program hold a pipe to it and end when it is gone.
package demo
