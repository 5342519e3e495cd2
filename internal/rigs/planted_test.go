// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

// Every planted bug of this repository says in its test's comment what it is.
func TestBugsAreNamed(t *testing.T) {
	bugs, err := bugsIn("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bugs {
		if b.Bug == "" {
			t.Errorf("%s %s has no comment", b.Room, b.Test)
		}
		b.Found, b.How = true, "somehow"
	}
	if err := judgeBugs(bugs); err != nil {
		t.Error(err)
	}
}

func TestHear(t *testing.T) {
	bugs := []*bug{{Bug: "a", Room: "store", Test: "TestPlantedA"}, {Bug: "b", Room: "internal/store", Test: "TestPlantedA"}, {Bug: "c", Room: "store", Test: "TestPlantedC"}}
	err := hear(strings.NewReader(`{"Action":"output","Package":"example/q/store","Test":"TestPlantedA","Output":"    x_test.go:50: found by 2 of 9 tries: a: b\n"}
{"Action":"output","Package":"example/q/store","Test":"TestPlantedC","Output":"    x_test.go:50: seed 7\n"}
no event
{"Action":"pass","Package":"example/q/store","Test":"TestPlantedA"}
{"Action":"fail","Package":"example/q/store","Test":"TestPlantedC"}
`), bugs)
	if err != nil || !bugs[0].Found || bugs[0].How != "by 2 of 9 tries: a: b" || bugs[1].Found || bugs[2].Found {
		t.Errorf("%v: %+v %+v %+v", err, bugs[0], bugs[1], bugs[2])
	}
	said := judgeBugs(bugs).Error()
	for _, want := range []string{"internal/store TestPlantedA: not found", "store TestPlantedC: not found", "3 planted bugs, 20 wanted"} {
		if !strings.Contains(said, want) {
			t.Errorf("not said: %s in %s", want, said)
		}
	}
}
