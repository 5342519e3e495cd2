// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package depotfiles

import (
	"errors"
	"os"
)

// swap cannot exchange two folders in one step here.
func swap(*os.Root, string, string) error { return errors.ErrUnsupported }
