// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package host

// SystemFolders knows nothing: these are folders of Windows.
func SystemFolders() Folders { return Folders{} }
