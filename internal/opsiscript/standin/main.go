// SPDX-License-Identifier: Apache-2.0

// Command standin plays opsi-script in tests: the same command line, the same calls to the
// server in the same order, the same writes into the row, with the same faults. What
// it shares with nothing else of this module it can get wrong only by itself.
//
// A script for it is a text with one ending: see endings in script.go. The real
// program can take its place by path, with real scripts.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		fmt.Println("opsi-script 4.12.21.0 (a stand-in for tests)")
		return
	}
	o, ok := parse(os.Args[1:])
	if !ok {
		// As the real one: a wrong command line is no failure.
		fmt.Println("Usage: opsi-script -opsiservice <url> -clientid <id> -credentialfile <file> [-processproducts <ids>]")
		return
	}
	code, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "opsi-script:", err)
		code = 1
	}
	os.Exit(code)
}
