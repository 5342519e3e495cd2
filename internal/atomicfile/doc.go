// SPDX-License-Identifier: Apache-2.0

// Package atomicfile writes a file that is there whole or not at all.
//
// Power may fail at any moment, disks fill up, and others read meanwhile. So a
// text is written beside its place under a name of its own, made durable, and
// only then given its name; and the folder is made durable, too, or the new name
// could be lost although the bytes are there. Whoever reads sees the old file or
// the new one. What a crash left of an earlier try is taken away by the next.
//
// All of it happens below an [os.Root]: no link leads out of the folder that was
// opened, and nothing that is no plain file is replaced or written through.
package atomicfile
