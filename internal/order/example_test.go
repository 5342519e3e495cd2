// SPDX-License-Identifier: Apache-2.0

package order_test

import (
	"errors"
	"fmt"

	"github.com/quietsetup/quietsetup/internal/order"
)

// A program needs a runtime, and the site wants that program early.
func ExampleSequence() {
	products := []order.Product{{ID: "editor"}, {ID: "accounting", Priority: 90}, {ID: "java"}, {ID: "inventory", Priority: -90}}
	pairs := order.Pairs([]order.Dependency{
		{ProductID: "accounting", ProductAction: "setup", RequiredProductID: "java", RequiredInstallationStatus: "installed", RequirementType: "before"},
	})
	for _, alg := range []order.Algorithm{order.DependencyFirst, order.PriorityFirst} {
		res, err := order.Sequence(alg, products, pairs)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(res.Sequence)
		for _, w := range res.Warnings {
			fmt.Println(w.Message)
		}
	}
	// Output:
	// [java accounting editor inventory]
	// [accounting editor java inventory]
	// java must be done before accounting, but its priority is lower (0, not 90), so that dependency is ignored
}

// Only the circle is named, not the product that waits for it.
func ExampleSequence_cycle() {
	products := []order.Product{{ID: "report"}, {ID: "server"}, {ID: "client"}}
	pairs := []order.Pair{{First: "client", Later: "server"}, {First: "server", Later: "client"}, {First: "server", Later: "report"}}
	_, err := order.Sequence(order.DependencyFirst, products, pairs)
	var cycle *order.CycleError
	if errors.As(err, &cycle) {
		fmt.Println(cycle.Products)
	}
	fmt.Println(err)
	// Output:
	// [client server]
	// cannot order the products: each of these must be done before the others: client, server
}

// "before" and "after" mean opposite pairs; without either there is none.
func ExamplePairs() {
	need := order.Dependency{ProductID: "app", ProductAction: "setup", RequiredProductID: "java", RequiredAction: "setup"}
	for _, need.RequirementType = range []string{"before", "after", ""} {
		fmt.Printf("%q %v\n", need.RequirementType, order.Pairs([]order.Dependency{need}))
	}
	// Output:
	// "before" [{java app}]
	// "after" [{app java}]
	// "" []
}

// What hangs together stays together.
func ExampleGroups() {
	pairs := []order.Pair{{First: "java", Later: "accounting"}, {First: "java", Later: "designer"}}
	fmt.Println(order.Groups([]string{"editor", "designer", "java", "accounting"}, pairs))
	// Output: [[editor] [designer java accounting]]
}

// A server's sequence is compared with what the packages declare.
func ExampleBroken() {
	declared := []order.Pair{{First: "java", Later: "accounting"}, {First: "java", Later: "editor"}}
	fmt.Println(order.Broken([]string{"accounting", "java", "editor"}, declared))
	// Output: [{java accounting}]
}

// Why does java come first?
func ExampleRaise() {
	products := []order.Product{{ID: "java", Priority: -20}, {ID: "accounting", Priority: 90}}
	for i, r := range order.Raise(products, []order.Pair{{First: "java", Later: "accounting"}}) {
		fmt.Printf("%s %d %q\n", products[i].ID, r.Priority, r.For)
	}
	// Output:
	// java 90 "accounting"
	// accounting 90 ""
}
