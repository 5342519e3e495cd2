// SPDX-License-Identifier: Apache-2.0

package config

import "io/fs"

// CheckOwner returns nil for a file that may decide what this process runs. For
// root that is a file which nobody but root can change, as far as its owner and
// mode say; on Windows, for the system and for administrators, one that nobody
// else can change by its access list. Anybody else runs only with their own rights, and is refused nothing.
// The error names the file and the mend. Folders above it are looked at on Windows
// only, where everybody may make one in ProgramData.
func CheckOwner(name string, info fs.FileInfo) error {
	if !privileged() {
		return nil
	}
	return Changeable(name, info)
}

// CheckSecret is CheckOwner for a file that nobody else may read either, such as
// that of a key. Its mend lets nobody else in: that of other files would.
func CheckSecret(name string, info fs.FileInfo) error {
	if !privileged() {
		return nil
	}
	return exposed(name, info)
}
