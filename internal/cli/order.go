// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/i18n"
	ordering "github.com/quietsetup/quietsetup/internal/order"
)

func (a *app) sequenceCommand() *cobra.Command {
	var input string
	var algorithm int
	cmd := &cobra.Command{
		Use:   "order [--input FILE]",
		Short: "In which order products are done, or would be",
		Long: long(`
Without --input: the order of what is wanted on this machine, as the service
follows it, or the one of a copied log with --file. The service begins with
algorithm 1 or 2 ([source] algorithm), keeps what depends on each other together,
and orders every action, not only setup.

With --input: puts the products of a file in order by their priorities and
dependencies, the way opsi does, and says why each stands where it does. Nothing
is asked and nothing changed; the service need not run.

FILE ("-" = standard input) holds JSON:

  {"products": [{"id": "java"}, {"id": "editor", "priority": 50}],
   "dependencies": [{"productId": "editor", "productAction": "setup",
     "requiredProductId": "java", "requiredInstallationStatus": "installed",
     "requirementType": "before"}]}

A priority is a whole number from 100 (first) to -100, 0 if missing. Only a
dependency of setup orders anything, if its requiredAction is setup or its
requiredInstallationStatus installed and its requirementType before or after.

Algorithm 1 puts dependency before priority: who is needed by others gets the
highest of their priorities. Algorithm 2 puts priority first: dependencies count
among products of the same priority, and each that the priorities contradict is
a warning. Among equals the order of the input counts.

JSON: order/v1; of products that wait for each other in a circle
{"error": {"message", "products"}}.`, "3 the daemon is not running (without --input)", "7 the input is not valid, or there is no order"),
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch alg := ordering.Algorithm(algorithm); {
			case a.file != "" && input != "":
				return usage(errors.New("--file names a log and --input products: one order at a time"))
			case input == "" && cmd.Flags().Changed("algorithm"):
				return usage(errors.New("--algorithm orders what --input names; the service's own is [source] algorithm in its configuration"))
			case input == "":
				return a.orderHere(cmd.Context())
			case alg != ordering.DependencyFirst && alg != ordering.PriorityFirst:
				return usage(fmt.Errorf("there is no algorithm %d: --algorithm is 1 (dependency before priority) or 2 (priority before dependency)", algorithm))
			default:
				return a.order(input, alg)
			}
		},
	}
	cmd.Flags().StringVar(&input, "input", "", "file with products and dependencies, - for standard input")
	cmd.Flags().IntVar(&algorithm, "algorithm", int(ordering.DependencyFirst), "1 dependency before priority, 2 priority before dependency")
	return withRows(cmd, sequenceColumns()...)
}

func sequenceColumns() []string { return []string{"position", "product", "priority", "why"} }

// orderDoc is the answer of order --json.
type orderDoc struct {
	Schema   string         `json:"schema"` // order/v1
	Sequence []string       `json:"sequence"`
	Warnings []orderWarning `json:"warnings"`
}

// orderWarning is something in the input that does not count as it stands there.
type orderWarning struct {
	Code     string   `json:"code"`
	Message  string   `json:"message"` // English
	Products []string `json:"products"`

	key  string    // of the sentence for people
	data i18n.Data // its places
}

// orderErrorDoc says why there is no order.
type orderErrorDoc struct {
	Error orderError `json:"error"`
}

type orderError struct {
	Message  string   `json:"message"`
	Products []string `json:"products"` // those on the cycle, sorted
}

func (a *app) order(path string, alg ordering.Algorithm) error {
	in, err := a.orderInput(path)
	if err != nil {
		return err
	}
	pairs := ordering.Pairs(in.dependencies)
	res, err := ordering.Sequence(alg, in.products, pairs)
	var cycle *ordering.CycleError
	switch {
	case errors.As(err, &cycle):
		if !a.json {
			a.printCycle(in, cycle.Products)
		} else if err := a.document(orderErrorDoc{orderError{cycle.Error(), cycle.Products}}); err != nil {
			return err
		}
		return done(exitInvalid)
	case err != nil:
		return &coded{code: exitInvalid, err: err}
	}
	warnings := append([]orderWarning{}, in.warnings...)
	for _, w := range res.Warnings {
		warnings = append(warnings, orderWarning{string(w.Code), w.Message, []string{w.First, w.Later},
			"order.across_classes", i18n.Data{"First": w.First, "Later": w.Later}})
	}
	if a.json {
		return a.document(orderDoc{"order/v1", res.Sequence, warnings})
	}
	a.printOrder(alg, in.products, pairs, res.Sequence)
	for _, w := range warnings {
		fmt.Fprintln(a.Err, a.words.Text(w.key, w.data))
	}
	return nil
}

// printOrder is the sequence as a table, with what moved each product.
func (a *app) printOrder(alg ordering.Algorithm, products []ordering.Product, pairs []ordering.Pair, sequence []string) {
	if len(sequence) == 0 && !a.csv() {
		a.say("order.empty", nil)
		return
	}
	ignored := map[ordering.Pair]bool{}
	for _, p := range ordering.Broken(sequence, pairs) {
		ignored[p] = true
	}
	before, after := map[string][]string{}, map[string][]string{}
	for _, p := range pairs {
		if !ignored[p] {
			before[p.First] = append(before[p.First], p.Later)
			after[p.Later] = append(after[p.Later], p.First)
		}
	}
	priority := make(map[string]int, len(products))
	raised := map[string]ordering.Raised{}
	for i, r := range ordering.Raise(products, pairs) {
		p := products[i]
		priority[p.ID] = p.Priority
		if alg == ordering.DependencyFirst && r.For != "" {
			raised[p.ID] = r
		}
	}
	t := a.table(sequenceColumns()...)
	for i, id := range sequence {
		var why, raw []string
		add := func(shown, english string) { why, raw = append(why, shown), append(raw, english) }
		if r, ok := raised[id]; ok {
			add(a.words.Text("order.raised", i18n.Data{"Priority": r.Priority, "Product": r.For}), fmt.Sprintf("raised to %d for %s", r.Priority, r.For))
		}
		if others := present(before[id], priority); len(others) > 0 {
			add(a.words.Text("order.before", i18n.Data{"Products": some(others)}), "before "+strings.Join(others, ", "))
		}
		if others := present(after[id], priority); len(others) > 0 {
			add(a.words.Text("order.after", i18n.Data{"Products": some(others)}), "after "+strings.Join(others, ", "))
		}
		t.row(i+1, id, priority[id], told{strings.Join(why, "; "), strings.Join(raw, "; ")})
	}
	t.print()
}

// printCycle names the products of a cycle, the dependencies that close it with
// their places, and what to do.
func (a *app) printCycle(in *orderInput, products []string) {
	say := func(key string, d i18n.Data) { fmt.Fprintln(a.Err, a.words.Text(key, d)) }
	if len(products) == 1 {
		say("order.cycle_self", i18n.Data{"Product": products[0]})
	} else {
		say("order.cycle", i18n.Data{"N": len(products)})
		fmt.Fprintln(a.Err, "  "+strings.Join(products, ", ")) // checked ids, all of them
	}
	on := map[string]bool{}
	for _, id := range products {
		on[id] = true
	}
	const shown = 20
	n := 0
	for i, d := range in.dependencies {
		p, counts := d.Pair()
		if !counts || !on[p.First] || !on[p.Later] {
			continue
		}
		if n++; n <= shown {
			say("order.cycle_pair", i18n.Data{"First": p.First, "Later": p.Later, "Place": in.place(i)})
		}
	}
	if n > shown {
		say("order.cycle_more", i18n.Data{"N": n - shown})
	}
	say("order.cycle_mend", nil)
}

// present are the ids that are among the products.
func present(ids []string, products map[string]int) []string {
	var out []string
	for _, id := range ids {
		if _, ok := products[id]; ok {
			out = append(out, id)
		}
	}
	return out
}

// some is a list of ids for a line: the first of them, and how many there are.
func some(ids []string) string {
	const most = 4
	if len(ids) <= most {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s, … (%d)", strings.Join(ids[:most-1], ", "), len(ids))
}
