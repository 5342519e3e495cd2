// SPDX-License-Identifier: Apache-2.0

// Package draft writes a first metadata file for a package that has none.
//
// A package that was made before it had metadata already says most of what is
// needed. Its scripts name the folder it installs into, kill the programs that
// are in the way, and start an installer. An MSI file holds its own folder and
// architecture, a deb and an rpm their list of files. Make collects this, and
// Write puts it into a file that a person reads once and then keeps.
//
// # What a draft may say
//
// Every value carries its origin as a comment above it: the script and the line,
// or the file it was read from. What does not follow from the package is marked
// "guessed: please check".
//
// A folder is never made up. One that is wrong is worse than none. With none, the
// package counts as one nobody knows anything about, and is held until nobody is
// there. With a wrong one the search finds nothing running, and the installer
// starts over a program in use. So a folder must be named by the package. One that
// it names only in passing (files are copied there, a menu entry leads there) is
// taken where there is no better one, and marked. One that only a product's name
// suggests stays a comment.
//
// # One installer for each kind of machine
//
// The metadata's reader chooses exactly one installer for a machine. Two that
// fit equally would hide the second one's folders, so a draft has one installer
// for each system and architecture, and names further files in a comment.
//
// # Care
//
// A package is somebody else's. Nothing of it is executed. Files are opened
// below its folder only, no link is followed, and what is read is bounded
// whatever the sizes in a file claim.
package draft
