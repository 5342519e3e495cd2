// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package store

import "errors"

func acknowledge(string, uint64) error { return errors.ErrUnsupported }
