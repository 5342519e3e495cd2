// SPDX-License-Identifier: Apache-2.0

// Package rig says what a reliability rig must count, and where it writes what
// it counted.
//
// A rig is a test that tries one kind of trouble many times: simulated days,
// crashes, damaged files, fuzzed inputs. It is an ordinary test of the room whose
// promise it tries. In "go test ./..." it runs a small number, so that it never
// rots. With QUIETSETUP_RIGS=1 it runs the number of Figures, multiplied by
// QUIETSETUP_RIGS_TIMES, and appends a row to the file QUIETSETUP_RIGS_OUT, which
// package rigs turns into a table.
//
//	n := rig.Count(t, rig.ClientDays, 500)
//	…
//	rig.Report(t, rig.ClientDays, done, faults)
//
// A fault is a broken promise: something lost, doubled, changed or not noticed.
// The rig also fails as a test then, and says how to repeat it.
package rig
