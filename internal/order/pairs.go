// SPDX-License-Identifier: Apache-2.0

package order

// Dependency is what a package declares about another product, in opsi's words:
// for ProductAction of ProductID, the required product is wanted with
// RequiredAction or in RequiredInstallationStatus. "" means that nothing was said.
type Dependency struct {
	ProductID, ProductAction   string
	RequiredProductID          string
	RequiredAction             string // setup, uninstall, …
	RequiredInstallationStatus string // installed, not_installed
	RequirementType            string // before, after, or "" = at any place
}

// Pairs returns the pairs that dependencies mean, in their order, each once.
//
// The rule is that of opsi's algorithms: only a dependency of setup counts that
// wants the other product set up or installed, and only with the word before or
// after. "before" puts the required product first, "after" puts it later.
func Pairs(deps []Dependency) []Pair {
	var out []Pair
	seen := make(map[Pair]bool, len(deps))
	for _, d := range deps {
		p, ok := d.Pair()
		if ok && !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}

// Pair is the pair that the dependency means; false if it orders nothing.
func (d Dependency) Pair() (Pair, bool) {
	if d.ProductAction != "setup" || d.RequiredAction != "setup" && d.RequiredInstallationStatus != "installed" {
		return Pair{}, false
	}
	switch d.RequirementType {
	case "before":
		return Pair{First: d.RequiredProductID, Later: d.ProductID}, true
	case "after":
		return Pair{First: d.ProductID, Later: d.RequiredProductID}, true
	}
	return Pair{}, false
}

// Broken returns the pairs, in their order, that a sequence contradicts: Later
// is not done after First. Pairs with a product that is not in the sequence do
// not count; of a product that is there twice the first place does.
func Broken(sequence []string, pairs []Pair) []Pair {
	place := make(map[string]int, len(sequence))
	for i, id := range sequence {
		if _, ok := place[id]; !ok {
			place[id] = i
		}
	}
	var out []Pair
	for _, p := range pairs {
		first, there := place[p.First]
		later, too := place[p.Later]
		if there && too && first >= later {
			out = append(out, p)
		}
	}
	return out
}
