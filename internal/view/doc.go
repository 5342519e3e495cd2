// SPDX-License-Identifier: Apache-2.0

// Package view is what people are told about the client's state.
//
// It turns the core's state into the wire's types: the list of products, one
// product with its policy, the client as a whole. The daemon uses it for its
// live state, the command line for the state it folded from a copied log, so
// both say the same about the same log.
//
// # What is added
//
// The state knows moments; people want to know whether something takes too
// long. A product is overdue when a rule of the table in overdue.go says so; a
// rule only tells, it never acts.
//
// # What is kept back
//
// User names and paths below a home are private. The state holds references to
// them. They are put in only through a Reveal that the caller has decided upon.
package view
