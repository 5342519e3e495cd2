// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package store

import "os"

// datasync makes the file durable. On macOS Sync also flushes the drive's cache.
func datasync(f *os.File) error { return f.Sync() }
