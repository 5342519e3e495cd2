// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

func table(results []result) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "package\tkilled\ttimed out\tlived\tnot viable\tscore\t")
	for _, r := range results {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%.1f %%\t\n", r.Package, r.Killed, r.TimedOut, r.Lived, r.NotViable, r.Score)
	}
	_ = w.Flush() // into memory
	return out.String()
}

func render(results []result, reasons map[mutant]reason) string {
	var out strings.Builder
	fmt.Fprintf(&out, `<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by make mutation; the reasons are in internal/mutation/survivors.toml. -->
# Mutation score

How much do the tests of the core and of the log notice? gremlins changes one
operator at a time (`+"`<` to `<=`, `==` to `!=`, `&&` to `||`, `+` to `-`"+`) and runs the
package's tests.

| package | killed | timed out | lived | score | measured on |
|---|---:|---:|---:|---:|---|
`)
	for _, r := range results {
		fmt.Fprintf(&out, "| `%s` | %d | %d | %d | %.1f %% | %s |\n", r.Package, r.Killed, r.TimedOut, r.Lived, r.Score, r.Date)
	}
	for _, r := range results {
		if r.Sample > 1 {
			fmt.Fprintf(&out, "\nOf `%s` one mutant in %d was tried, drawn by its source: its score is an estimate,\nand it has more survivors than are listed here.\n", r.Package, r.Sample)
		}
		if r.Believed {
			fmt.Fprintf(&out, "\nOf `%s` what a test had noticed in an earlier run was not tried again; tests were\nonly added since.\n", r.Package)
		}
	}
	out.WriteString(`
The score is killed and timed out of all. It is counted more strictly than gremlins
alone does:

- A mutant that does not compile is none. gremlins alone counts it as killed since
  Go 1.20, and so it does with what only ` + "`go vet`" + ` finds.
- A mutant that no test reaches has lived. gremlins leaves it out.
- In the core ` + "`&&` and `||`" + ` are changed too, which gremlins does not do by itself.
- Only the package's own tests run, without the rigs and the planted bugs.
- Files of other platforms are left out: nothing of them is compiled here.

A mutant in which the tests run without end is killed after a minute and a half, as
a build would be. Timed out is one for which even that was too long.
`)
	for _, r := range results {
		if len(r.Endless) > 0 {
			fmt.Fprintf(&out, "\n## Without end: %s\n\n", r.Package)
			list(&out, r.Endless, func(mutant) string { return "" })
		}
	}
	for _, r := range results {
		fmt.Fprintf(&out, "\n## Survivors of %s\n", r.Package)
		byKind := map[string][]mutant{}
		for _, m := range r.survivors {
			why, _ := of(reasons, m)
			byKind[why.Kind] = append(byKind[why.Kind], m)
		}
		for _, kind := range slices.Sorted(maps.Keys(byKind)) {
			title := kind + ": " + kinds()[kind]
			if kind == "" {
				title = "without a reason"
			}
			fmt.Fprintf(&out, "\n### %s (%d)\n\n", title, len(byKind[kind]))
			list(&out, byKind[kind], func(m mutant) string {
				why, _ := of(reasons, m)
				return why.Why
			})
		}
	}
	if left := needless(results, reasons); len(left) > 0 {
		out.WriteString("\n## Reasons that are not needed any more\n\n")
		list(&out, left, func(mutant) string { return "" })
	}
	return out.String()
}

// list writes mutants as a list: a table would break at their "||".
func list(out *strings.Builder, ms []mutant, why func(mutant) string) {
	for _, m := range ms {
		fmt.Fprintf(out, "- `%s` %s: `%s`", m.File, strings.Trim("`"+m.Func+"`", " "), m.Change)
		if w := why(m); w != "" {
			fmt.Fprintf(out, "  \n  %s", w)
		}
		out.WriteByte('\n')
	}
}
