// SPDX-License-Identifier: Apache-2.0

package meant

import "strings"

// maxLength bounds what is compared, in bytes: a longer word is no slip of ours.
const maxLength = 128

// Word returns the known word that is closest to what was written, "" if none is
// close: at most one slip for each three letters, and never more than three. A
// slip is a letter too much, too few, exchanged, or two in the wrong order. Case
// and separators ("-", "_", blanks) are no slips. Of equally close words the first one counts.
func Word(written string, known ...string) string {
	w := plain(written)
	if w == "" || len(w) > maxLength {
		return ""
	}
	best, least := "", min(3, len(w)/3)+1
	for _, k := range known {
		if len(k) > maxLength {
			continue
		}
		if n := slips(w, plain(k), least); n < least {
			best, least = k, n
		}
	}
	return best
}

func plain(s string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s))
}

// slips counts the slips between two words, or returns limit if there are at
// least so many.
func slips(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			differ := 1
			if a[i-1] == b[j-1] {
				differ = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differ)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		// Two letters in the wrong order lead from the row before the last one, so
		// a row over the limit does not end it; its successors do soon enough.
		if least > limit {
			return limit
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit)
}
