// SPDX-License-Identifier: Apache-2.0

// Package statesdoc draws docs/states.md from the transition table that the
// core is asked, so that the picture cannot differ from the program.
//
// The generator stands outside of fsm and events, which are linked into the
// service and know nothing of documents. Its test fails when the file is not
// what the table gives; "go test ./internal/statesdoc -update" writes it anew.
package statesdoc
