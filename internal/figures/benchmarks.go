// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// result is one number that a benchmark reported.
type result struct {
	bench, unit string
	value       float64
}

// values are results by package.
type values map[string][]result

// find returns the median of the results a key names. When several benchmarks
// of a package report the same unit and the key names none, the worst median
// counts. The last result is false when there is none.
func (v values) find(k key, t target) (float64, bool) {
	byBench := map[string][]float64{}
	for _, r := range v[k.pkg] {
		if r.unit == k.unit && strings.Contains(strings.ToLower(r.bench), strings.ToLower(k.bench)) {
			byBench[r.bench] = append(byBench[r.bench], r.value)
		}
	}
	var worst float64
	found := false
	for _, all := range byBench {
		m := median(all)
		if !found || (t.atMost && m > worst) || (!t.atMost && m < worst) {
			worst, found = m, true
		}
	}
	return worst, found
}

func median(all []float64) float64 {
	s := slices.Sorted(slices.Values(all))
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}

// benchmarks runs the benchmarks of every package that a row names and that is there.
func benchmarks(ctx context.Context, count int, into values) error {
	var done []string
	for _, r := range rows() {
		pkg := r.key.pkg
		if pkg == none || slices.Contains(done, pkg) {
			continue
		}
		done = append(done, pkg)
		if info, err := os.Stat(pkg); err != nil || !info.IsDir() {
			continue
		}
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", ".", "-benchmem",
			"-count", strconv.Itoa(count), "-timeout", "20m", "./"+pkg)
		cmd.Stderr = os.Stderr
		fmt.Fprintln(os.Stderr, strings.Join(cmd.Args, " "))
		text, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("the benchmarks of %s failed: %w\n%s", pkg, err, text)
		}
		found, err := parse(bytes.NewReader(text))
		if err != nil {
			return fmt.Errorf("cannot read the benchmarks of %s: %w", pkg, err)
		}
		into[pkg] = found
	}
	return nil
}

// parse reads lines like "BenchmarkX-2  100  12.3 ns/op  1.2 ratio-vs-fold".
func parse(in io.Reader) ([]result, error) {
	var out []result
	s := bufio.NewScanner(in)
	for s.Scan() {
		f := strings.Fields(s.Text())
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		if _, err := strconv.Atoi(f[1]); err != nil {
			continue // a benchmark's own line of text
		}
		name := strings.TrimPrefix(f[0], "Benchmark")
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			if _, err := strconv.Atoi(name[i+1:]); err == nil {
				name = name[:i] // the number of processors
			}
		}
		for i := 2; i+1 < len(f); i += 2 {
			v, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", s.Text(), err)
			}
			out = append(out, result{name, f[i+1], v})
		}
	}
	return out, s.Err()
}
