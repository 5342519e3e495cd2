// SPDX-License-Identifier: Apache-2.0

// Package metadata reads a product's package and says what it means on this
// machine.
//
// # The files
//
// A depot is a folder of opsi package sources, one folder for each product:
//
//	<id>/OPSI/control.toml                what the product is: versions, priority, dependencies
//	<id>/OPSI/control                     the same in opsi's old form, read where the newer is not there
//	<id>/CLIENT_DATA/opsi-meta-data.toml  what its installer would disturb, and how to run it
//	<id>/CLIENT_DATA/…                    the installer's files
//
// A control file is opsi's and must be there. The metadata file is opsi's with a
// table of ours, [quietsetup]; a package may lack it, and then nobody knows
// what its installer would disturb (Package.Metadata is false). A site that
// cannot change a package writes <id>.toml of the same form into an overlay
// folder; what stands there beats the package.
//
// # From many installers to one
//
// The metadata file lists installers for several systems. Exactly one is chosen:
// the one whose requirement fits this machine most closely. Its constants
// (%ScriptPath%, …) are resolved after parsing, so a backslash in a value breaks
// nothing; an unknown one is an error, because a directory with a hole in its
// name would be looked for in vain and the check would find nothing running. A
// folder of one user is an error too: the installer is for all of them.
//
// To the installer's directories those of earlier versions are added
// (old_install_dirs, and on Windows what the list of installed programs says of
// old_display_names): their programs are disturbed as well.
//
// # What can be wrong
//
// A package that cannot be used as it is, is a Problem: the request, status and
// version stay as they are until somebody mends the package. A depot that cannot
// be looked at is an error and no package's fault: it is waited for. What looks
// like a slip but hurts nothing (an unknown key) is a warning. Load tells the first
// Problem, Examine all of them with codes, for those who judge packages.
//
// Everything read here is hostile until checked: names, directories, commands
// and the shape of the text itself. Files are opened below the depot's folder
// only, must be plain, and no link is followed.
package metadata
