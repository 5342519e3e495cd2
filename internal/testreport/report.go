// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// line is one line of test2json's output, as far as it is used.
type line struct {
	Action      string
	Package     string
	ImportPath  string // of a build's output
	Test        string
	Output      string
	FailedBuild string
	Elapsed     float64 // seconds
}

type test struct{ pkg, name string }

// report gathers a test run.
type report struct {
	out            io.Writer
	output         map[test][]string
	inside         map[test]string // tests that began and did not end, by their package
	passed, failed int
	broken         int // packages that failed to build, or outside of any test
	failures       map[string]int
	skipped        []string
}

func newReport(out io.Writer) *report {
	return &report{out: out, output: map[test][]string{}, inside: map[test]string{}, failures: map[string]int{}}
}

// read takes lines until the end. A line that is not JSON is go's own message
// and is passed on.
func (r *report) read(in io.Reader) error {
	s := bufio.NewScanner(in)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		var l line
		if json.Unmarshal(s.Bytes(), &l) != nil || l.Action == "" {
			fmt.Fprintln(r.out, s.Text())
			continue
		}
		r.take(l)
	}
	return s.Err()
}

func (r *report) take(l line) {
	k := test{l.Package, l.Test}
	switch l.Action {
	case "build-output":
		fmt.Fprint(r.out, l.Output)
	case "run":
		r.inside[k] = l.Package
	case "output":
		r.output[k] = append(r.output[k], l.Output)
	case "pass", "fail", "skip":
		delete(r.inside, k)
		if l.Test == "" {
			r.takePackage(l)
		} else {
			r.takeTest(l)
		}
		delete(r.output, k)
	}
}

func (r *report) takeTest(l line) {
	k := test{l.Package, l.Test}
	switch l.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		r.failures[l.Package]++
		r.print(r.output[k])
	case "skip":
		r.skipped = append(r.skipped, l.Package+" "+l.Test+": "+reason(r.output[k]))
	}
}

func (r *report) takePackage(l line) {
	k := test{l.Package, ""}
	switch l.Action {
	case "pass":
		fmt.Fprintf(r.out, "ok    %-60s %6.1f s\n", l.Package, l.Elapsed)
	case "skip":
		fmt.Fprintf(r.out, "none  %-60s no tests\n", l.Package)
	case "fail":
		if r.failures[l.Package] == 0 { // a build, TestMain, a panic or a time-out
			r.broken++
			for t, pkg := range r.inside {
				if pkg == l.Package {
					r.print(r.output[t])
				}
			}
			r.print(r.output[k])
		}
		fmt.Fprintf(r.out, "FAIL  %-60s %6.1f s\n", l.Package, l.Elapsed)
	}
}

// close reports the skips, and tests whose package never came to an end.
func (r *report) close() {
	var lost []string
	for k := range r.inside {
		lost = append(lost, k.pkg+" "+k.name)
	}
	slices.Sort(lost)
	for _, name := range lost {
		r.failed++
		fmt.Fprintf(r.out, "never ended: %s\n", name)
	}
	slices.Sort(r.skipped)
	for _, s := range r.skipped {
		fmt.Fprintf(r.out, "skip  %s\n", s)
	}
}

func (r *report) print(lines []string) {
	for _, l := range lines {
		fmt.Fprint(r.out, l)
	}
}

// reason is what a skipped test said, without go's own lines.
func reason(lines []string) string {
	var out []string
	for _, l := range lines {
		l = strings.TrimSpace(l)
		if l != "" && !strings.HasPrefix(l, "=== ") && !strings.HasPrefix(l, "--- ") {
			out = append(out, l)
		}
	}
	return strings.Join(out, " ")
}
