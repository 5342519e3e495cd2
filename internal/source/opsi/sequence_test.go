// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/order"
	"pgregory.net/rapid"
)

// TestRightSequenceStays: what contradicts nothing is not touched, whatever the
// priorities.
func TestRightSequenceStays(t *testing.T) {
	server := []string{"z", "java", "x", "app", "a"}
	p, err := planOf(server, map[string]int{"a": 100, "z": -100}, []tie{{"java", "app", "installed"}, {"absent", "a", "installed"}})
	if err != nil || !slices.Equal(p.sequence, server) || p.warnings != nil || p.problem("app") != nil {
		t.Errorf("%+v, %v", p, err)
	}
	if o := p.order(); len(o.Requires["app"]) != 1 || o.Requires["app"][0].Product != "java" || o.Requires["a"][0].Status != "installed" {
		t.Errorf("%+v", o)
	}
	if p, err := planOf(nil, nil, nil); err != nil || p.order() != nil {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestWrongSequenceIsPutRight on the places of those that hang together, and told.
func TestWrongSequenceIsPutRight(t *testing.T) {
	p, err := planOf([]string{"one", "app", "two", "java", "three", "plugin"}, nil, []tie{{"java", "app", "installed"}, {"app", "plugin", "installed"}})
	if err != nil || strings.Join(p.sequence, " ") != "one java two app three plugin" {
		t.Errorf("%q, %v", p.sequence, err)
	}
	if len(p.warnings) != 1 || p.warnings[0] != "the server's sequence has java after app, although its own dependencies want it before; it is put right here" {
		t.Errorf("%q", p.warnings)
	}
}

func TestCircleIsNamed(t *testing.T) {
	p, err := planOf([]string{"b", "app", "a", "java", "x"}, nil, []tie{{"a", "b", ""}, {"b", "a", ""}, {"java", "app", ""}, {"a", "x", ""}})
	if err != nil || order.Broken(p.sequence, []order.Pair{{First: "java", Later: "app"}, {First: "a", Later: "x"}}) != nil {
		t.Errorf("%q, %v", p.sequence, err)
	}
	if problem := p.problem("a"); problem == nil || problem.Code != codeCycle || !strings.Contains(problem.Message, "a, b") || p.problem("app") != nil || p.problem("x") != nil {
		t.Errorf("%+v", p.circles)
	}
	if !slices.ContainsFunc(p.warnings, func(s string) bool { return strings.HasSuffix(s, "circle and are not ordered among themselves: a, b") }) {
		t.Errorf("%q", p.warnings)
	}
}

// TestRandomSets: on 1,000 random sets without circles, in a random sequence of
// the server, no dependency is contradicted, and groups without a contradiction
// stay as they were.
func TestRandomSets(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	broken := 0
	for range 1000 {
		n := 2 + r.IntN(40)
		var ids []string
		priority := map[string]int{}
		for i := range n {
			id := fmt.Sprintf("p%d", i)
			ids = append(ids, id)
			priority[id] = r.IntN(201) - 100
		}
		var ties []tie
		for range r.IntN(2 * n) {
			i, j := r.IntN(n), r.IntN(n)
			if i != j {
				ties = append(ties, tie{ids[min(i, j)], ids[max(i, j)], "installed"})
			}
		}
		server := slices.Clone(ids)
		if r.IntN(4) > 0 {
			r.Shuffle(n, func(i, j int) { server[i], server[j] = server[j], server[i] })
		}
		was := order.Broken(server, pairs(ties))
		broken += len(was)
		p, err := planOf(server, priority, ties)
		if err != nil || len(p.circles) > 0 {
			t.Fatalf("%v, %v", err, p.circles)
		}
		if left := order.Broken(p.sequence, pairs(ties)); len(left) > 0 {
			t.Fatalf("%v is contradicted by %v", left, p.sequence)
		}
		for _, group := range order.Groups(server, pairs(ties)) {
			if len(order.Broken(group, pairs(ties))) > 0 {
				continue
			}
			for _, id := range group {
				if slices.Index(server, id) != slices.Index(p.sequence, id) {
					t.Fatalf("%s was moved without need: %v became %v", id, server, p.sequence)
				}
			}
		}
	}
	if broken < 1000 {
		t.Errorf("only %d contradictions were tried", broken)
	}
}

// TestAnyTies: circles and all, the same products come out, each once, and what
// is left of the dependencies holds.
func TestAnyTies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfNDistinct(rapid.SampledFrom(strings.Split("abcdefgh", "")), 1, 8, rapid.ID[string]).Draw(t, "ids")
		var ties []tie
		for range rapid.IntRange(0, 12).Draw(t, "n") {
			ties = append(ties, tie{rapid.SampledFrom(ids).Draw(t, "first"), rapid.SampledFrom(ids).Draw(t, "later"), ""})
		}
		p, err := planOf(ids, nil, ties)
		if err != nil {
			t.Fatal(err)
		}
		if len(order.Broken(p.sequence, pairs(p.ties))) > 0 {
			t.Fatalf("%v contradicts %v", p.sequence, p.ties)
		}
		got, want := slices.Sorted(slices.Values(p.sequence)), slices.Sorted(slices.Values(ids))
		if !slices.Equal(got, want) {
			t.Fatalf("%v became %v", want, got)
		}
	})
}
