// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package atomicfile

import (
	"io/fs"
	"os"
)

// keepOwner has nothing to do where a folder gives its files their owner.
func keepOwner(*os.File, fs.FileInfo) error { return nil }

// SyncFolder has nothing to do: a folder cannot be flushed on Windows, where the
// file system's journal keeps the order of renames.
func SyncFolder(*os.Root) error { return nil }
