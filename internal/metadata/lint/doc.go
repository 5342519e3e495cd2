// SPDX-License-Identifier: Apache-2.0

// Package lint finds what is wrong or doubtful in packages, before a machine
// does.
//
// It looks at one package folder after the other and at nothing else: no daemon,
// no network, no link out of the folder. Of a folder of packages it also asks
// whether their products can be put in an order. What it finds is data, a Finding with
// file, line and a code that stays the same between versions; docs/metadata.md
// says for each code what it means and what to do.
//
// Two kinds of rules give findings. The first is the reader itself: a package is
// examined as each kind of machine that it is for would read it, with the
// constants of a standard installation. So a package without an error here is
// one that a machine can use. The others are rules about what the reader takes
// as it is and what is most likely not meant: a process without its ".exe", a
// command with a shell's signs, an installer that is never chosen. Some of them
// are about opsi's own programs, which read the same file and are less lenient.
package lint
