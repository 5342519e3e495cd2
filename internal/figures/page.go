// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const missing = "not measured yet"

// render draws the table.
func render(rows []row, v values, machine string, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by: make figures -->

# Figures

Measured %s on %s.

Each figure comes from a benchmark or measurement in this repository; ratios are
taken with both sides interleaved in one run. Medians; where several benchmarks
measure the same, the worst of them. Other machines give other numbers, so
compare ratios before times.

| figure | measured | target | reached |
|---|---:|---:|---|
`, now.UTC().Format("2006-01-02"), machine)
	measured, aimed, reached := 0, 0, 0
	for _, r := range rows {
		val, want, verdict := missing, "stated", "–"
		bound := r.target != target{}
		if bound {
			want = r.target.text(r.unit)
		}
		if x, ok := v.find(r.key, r.target); ok {
			measured++
			val = number(x) + r.unit
			if bound {
				aimed++
				verdict = "**no**"
				if r.target.met(x) {
					reached++
					verdict = "yes"
				}
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.figure, val, want, verdict)
	}
	fmt.Fprintf(&b, "\n%d of %d figures measured; of the %d among them with a target, %d reached.\n", measured, len(rows), aimed, reached)
	return b.String()
}

// machine says in a line what was measured on.
func machine() string {
	parts := []string{runtime.GOOS + "/" + runtime.GOARCH, fmt.Sprintf("%d processors", runtime.NumCPU())}
	if m := field("/proc/cpuinfo", "model name"); m != "" {
		parts = append(parts, m)
	}
	if k, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		parts = append(parts, "kernel "+release(string(k)))
	}
	if kb, err := strconv.ParseFloat(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 64); err == nil {
		parts = append(parts, fmt.Sprintf("%.0f GB memory", kb*1024/1e9))
	}
	return strings.Join(append(parts, runtime.Version()), ", ")
}

// release is the version of a kernel without what its builder added.
func release(s string) string {
	parts := strings.SplitN(strings.TrimSpace(s), ".", 3)
	return strings.Join(parts[:min(len(parts), 2)], ".")
}

// field is the first value of a "name : value" file, "" if there is none.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
