// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/metadata/lint"
)

// lintDoc is meta_lint/v1.
type lintDoc struct {
	Schema   string         `json:"schema"`
	Findings []lint.Finding `json:"findings"`
	Errors   int            `json:"errors"`
	Warnings int            `json:"warnings"`
	Hints    int            `json:"hints"`
}

func (a *app) metaLintCommand() *cobra.Command {
	var strict bool
	cmd := &cobra.Command{
		Use:   "lint PATH…",
		Short: "Find what is wrong or doubtful in packages",
		Long: long(`
Judges packages before a machine does. PATH is a package's folder, a folder of
packages, or one file: control, control.toml, opsi-meta-data.toml, or a site's
own metadata file. A package is judged for every system that it is for, on any
machine; links are not followed.

Each finding is a line "file:line: code message (severity)". What the codes mean is
said below them, once for each. docs/metadata.md also says what to do.

JSON: meta_lint/v1.`, "7 there are errors (with --strict: or warnings)"),
		Args: atLeast(1),
		RunE: func(_ *cobra.Command, args []string) error {
			doc := lintDoc{Schema: "meta_lint/v1", Findings: []lint.Finding{}}
			var unread []error
			for _, path := range args {
				found, err := lint.Path(path)
				if err != nil {
					unread = append(unread, err)
				}
				doc.Findings = append(doc.Findings, found...)
			}
			slices.SortStableFunc(doc.Findings, func(x, y lint.Finding) int {
				return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line))
			})
			doc.Errors = lint.Count(doc.Findings, lint.Error)
			doc.Warnings = lint.Count(doc.Findings, lint.Warning)
			doc.Hints = lint.Count(doc.Findings, lint.Hint)
			switch {
			case a.json:
				if err := a.document(doc); err != nil {
					return err
				}
			case a.csv():
				a.lintRows(doc)
			default:
				a.printLint(doc)
			}
			fmt.Fprintln(a.Err, a.words.Text("meta.lint", i18n.Data{"Errors": doc.Errors, "Warnings": doc.Warnings, "Hints": doc.Hints}))
			switch {
			case len(unread) > 0:
				return &coded{code: exitFailed, err: errors.Join(unread...)}
			case doc.Errors > 0, strict && doc.Warnings > 0:
				return done(exitInvalid)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings count like errors")
	return withRows(cmd, lintColumns()...)
}

func lintColumns() []string {
	return []string{"file", "line", "code", "severity", "product", "message"}
}

// printLint prints the findings for people. Messages quote files and keys and are
// English; what a code means is said in the person's own language, on standard
// error, so that an editor that reads the lines finds nothing else.
func (a *app) printLint(doc lintDoc) {
	var codes []string
	for _, f := range doc.Findings {
		fmt.Fprintln(a.Out, f.Told(a.words.Text(severityKey(f.Severity), nil)))
		if !slices.Contains(codes, f.Code) {
			codes = append(codes, f.Code)
		}
	}
	for _, c := range codes {
		fmt.Fprintln(a.Err, a.words.Text("meta.means", i18n.Data{"Code": c, "Means": a.words.Text("lint."+c, nil)}))
	}
}

func severityKey(s lint.Severity) string {
	switch s {
	case lint.Error:
		return "meta.error"
	case lint.Warning:
		return "meta.warning"
	}
	return "meta.hint"
}

// lintRows are findings as rows, whose words are those of JSON.
func (a *app) lintRows(doc lintDoc) {
	t := a.table(lintColumns()...)
	for _, f := range doc.Findings {
		t.row(f.File, f.Line, f.Code, string(f.Severity), f.Product, f.Message)
	}
	t.print()
}

// atLeast refuses too few arguments.
func atLeast(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usage(fmt.Errorf("%s takes at least %d argument(s), not %d: quietsetup %s", cmd.Name(), n, len(args), cmd.CommandPath()[len("quietsetup "):]+cmd.Use[len(cmd.Name()):]))
		}
		return nil
	}
}
