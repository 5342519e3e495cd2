// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"io/fs"
	"os"

	"github.com/quietsetup/quietsetup/internal/winfile"
)

// ours refuses an open file or folder that others could change.
func ours(file *os.File, _ fs.FileInfo) error { return winfile.CheckOpen(file) }

// looksOurs has nothing to look at: owner and access list are asked of what is open.
func looksOurs(fs.FileInfo) error { return nil }

// removeName deletes a name, renameName gives a file another one.
func removeName(root *os.Root, name string) error { return winfile.Remove(root, name) }

func renameName(root *os.Root, from, to string) error { return winfile.Rename(root, from, to) }

// syncDir makes the names in a directory durable.
func syncDir(root *os.Root) error { return winfile.Flush(root) }

// logFlags open the log for cutting: a handle that can only append cannot cut. The
// installer gets a handle of its own that can only append.
const logFlags = os.O_RDWR

// executableBits: any file may be run, its name says how.
const executableBits = false

// dontBlock has no meaning for files here.
const dontBlock = 0
