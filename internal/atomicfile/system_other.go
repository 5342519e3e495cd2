// SPDX-License-Identifier: Apache-2.0

//go:build !unix && !windows

package atomicfile

import (
	"io/fs"
	"os"
)

// keepOwner has nothing to do where a folder gives its files their owner.
func keepOwner(*os.File, fs.FileInfo) error { return nil }

// SyncFolder has nothing to do where a folder cannot be flushed.
func SyncFolder(*os.Root) error { return nil }

func remove(root *os.Root, name string) error { return root.Remove(name) }

func rename(root *os.Root, from, to string) error { return root.Rename(from, to) }
