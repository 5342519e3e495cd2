// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"strconv"
	"strings"
)

// shorterVersions lists a version of numbers without its last zeros: Windows writes
// four parts where people write two, and 2.1.0.0 is 2.1.0 and 2.1.
func shorterVersions(version string) []string {
	parts, ok := numbers(version)
	if !ok {
		return nil
	}
	var shorter []string
	for n := len(parts); n > 1 && parts[n-1] == 0; n-- {
		version = version[:strings.LastIndexByte(version, '.')]
		shorter = append(shorter, version)
	}
	return shorter
}

// newer compares versions of numbers; another text is older than all of them.
func newer(a, b string) bool {
	left, ok := numbers(a)
	if !ok {
		return false
	}
	right, ok := numbers(b)
	if !ok {
		return true
	}
	for i := range max(len(left), len(right)) {
		var l, r uint64
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		if l != r {
			return l > r
		}
	}
	return false
}

func numbers(version string) ([]uint64, bool) {
	var out []uint64
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.ParseUint(part, 10, 64)
		if err != nil {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}
