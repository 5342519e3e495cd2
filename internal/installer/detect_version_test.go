// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"slices"
	"testing"
)

func TestShorterVersions(t *testing.T) {
	for version, want := range map[string][]string{
		"":        nil,
		"2":       nil,
		"0":       nil,
		"2.1":     nil,
		"2.0":     {"2"},
		"2.1.0.0": {"2.1.0", "2.1"},
		"1.0.0.0": {"1.0.0", "1.0", "1"},
		"1.0.3.0": {"1.0.3"},
		"1.0-rc":  nil,
		"1..0":    nil,
		"v1.0":    nil,
	} {
		if got := shorterVersions(version); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", version, got, want)
		}
	}
}

func TestNewer(t *testing.T) {
	sorted := []string{"x", "1", "1.0.1", "1.2", "1.10", "2.0.0.1", "10"}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := newer(a, b); got != (i > j) {
				t.Errorf("newer(%q, %q) = %v", a, b, got)
			}
		}
	}
	if newer("1.0", "1") || newer("1", "1.0") {
		t.Error("zeros at the end make a version newer")
	}
}
