// SPDX-License-Identifier: Apache-2.0

package installer

import "golang.org/x/sys/unix"

// runningImage is the program as it runs, even if its path is another file by now.
func runningImage(string) string { return "/proc/self/exe" }

// refusesPrograms reports whether the file system is mounted noexec.
func refusesPrograms(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && st.Flags&unix.ST_NOEXEC != 0
}
