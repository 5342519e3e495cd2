// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

func TestBehindOf(t *testing.T) {
	waits := func(id, reason, detail string) apitypes.Product {
		return apitypes.Product{ID: id, Phase: "pending", Waits: &apitypes.Waits{Reason: reason, Detail: detail}}
	}
	for name, c := range map[string]struct {
		products []apitypes.Product // the first is asked about
		want     string
	}{
		"a chain to the one that was put off": {[]apitypes.Product{waits("lims", "dependency", "office"), waits("office", "dependency", "java"), waits("java", "user", "")},
			"[office pending dependency java ] [java pending user  ] "},
		"a failed one is the end": {[]apitypes.Product{waits("office", "dependency", "java"),
			{ID: "java", Phase: "reported", Outcome: &apitypes.Outcome{Outcome: "failed", Reason: "exit code 1"}}}, "[java reported  exit code 1 failed] "},
		"it waits for a person":    {[]apitypes.Product{waits("office", "user", "")}, ""},
		"a circle ends":            {[]apitypes.Product{waits("a", "dependency", "b"), waits("b", "dependency", "a")}, "[b pending dependency a ] "},
		"itself":                   {[]apitypes.Product{waits("a", "dependency", "a")}, ""},
		"unknown":                  {[]apitypes.Product{waits("a", "dependency", "gone")}, ""},
		"a busy installer of ours": {[]apitypes.Product{waits("java", "installer_busy", "firefox"), {ID: "firefox", Phase: "installing"}}, "[firefox installing   ] "},
		"one of nobody":            {[]apitypes.Product{waits("java", "installer_busy", "exit code 1618")}, ""},
		"the slot":                 {[]apitypes.Product{waits("a", "slot", "b"), {ID: "b", Phase: "prompting"}}, "[b prompting   ] "},
	} {
		got := ""
		for _, b := range BehindOf(c.products[0], func(id string) (apitypes.Product, bool) {
			for _, p := range c.products {
				if p.ID == id {
					return p, true
				}
			}
			return apitypes.Product{}, false
		}) {
			got += fmt.Sprintf("[%s %s %s %s %s] ", b.Product, b.Phase, b.Reason, b.Detail, b.Outcome)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestNextBesideAnInstaller: whose installer is awaited decides what happens next.
func TestNextBesideAnInstaller(t *testing.T) {
	until := time.Date(2026, 3, 2, 9, 10, 0, 0, time.UTC)
	for detail, want := range map[string]string{"firefox": NextInstaller, "exit code 1618": NextAsk} {
		p := apitypes.Product{ID: "java", Phase: "deferred", Run: 1, Waits: &apitypes.Waits{Reason: "installer_busy", Detail: detail, Until: &until}}
		w := Explain(p, nil, nil)
		w.Follow(p, func(id string) (apitypes.Product, bool) {
			return apitypes.Product{ID: id, Phase: "installing"}, id == "firefox"
		})
		if w.Next != want || w.Until == nil || (len(w.Behind) == 1) != (detail == "firefox") {
			t.Errorf("%s: %+v", detail, w)
		}
	}
}
