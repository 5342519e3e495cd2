// SPDX-License-Identifier: Apache-2.0

// Package meant guesses which known word somebody meant who wrote another one:
// a misspelt key of a file, a product's id with a slip in it.
//
// The guess goes into a message and never counts: what is not known stays an
// error, and a person decides.
package meant
