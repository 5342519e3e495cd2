// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	ordering "github.com/quietsetup/quietsetup/internal/order"
)

// maxOrderInput is the size of an input in bytes. Ten thousand products with
// thirty thousand dependencies, as servers write them, take half of it.
const maxOrderInput = 16 << 20

// orderInput is what order reads.
type orderInput struct {
	products     []ordering.Product
	dependencies []ordering.Dependency
	warnings     []orderWarning // about what does not count as it stands there

	json    *jsonText
	places  []int64 // of the dependencies, in the text
	unknown []string
}

// place says where a dependency stands.
func (in *orderInput) place(dependency int) string {
	return fmt.Sprintf("%s, dependencies[%d]", in.json.line(in.places[dependency]), dependency)
}

// orderInput reads a file or, as "-", standard input. Whatever is wrong with it
// ends in exit code 7, so that a script can tell it from a failure of its own.
func (a *app) orderInput(path string) (*orderInput, error) {
	name, text, err := a.orderText(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("cannot read the products: %w", err)
	}
	if err == nil {
		var in *orderInput
		if in, err = parseOrder(name, text); err == nil {
			return in, nil
		}
	}
	return nil, &coded{code: exitInvalid, err: fmt.Errorf("cannot read the products: %w", err)}
}

func (a *app) orderText(path string) (name string, text []byte, err error) {
	name, from := "standard input", a.In
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", nil, err
		}
		defer f.Close()
		name, from = path, f
	}
	text, err = io.ReadAll(io.LimitReader(from, maxOrderInput+1))
	if err == nil && len(text) > maxOrderInput {
		err = fmt.Errorf("%s is larger than %d MB", name, maxOrderInput>>20)
	}
	return name, text, err
}

// parseOrder reads the text of an input. Every error names the place: file, line
// and key.
func parseOrder(name string, text []byte) (*orderInput, error) {
	j, err := newJSONText(name, text)
	if err != nil {
		return nil, err
	}
	in := &orderInput{json: j}
	var sawProducts bool
	err = j.object("", func(key string) error {
		switch key {
		case "products":
			sawProducts = true
			return in.readProducts()
		case "dependencies":
			return in.readDependencies()
		}
		return in.skip(key, key)
	})
	if err == nil && !sawProducts {
		err = j.mistake("products", "is missing")
	}
	if err != nil {
		return nil, err
	}
	in.warn()
	return in, nil
}

func (in *orderInput) readProducts() error {
	seen := map[string]int{}
	return in.json.array("products", false, func(at string) error {
		p := ordering.Product{}
		given := "0"
		err := in.json.object(at, func(key string) (err error) {
			switch key {
			case "id":
				p.ID, err = in.id(at + ".id")
			case "priority":
				p.Priority, given, err = in.priority(at + ".priority")
			default:
				err = in.skip(at+"."+key, "products[]."+key)
			}
			return err
		})
		first, twice := seen[p.ID]
		switch {
		case err != nil:
			return err
		case p.ID == "":
			return in.json.mistake(at+".id", "is missing")
		case twice:
			return in.json.mistake(at+".id", fmt.Sprintf("%q is there already, as products[%d]", p.ID, first))
		}
		if c := ordering.Clip(p.Priority); c != p.Priority {
			p.Priority = c
			in.warnings = append(in.warnings, orderWarning{"priority_clipped",
				fmt.Sprintf("the priority of %s is %s; %d is taken, as priorities go from %d to %d", p.ID, given, c, ordering.MinPriority, ordering.MaxPriority),
				[]string{p.ID}, "order.priority_clipped", i18n.Data{"Product": p.ID, "Given": given, "Taken": c}})
		}
		seen[p.ID] = len(in.products)
		in.products = append(in.products, p)
		return nil
	})
}

// actions are the words for what can be done with a product, in opsi's order.
var actions = []string{"setup", "uninstall", "update", "always", "once", "custom", "none"}

func (in *orderInput) readDependencies() error {
	return in.json.array("dependencies", true, func(at string) error {
		d := ordering.Dependency{}
		err := in.json.object(at, func(key string) (err error) {
			here := at + "." + key
			switch key {
			case "productId":
				d.ProductID, err = in.id(here)
			case "requiredProductId":
				d.RequiredProductID, err = in.id(here)
			case "productAction":
				d.ProductAction, err = in.word(here, actions)
			case "requiredAction":
				d.RequiredAction, err = in.word(here, actions)
			case "requiredInstallationStatus":
				d.RequiredInstallationStatus, err = in.word(here, []string{"installed", "not_installed", "unknown"})
			case "requirementType":
				d.RequirementType, err = in.word(here, []string{"before", "after"})
			default:
				err = in.skip(here, "dependencies[]."+key)
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, must := range []struct{ key, value string }{
			{"productId", d.ProductID}, {"productAction", d.ProductAction}, {"requiredProductId", d.RequiredProductID}} {
			if must.value == "" {
				return in.json.mistake(at+"."+must.key, "is missing")
			}
		}
		in.dependencies = append(in.dependencies, d)
		in.places = append(in.places, in.json.offset())
		return nil
	})
}

// id reads a product's id; null is none.
func (in *orderInput) id(at string) (string, error) {
	s, null, err := in.json.text(at)
	if err != nil || null {
		return "", err
	}
	if err := productid.Check(s); err != nil {
		return "", in.json.mistake(at, err.Error())
	}
	return s, nil
}

// word reads one of some words. null and "" are both what servers write for
// nothing said, and give "".
func (in *orderInput) word(at string, known []string) (string, error) {
	s, _, err := in.json.text(at)
	if err == nil && s != "" && !slices.Contains(known, s) {
		err = in.json.mistake(at, fmt.Sprintf("must be one of %s, not %q", strings.Join(known, ", "), i18n.Clean(s, 60)))
	}
	return s, err
}

// priority reads a priority and returns it also as it was written; null is 0.
func (in *orderInput) priority(at string) (n int, given string, err error) {
	given, null, err := in.json.number(at)
	if err != nil || null {
		return 0, "0", err
	}
	x, _ := strconv.ParseFloat(given, 64) // beyond its range it is infinite, and clipped like any other
	if x != math.Trunc(x) {
		return 0, "", in.json.mistake(at, fmt.Sprintf("must be a whole number from %d to %d, not %s", ordering.MinPriority, ordering.MaxPriority, i18n.Clean(given, 60)))
	}
	const far = ordering.MaxPriority + 1
	return int(max(-far, min(far, x))), i18n.Clean(given, 60), nil
}

// skip reads over a member that order does not know, and keeps its name: it may
// be a known one with a slip of the pen.
func (in *orderInput) skip(at, name string) error {
	name = i18n.Clean(name, 60)
	const most = 20
	if len(in.unknown) < most && !slices.Contains(in.unknown, name) {
		in.unknown = append(in.unknown, name)
	}
	return in.json.skip()
}

// warn adds the warnings that need the whole input.
func (in *orderInput) warn() {
	there := map[string]bool{}
	for _, p := range in.products {
		there[p.ID] = true
	}
	var absent []string
	seen := map[string]bool{}
	for i, d := range in.dependencies {
		p, counts := d.Pair()
		for _, id := range []string{p.First, p.Later} {
			if counts && !there[id] && !seen[id] {
				seen[id] = true
				absent = append(absent, id)
			}
		}
		if d.RequiredAction == "" && d.RequiredInstallationStatus == "" {
			in.warnings = append(in.warnings, orderWarning{"no_requirement",
				in.place(i) + ": neither requiredAction nor requiredInstallationStatus is there, so it orders nothing",
				[]string{d.ProductID, d.RequiredProductID}, "order.no_requirement", i18n.Data{"Place": in.place(i)}})
		}
	}
	if len(absent) > 0 {
		in.warnings = append(in.warnings, orderWarning{"absent_product",
			"dependencies with products that are not among the given ones order nothing: " + some(absent),
			absent, "order.absent_product", i18n.Data{"Products": some(absent)}})
	}
	if len(in.unknown) > 0 {
		in.warnings = append(in.warnings, orderWarning{"unknown_member",
			"not known here and not read: " + strings.Join(in.unknown, ", "),
			[]string{}, "order.unknown_member", i18n.Data{"Names": strings.Join(in.unknown, ", ")}})
	}
}
