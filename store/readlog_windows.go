// SPDX-License-Identifier: Apache-2.0

package store

import "os"

// openAtOnce opens for reading. Pipes are in no folder here.
func openAtOnce(path string) (*os.File, error) { return os.Open(path) }

// modes: who may read a file is not said by its mode here.
const modes = false
