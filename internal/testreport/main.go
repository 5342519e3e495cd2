// SPDX-License-Identifier: Apache-2.0

// Command testreport reads what "go test -json" prints and says it shortly: a
// line for each package, the full output of what failed, each skip with its
// reason, and the counts. It ends with 1 when something failed, when nothing
// was tested, and, with QUIETSETUP_CI=1, when a test was skipped.
//
//	go test -json ./... | go run ./internal/testreport
package main

import (
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Stdin, os.Stdout, os.Getenv("QUIETSETUP_CI") == "1")) }

// run reports and returns the exit code.
func run(in io.Reader, out io.Writer, skipFails bool) int {
	r := newReport(out)
	if err := r.read(in); err != nil {
		fmt.Fprintf(out, "cannot read the test output: %v\n", err)
		return 1
	}
	r.close()
	bad := r.failed > 0 || r.broken > 0
	if r.passed == 0 {
		fmt.Fprintln(out, "no test passed: that proves nothing")
		bad = true
	}
	if skipFails && len(r.skipped) > 0 {
		fmt.Fprintln(out, "QUIETSETUP_CI=1: a skipped test is a failure")
		bad = true
	}
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, len(r.skipped))
	if bad {
		return 1
	}
	return 0
}
