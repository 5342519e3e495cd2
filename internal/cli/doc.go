// SPDX-License-Identifier: Apache-2.0

// Package cli is the command line: what an administrator or a support desk
// sees of quietsetup and can ask of it.
//
// Each command is one file with its flags, its help and its run function. A
// command that only reads works in two ways that look the same: it asks the
// running daemon over the local socket, or with --file it folds a copied log,
// on any machine. Orders go to the daemon; there is no way to change a log.
//
// # Output
//
// Data goes to standard output, everything else to standard error. --json
// prints versioned documents ("schema": "products/v1") that are never
// translated; log records are printed byte for byte as they lie on disk. Human
// output is English or German.
//
// # Exit codes
//
// Commands return errors; exit.go alone turns them into the exit codes that
// scripts rely on. There is no answer command: answers to questions come only
// from prompts, by whoever sits in front of the machine.
package cli
