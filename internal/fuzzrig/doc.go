// SPDX-License-Identifier: Apache-2.0

// Package fuzzrig holds a test that runs every fuzz target of the module and
// counts the inputs. It finds targets by reading the source: a new one needs no
// entry anywhere. It imports nothing it tries.
//
// In "go test ./..." it runs a few hundred inputs of two small targets, which
// shows that the rig itself works; the seeds of every target run as ordinary
// tests anyway. With QUIETSETUP_RIGS=1 it runs the full number (package rig).
//
// An input that breaks a target stays in testdata/fuzz of the target's package,
// where every later test run tries it again, and the rig prints the command that
// repeats it alone.
//
// In testdata/fuzz, found_1 and so on are inputs that the fuzzer once found to
// reach what no written seed does; other names tell what an input broke.
//
//	QUIETSETUP_FUZZ=FuzzParse   only targets whose name holds this
//	QUIETSETUP_FUZZ_KEEP=DIR    keep what the fuzzer found to be new in DIR
package fuzzrig
