// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"strings"
	"testing"
)

// TestOver: an attempt is over when the log holds its end. One that the log does
// not know may have run, and its file is all that tells.
func TestOver(t *testing.T) {
	s := &scenario{world: newWorld(t)}
	over := func(after string, want ...string) {
		t.Helper()
		var got []string
		for _, token := range []string{"s1.app.1.1", "s1.app.1.2", "s1.app.2.1", "s1.app.3.1"} {
			if s.c.Over(token) {
				got = append(got, token)
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("after %s: over are %v, want %v", after, got, want)
		}
	}
	over("nothing")
	for _, step := range []struct {
		line string
		over []string
	}{
		{"package app detect", nil},
		{"request app setup 2.0", nil},
		{"check app", nil}, // cleared
		{"restart", nil},   // lost
		{"probe app never", []string{"s1.app.1.1"}},
		{"check app", []string{"s1.app.1.1"}},
		{"start app", []string{"s1.app.1.1"}},
		{"exit app 0", []string{"s1.app.1.1", "s1.app.1.2"}}, // not verified yet
		{"verify app 2.0", []string{"s1.app.1.1", "s1.app.1.2"}},
		{"report app", []string{"s1.app.1.1", "s1.app.1.2"}},
		{"fork app", nil}, // what was lost may say otherwise
		{"request app setup 3.0", nil},
		{"check app", []string{"s1.app.1.1", "s1.app.1.2"}}, // its next attempt is probed first
	} {
		s.play(strings.Fields(step.line))
		over(step.line, step.over...)
	}
	for _, foreign := range []string{"s2.app.1.1", "s1.other.1.1", "s1.app.1", "s1.app.1.01", "s1.app.x.1", ""} {
		if s.c.Over(foreign) {
			t.Errorf("%q is no attempt of this log", foreign)
		}
	}
}
