// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzSplitRun: what is taken for a run is PRODUCT#NUMBER, and anything else is
// wrong usage.
func FuzzSplitRun(f *testing.F) {
	for _, s := range []string{"editor", "editor#3", "editor#0", "editor#-1", "#", "a#b#c", "a#99999999999999999999", "a#+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, run, err := splitRun(s)
		switch {
		case err != nil && exitCode(err) != exitUsage:
			t.Errorf("%q: %v", s, err)
		case err == nil && run == 0 && (id != s || strings.Contains(s, "#")):
			t.Errorf("%q became %q", s, id)
		case err == nil && run != 0 && id+"#"+strconv.Itoa(run) != s:
			t.Errorf("%q became %q, run %d", s, id, run)
		}
	})
}

// FuzzSince: a time that is taken is a time, not in the future where it is told
// as a while ago, and anything else is wrong usage.
func FuzzSince(f *testing.F) {
	for _, s := range []string{"", "2026-03-02", "2026-03-02 08:00", "2026-03-02T08:00:00.5+01:00", "90m", "2d", "-5m", "1d12h", "99999d", "9999999h", "yesterday"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := (&app{utc: true}).since(s)
		if err != nil && exitCode(err) != exitUsage {
			t.Errorf("%q: %v", s, err)
		}
		ago := strings.HasSuffix(s, "d") || strings.HasSuffix(s, "h") || strings.HasSuffix(s, "m") || strings.HasSuffix(s, "s")
		if err == nil && ago && at.After(time.Now()) {
			t.Errorf("%q is %v", s, at)
		}
	})
}
