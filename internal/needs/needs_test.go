// SPDX-License-Identifier: Apache-2.0

package needs

import (
	"os"
	"runtime"
	"testing"
)

// verdict stands in for a test and remembers how it was ended.
type verdict struct {
	testing.TB
	skipped, failed bool
}

func (v *verdict) Helper()               {}
func (v *verdict) Skip(...any)           { v.skipped = true }
func (v *verdict) Fatalf(string, ...any) { v.failed = true }

func TestNeeds(t *testing.T) {
	const absent = "no-such-program-anywhere"
	there := "sh"
	if runtime.GOOS == "windows" {
		there = "cmd"
	}
	for _, c := range []struct {
		name string
		met  bool
		ask  func(testing.TB)
	}{
		{"no tool", true, func(t testing.TB) { Tool(t) }},
		{"a tool that is there", true, func(t testing.TB) { Tool(t, there) }},
		{"a tool that is missing", false, func(t testing.TB) { Tool(t, there, absent) }},
		{"root", os.Geteuid() == 0, Root},
		{"linux", runtime.GOOS == "linux", Linux},
	} {
		for _, ci := range []string{"", "1"} {
			t.Run(c.name+" ci="+ci, func(t *testing.T) {
				t.Setenv("QUIETSETUP_CI", ci)
				var v verdict
				c.ask(&v)
				if got := !v.skipped && !v.failed; got != c.met {
					t.Fatalf("met = %v, want %v", got, c.met)
				}
				if !c.met && v.failed != (ci == "1") {
					t.Fatalf("failed = %v with QUIETSETUP_CI=%q", v.failed, ci)
				}
			})
		}
	}
}
