// SPDX-License-Identifier: Apache-2.0

//go:build unix

package local

import (
	"errors"
	"os"
)

// syncFolder makes a rename in the folder durable.
func syncFolder(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
