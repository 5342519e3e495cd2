// SPDX-License-Identifier: Apache-2.0

// Package checks answers one question: which running programs would an
// installer disturb?
//
// A package names its install directories and, if need be, single programs. A
// Matcher turns these into rules and asks them of every running program: any
// executable below a directory, a program's file name, or its full path. Paths
// are compared part by part, so /opt/foo never matches /opt/foobar, and names
// are compared whole, so fox.exe never matches firefox.exe.
//
// A hit is then put into a class (Classify). Only two classes block an
// installer: what the package names, and what lies in its directories and has
// a window or may have one. Services belong to the service manager. Vital
// programs are those without which the machine or a login session ends; they
// are never touched, whatever a package says. That is guarded twice: CheckDir
// refuses a directory that could hold one, and Classify knows them by their
// path, owner and session.
//
// Findings are data. Nothing here asks, closes or waits. The machine is behind
// the small interface Host, and a look that could not see everything says so:
// "not complete" is never taken for "nothing runs".
//
// The rules of paths are a value (Unix, Windows), so the rules of one system
// can be tested on another.
package checks
