// SPDX-License-Identifier: Apache-2.0

package order

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// ps reads "a:50 b c:-3".
func ps(text string) []Product {
	var out []Product
	for word := range strings.FieldsSeq(text) {
		id, number, _ := strings.Cut(word, ":")
		p := Product{ID: id}
		_, _ = fmt.Sscan(number, &p.Priority)
		out = append(out, p)
	}
	return out
}

// pairs reads "a<b c<d".
func pairs(text string) []Pair {
	var out []Pair
	for word := range strings.FieldsSeq(text) {
		first, later, _ := strings.Cut(word, "<")
		out = append(out, Pair{first, later})
	}
	return out
}

func TestSequence(t *testing.T) {
	for _, c := range []struct{ name, products, pairs, first, second string }{
		{"nothing", "", "", "", ""},
		{"the input's order", "c a b", "", "c a b", "c a b"},
		{"priorities", "low:-5 zero high:5", "", "high zero low", "high zero low"},
		{"what nothing names comes before what a pair names", "a b c", "a<c", "b a c", "b a c"},
		{"what only waits comes last, also if it could come sooner", "sink a b c", "a<sink b<c", "a b sink c", "a b sink c"},
		{"the lowest that is free, not the first that became free", "b c a d", "a<b b<d c<d", "c a b d", "c a b d"},
		{"a dependency raises", "app:50 java", "java<app", "java app", "app java"},
		{"over others", "app:50 mid java", "java<mid mid<app", "java mid app", "app java mid"},
		{"kept by the classes", "a b:10", "b<a", "b a", "b a"},
		{"raised, but not above its own", "app:50 java:70", "java<app", "java app", "java app"},
		{"who is raised keeps the input's place in the class", "java x:50 app:50", "java<app", "x java app", "x app java"},
		{"absent products", "a b", "b<z z<a", "a b", "a b"},
		{"clipped", "a:100 b:900 c:-900 d:-100", "", "a b c d", "a b c d"},
		{"clipped to the same class", "a:100 b:900", "b<a", "b a", "b a"},
		{"twice the same pair", "a b", "b<a b<a", "b a", "b a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i, want := range []string{c.first, c.second} {
				res, err := Sequence(Algorithm(i+1), ps(c.products), pairs(c.pairs))
				if got := strings.Join(res.Sequence, " "); err != nil || got != want {
					t.Errorf("algorithm %d: %q %v, want %q", i+1, got, err, want)
				}
				if res.Sequence == nil {
					t.Error("no sequence is not an empty one")
				}
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	res, err := Sequence(PriorityFirst, ps("java:-20 app:300 x"), pairs("java<app app<java java<app java<x"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Warning{
		{AcrossClasses, Pair{"java", "app"}, "java must be done before app, but its priority is lower (-20, not 100), so that dependency is ignored"},
		{AcrossClasses, Pair{"java", "x"}, "java must be done before x, but its priority is lower (-20, not 0), so that dependency is ignored"},
	}
	if !slices.Equal(res.Warnings, want) {
		t.Errorf("%+v", res.Warnings)
	}
}

func TestCycles(t *testing.T) {
	for _, c := range []struct{ name, products, pairs, first, second string }{
		{"two", "b a", "a<b b<a", "a b", "a b"},
		{"itself", "a b", "b<b", "b", "b"},
		{"neither who waits for it nor whom it waits for", "w x a b c y", "w<a x<w a<b b<c c<a c<y", "a b c", "a b c"},
		{"with a chord", "a b c d", "a<b b<c c<d d<a b<d", "a b c d", "a b c d"},
		{"the first of the input", "d c b a", "a<b b<a c<d d<c", "c d", "c d"},
		{"the first, wherever the walk begins", "x b a d c", "a<b b<a c<d d<c x<c", "a b", "a b"},
		{"the highest class", "d c b:1 a:1", "a<b b<a c<d d<c", "a b", "a b"},
		{"the highest class as raised", "d c b:1 a:1 top:9", "a<b b<a c<d d<c d<top", "c d", "a b"},
		{"across classes it is one for dependencies only", "a b:5", "a<b b<a", "a b", ""},
		{"two that share a product are one", "a b c", "a<b b<a b<c c<b", "a b c", "a b c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i, want := range []string{c.first, c.second} {
				res, err := Sequence(Algorithm(i+1), ps(c.products), pairs(c.pairs))
				if want == "" {
					if err != nil {
						t.Errorf("algorithm %d: %v", i+1, err)
					}
					continue
				}
				var cycle *CycleError
				if !errors.As(err, &cycle) || res.Sequence != nil {
					t.Errorf("algorithm %d: %v %v", i+1, res, err)
				} else if got := strings.Join(cycle.Products, " "); got != want {
					t.Errorf("algorithm %d: %q, want %q", i+1, got, want)
				} else if !strings.Contains(err.Error(), strings.Join(cycle.Products, ", ")) {
					t.Errorf("does not name them: %v", err)
				}
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	if _, err := Sequence(DependencyFirst, ps("a b a"), nil); !errors.Is(err, ErrDuplicate) || !strings.Contains(err.Error(), `"a"`) {
		t.Error(err)
	}
	for _, alg := range []Algorithm{0, 3, -1} {
		if _, err := Sequence(alg, nil, nil); err == nil || !strings.HasPrefix(err.Error(), "cannot order") {
			t.Error(alg, err)
		}
	}
}

func TestPairs(t *testing.T) {
	for _, c := range []struct {
		d    Dependency
		want Pair // none = the zero value
	}{
		{Dependency{"app", "setup", "java", "setup", "", "before"}, Pair{"java", "app"}},
		{Dependency{"app", "setup", "java", "", "installed", "before"}, Pair{"java", "app"}},
		{Dependency{"app", "setup", "java", "", "installed", "after"}, Pair{"app", "java"}},
		{Dependency{"app", "setup", "java", "setup", "installed", "after"}, Pair{"app", "java"}},
		{Dependency{"app", "setup", "java", "uninstall", "installed", "before"}, Pair{"java", "app"}},
		{Dependency{"app", "setup", "app", "setup", "", "before"}, Pair{"app", "app"}},
		{Dependency{"app", "setup", "java", "setup", "", ""}, Pair{}},
		{Dependency{"app", "setup", "java", "", "", "before"}, Pair{}},
		{Dependency{"app", "setup", "java", "uninstall", "", "before"}, Pair{}},
		{Dependency{"app", "setup", "java", "", "not_installed", "before"}, Pair{}},
		{Dependency{"app", "uninstall", "java", "setup", "", "before"}, Pair{}},
		{Dependency{"app", "update", "java", "", "installed", "before"}, Pair{}},
		{Dependency{"app", "setup", "java", "update", "", "before"}, Pair{}},
	} {
		got := Pairs([]Dependency{c.d, c.d})
		if c.want == (Pair{}) && len(got) == 0 {
			continue
		}
		if len(got) != 1 || got[0] != c.want {
			t.Errorf("%+v: %v, want %v", c.d, got, c.want)
		}
	}
}

func TestGroups(t *testing.T) {
	for _, c := range []struct{ ids, pairs, want string }{
		{"", "a<b", "[]"},
		{"c b a", "", "[[c] [b] [a]]"},
		{"c b a d", "a<c", "[[c a] [b] [d]]"},
		{"a b c d e", "e<d d<a b<b", "[[a d e] [b] [c]]"},
		{"a b", "a<z z<b", "[[a] [b]]"},
		{"a b a", "b<a", "[[a b]]"},
		{"a b c", "a<b b<c c<a", "[[a b c]]"},
	} {
		if got := fmt.Sprint(Groups(strings.Fields(c.ids), pairs(c.pairs))); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.ids, c.pairs, got, c.want)
		}
	}
}

func TestRaise(t *testing.T) {
	got := Raise(ps("app:50 mid java:-20 other:900 tool:60 peer:50 loop loop2"),
		pairs("java<mid mid<app tool<app java<z peer<app loop<loop2 loop2<loop"))
	want := []Raised{{50, ""}, {50, "app"}, {50, "app"}, {100, ""}, {60, ""}, {50, ""}, {0, ""}, {0, ""}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestBroken(t *testing.T) {
	all := pairs("a<b b<a c<c a<z z<a b<c")
	if got := fmt.Sprint(Broken([]string{"a", "b", "c", "a"}, all)); got != "[{b a} {c c}]" {
		t.Error(got)
	}
}

// TestLongChain: a hundred thousand products in one line, and in one circle,
// are neither too deep nor too slow.
func TestLongChain(t *testing.T) {
	const n = 100_000
	products := make([]Product, n)
	line := make([]Pair, 0, n)
	for i := range products {
		products[i].ID = fmt.Sprint("p", i)
		if i > 0 {
			line = append(line, Pair{products[i].ID, products[i-1].ID})
		}
	}
	res, err := Sequence(DependencyFirst, products, line)
	if err != nil || res.Sequence[0] != products[n-1].ID || res.Sequence[n-1] != products[0].ID {
		t.Fatal(err)
	}
	var cycle *CycleError
	if _, err := Sequence(DependencyFirst, products, append(line, Pair{products[0].ID, products[n-1].ID})); !errors.As(err, &cycle) || len(cycle.Products) != n {
		t.Error("the circle was not found")
	}
	if _, err := Sequence(DependencyFirst, products, append(line, Pair{products[0].ID, products[0].ID})); !errors.As(err, &cycle) || len(cycle.Products) != 1 {
		t.Error("the product that waits for itself was not found")
	}
}

// crowd makes products with random priorities out of levels, and acyclic pairs,
// about one and a half for each product.
func crowd(r *rand.Rand, n, levels int) ([]Product, []Pair) {
	products := make([]Product, n)
	for i := range products {
		products[i] = Product{ID: fmt.Sprintf("product-%d", i), Priority: r.IntN(levels) - levels/2}
	}
	rank := r.Perm(n) // pairs lead to a higher rank, so none leads back
	var out []Pair
	for range n * 3 / 2 {
		a, b := r.IntN(n), r.IntN(n)
		if rank[a] > rank[b] {
			a, b = b, a
		}
		if a != b {
			out = append(out, Pair{products[a].ID, products[b].ID})
		}
	}
	return products, out
}

// TestNothingViolated: with dependencies first nothing is contradicted, with
// priorities first exactly what was warned of, and the classes stand.
func TestNothingViolated(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ignored := 0
	for range 1000 {
		products, pairs := crowd(r, 1+r.IntN(200), []int{1, 3, 21, 201}[r.IntN(4)])
		res, err := Sequence(DependencyFirst, products, pairs)
		if err != nil {
			t.Fatal(err)
		}
		if broken := Broken(res.Sequence, pairs); len(broken) > 0 || len(res.Sequence) != len(products) || len(res.Warnings) > 0 {
			t.Fatalf("%v contradicts %v, warnings %v", res.Sequence, broken, res.Warnings)
		}
		res, err = Sequence(PriorityFirst, products, pairs)
		if err != nil {
			t.Fatal(err)
		}
		warned := map[Pair]bool{}
		for _, w := range res.Warnings {
			warned[w.Pair] = true
		}
		for _, p := range Broken(res.Sequence, pairs) {
			if !warned[p] {
				t.Fatalf("%v contradicts %v in silence", res.Sequence, p)
			}
		}
		ignored += len(warned)
		priority := map[string]int{}
		for _, p := range products {
			priority[p.ID] = p.Priority
		}
		if !slices.IsSortedFunc(res.Sequence, func(a, b string) int { return priority[b] - priority[a] }) {
			t.Fatalf("%v is not sorted by class", res.Sequence)
		}
	}
	if ignored == 0 {
		t.Error("no set had a pair across classes")
	}
}
