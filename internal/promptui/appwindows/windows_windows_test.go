// SPDX-License-Identifier: Apache-2.0

package appwindows

import (
	"slices"
	"testing"

	"golang.org/x/sys/windows"
)

func TestToAsk(t *testing.T) {
	const inSight, owned, titled, disabled = 1, 2, 4, 8
	for name, c := range map[string]struct {
		kinds []int
		want  []windows.HWND
	}{
		"none":                              {},
		"what is in sight":                  {[]int{inSight | titled, titled, 0, inSight}, []windows.HWND{0, 3}},
		"not while it asks something":       {[]int{inSight | titled | disabled, inSight | owned | titled, titled, 0}, nil},
		"none in sight: those with a title": {[]int{0, titled, owned}, []windows.HWND{1}},
		"no title either":                   {[]int{0, owned, disabled, 0}, []windows.HWND{0, 3}},
	} {
		var its []shown
		for i, k := range c.kinds {
			its = append(its, shown{windows.HWND(i), k&inSight != 0, k&owned != 0, k&titled != 0, k&disabled == 0})
		}
		if got := toAsk(its); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
