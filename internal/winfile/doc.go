// SPDX-License-Identifier: Apache-2.0

// Package winfile answers for Windows what a mode, an owner's number and fsync
// answer elsewhere: who could change a file, and is its name durable.
//
// # Who could change it
//
// A file belongs to a security identifier and carries an access list. A file that
// decides what runs with the system's rights must belong to the system, the
// administrators or whoever runs this program, and its list must let nobody else
// write to it, delete it or change the list. Folders below ProgramData do not pass
// by themselves: there every user may create files. So a private folder is created
// with a list of its own that inherits nothing (MakePrivate), and a folder that is
// there is believed only with the whole way to it (CheckWay): whoever owns a folder
// above can put another one in its place.
//
// # Names
//
// A virus scanner or a backup opens a file at any moment and keeps it from being
// replaced for a few milliseconds, so Rename tries again for a while (Patiently). Some file
// systems cannot delete the way that is asked for first; Remove asks the older way
// then. Flush makes the names of a folder durable as far as Windows can be asked.
//
// On other systems the package is empty.
package winfile
