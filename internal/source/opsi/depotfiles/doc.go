// SPDX-License-Identifier: Apache-2.0

// Package depotfiles keeps the files of products that lie in a depot of opsi, for
// a machine that does not mount it.
//
// # What a depot has
//
// A depot gives its files to every host of the site by HTTPS. In <id>/ lies what
// the package has in CLIENT_DATA, without that folder, and without the control
// file: what that says, the config server knows as objects. Beside the files lies
// <id>.files, a line for each with size and MD5. [List] reads it.
//
// A name in that list becomes a name on this machine, below a folder from which
// root runs programs. So a list is believed as a whole or not at all: one name that
// leads out, that means a device to Windows or that another name is taken for, and
// nothing of the product is fetched ([Refused]). Links are what an older opsi writes;
// one that leads to a file of the list becomes a copy of it, any other is refused.
//
// # What is kept
//
// Below the cache's folder a product looks like one of a depot folder, so the same
// reader reads it:
//
//	<id>/OPSI/control.toml   what the server knows, if Options.Control tells it
//	<id>/CLIENT_DATA/…       the metadata file alone, or everything
//	<id>/files.json          what we found ourselves: names, sizes, SHA-256
//	.parts/<id>/…            what was fetched so far, by MD5 and size
//	.new/<id>, .old/<id>     a tree that is being made, and the one that goes
//
// A tree is put together in .new from files that were all checked, made durable and
// exchanged for the one that is there. Whoever looks sees the old tree or the new
// one, after a loss of power, too; New tidies up. (Where a system cannot exchange
// two folders there is a moment without either; New puts the old one back then.)
//
// MD5 says only what the depot meant to send. What lies here is known by SHA-256
// and looked at before each use ([Cache.Verify], [Cache.Whole], and in short just before
// a start [Cache.Look]): a file that was changed, added or taken away since makes the tree worthless, and it is fetched
// anew.
//
// # What goes wrong
//
// A depot that is away, busy or refuses us is waited for: the errors have the
// classes of package opsi. A disk without room is [ErrNoSpace]; that is waited for,
// too. What the depot has and must not be used is a [Refused], which names product and
// file: a defect that somebody has to mend. A package that is exchanged at the depot
// while it is fetched is neither: the list is read again, and if it is another
// one, the work begins anew.
//
// Whoever runs a program of a product's tree calls neither Metadata nor Whole nor Sweep
// for that product meanwhile. Who only wants to know what a product is has a cache of
// his own for that, in another folder.
package depotfiles
