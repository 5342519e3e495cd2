// SPDX-License-Identifier: Apache-2.0

// Package policydoc writes docs/policy.md from the tables that the program goes
// by: the keys and layers of package policy and the findings of configcheck. So
// the reference cannot differ from what is read and said.
//
// Its test fails when the file is not what the tables give; "go test
// ./internal/policydoc -update" writes it anew. The example on the page is run
// by the command line each time.
package policydoc
