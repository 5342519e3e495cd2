// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package host

// SystemFolders knows nothing: these are folders of Windows.
func SystemFolders() Folders { return Folders{} }

// InstalledFolders finds nothing: the list of installed programs is one of Windows.
func InstalledFolders(func(displayName string) bool) ([]string, error) { return nil, nil }
