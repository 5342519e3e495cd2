// SPDX-License-Identifier: Apache-2.0

package atomicfile

import (
	"io/fs"
	"os"

	"github.com/quietsetup/quietsetup/internal/winfile"
)

// keepOwner has nothing to do: a folder's access list is inherited by its files.
func keepOwner(*os.File, fs.FileInfo) error { return nil }

// SyncFolder makes the names in a folder durable, as far as Windows can be asked.
func SyncFolder(root *os.Root) error { return winfile.Flush(root) }

// remove and rename have patience with whoever holds the file open just now.
func remove(root *os.Root, name string) error { return winfile.Remove(root, name) }

func rename(root *os.Root, from, to string) error { return winfile.Rename(root, from, to) }
