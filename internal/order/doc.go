// SPDX-License-Identifier: Apache-2.0

// Package order says in which order several products are done, the way opsi
// does it.
//
// Two things speak about order. A dependency says that one product must be done
// before another: a program written in Java wants the runtime first. A priority,
// a number from 100 to -100, says that a product belongs near the beginning
// (patches, drivers) or the end (an inventory). What counts when the two
// contradict each other is a matter of taste, so there are two algorithms.
//
// # Dependency before priority
//
// [DependencyFirst], algorithm 1, is opsi's default. A product that others need
// takes the priority of the highest of them if its own is lower; so a runtime of
// priority -20 moves up to the driver of priority 90 that needs it. After that
// no dependency contradicts a priority, and every dependency holds. Asked about
// all products of a depot it gives one order for good, whichever of them are
// wanted, which matters when a reboot cuts a run in two.
//
// # Priority classes before dependency
//
// [PriorityFirst], algorithm 2, takes all products of one priority as a class
// and does class after class, the highest first. Dependencies order products
// inside a class only. One between classes is either kept by the classes anyway,
// or it contradicts them; then it is ignored, and a [Warning] says so. This is
// for sites that number their first and last products by hand, as start scripts
// are numbered.
//
// # Inside a class
//
// Both end in the same step, whose details are opsi's, so that people see the
// sequence that they know:
//
//  1. Products that no dependency of this class names, in the order of the input.
//  2. Then again and again: of the products that must be done before another one
//     and have nothing left to wait for, the one that stands first in the input.
//  3. The rest, which only wait and which nothing waits for, in the order of the
//     input.
//
// # Which dependencies count
//
// A dependency belongs to an action of a product and asks for an action or a
// status of another one. Only setup is ordered: [Pairs] takes those that belong
// to setup, ask for setup or for being installed, and say "before" or "after". A
// dependency without that word means "this one too", at any place. A pair with a
// product that is not to be done orders nothing.
//
// # Cycles
//
// When products wait for each other in a circle there is no order. That is a
// [*CycleError] with exactly the products of the circle, not also those that
// wait for it, because the circle is what somebody has to mend.
//
// # Why a server's sequence is checked
//
// opsi servers since 4.3 use neither algorithm. They collect the requested
// products and all that these need in groups of connected products and sort each
// group by priority; then they move each dependency's products into place, in
// one single pass. A later move can undo an earlier one, a dependency on a
// product that was visited before on another way is not looked at, and a circle
// is broken in silence. So a sequence that the server gives can contradict a
// dependency that the same server declares. It is what administrators see in
// their tools, so it is not replaced; but whoever takes it asks [Broken] what it
// contradicts, so that no product goes ahead of what it needs unnoticed.
package order
