// SPDX-License-Identifier: Apache-2.0

// Package wine runs Windows programs on Linux for tests: real ones, with a
// registry, services, windows and installers, each test in a machine of its own.
//
// A prefix is such a machine: a folder with a drive C and a registry. The first
// is made once per version of Wine, takes some twenty seconds and lies in
// .ci/cache; every test gets a copy. The copy shares what nobody writes to, the
// files of Wine's own programs, so it costs neither time nor space.
//
// Wine 8 lacks one library that every Go program needs, bcryptprimitives.dll, and
// answers one question otherwise than any Windows. Both are mended by a small
// library that is compiled when the first prefix is made: lacks/bcryptprimitives.c.
//
// Wine is not Windows. A program of 32 bits does nothing there and ends with 0, a
// manifest is not needed, sessions and rights are pretended: what a test wants to
// show it must look for itself.
package wine
