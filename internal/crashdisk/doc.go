// SPDX-License-Identifier: Apache-2.0

// Package crashdisk is a disk that can lose power, for tests alone: no binary
// links it.
//
// A disk keeps what was synced and may keep any part of the rest. Op is one thing
// a program asked of it; a list of them is recorded from a real run by Mount, a
// FUSE file system in memory. Disk takes them one after the other and knows which
// are durable. From that follow all states a power cut may leave:
//
//   - Bytes and length of a file are durable after a sync of the file, a name after
//     a sync of its directory, and nothing else is.
//   - Of what is not durable any subset may be there, in any combination. One
//     write may be torn between sectors of 512 bytes, with sectors missing in the
//     middle, or with rubbish in one that was being written, old bytes included.
//   - A rename inside a directory is there as a whole or not at all. Of one between
//     directories the new name may be there beside the old one; the file is never
//     without a name.
//
// This is more than today's file systems do: ext4 keeps the order of names, and
// a sync of one file often makes others durable too.
package crashdisk
