// SPDX-License-Identifier: Apache-2.0

package tomlfile

import "strings"

// Nearest is the known word that was probably meant by one that is not known,
// "" if none is near: other case or separators, or a slip or two of the fingers.
func Nearest(word string, known []string) string {
	const longest = 64
	if len(word) > longest {
		return ""
	}
	plain := strings.NewReplacer("_", "", "-", "", " ", "")
	bare := plain.Replace(strings.ToLower(word))
	best, least := "", 1+min(2, len(bare)/3)
	for _, k := range known {
		if d := distance(bare, plain.Replace(strings.ToLower(k)), least); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters that must be changed, added, left out or swapped
// with their neighbour to make b of a; it may give any larger number above most.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
