// SPDX-License-Identifier: Apache-2.0

// Package local is a source of requests without a server.
//
// A source is where requests come from and reports go to. This one is a depot
// folder for the packages and one small file for each product in the state
// directory: the product's row. A row holds the fields of opsi's
// productOnClient, so that what a server would show is what is kept here:
//
//	<state>/local/<id>.json
//
// An operator's request changes actionRequest; a report changes the rest, and
// takes the request back only if it is still the one the report is about.
// Otherwise a request made while the installer ran would be lost.
//
// Three things are told apart, because what follows from them differs:
//
//   - a row that says none: the request was withdrawn,
//   - no row: nothing is known of the product,
//   - a depot that is not there: nothing can be said of any request. It is an
//     error (metadata.ErrDepotUnreachable) and is waited for.
//
// A request for a product whose package is missing or broken stays; the package
// may come or be mended.
package local
