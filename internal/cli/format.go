// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// The values of --output-format. auto is table, on a terminal and off it: what a
// person tries by hand is what the pipe gets.
const (
	formatAuto   = "auto"
	formatTable  = "table"
	formatJSON   = "json"
	formatPretty = "pretty-json"
	formatCSV    = "csv"
	formatLines  = "ndjson"
)

func formats() []string {
	return []string{formatAuto, formatTable, formatJSON, formatPretty, formatCSV, formatLines}
}

// rowsKey is the annotation of commands that print rows: the names of their columns.
const rowsKey = "quietsetup.rows"

// withRows says that a command prints a table of these columns, so that CSV and
// a choice of columns make sense of it. Their names are the keys below "table.".
func withRows(cmd *cobra.Command, columns ...string) *cobra.Command {
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[rowsKey] = strings.Join(columns, " ")
	return cmd
}

// columnsOf are the columns of what a command prints, none if it prints no rows.
func columnsOf(cmd *cobra.Command) []string { return strings.Fields(cmd.Annotations[rowsKey]) }

// layout are the flags that say how rows are shown.
type layout struct {
	format     string
	attributes []string // columns wanted, in this order; none = all
	sortBy     string   // "" = as they come
	noHeader   bool
}

func (a *app) formatFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.BoolVar(&a.json, "json", false, "print versioned JSON, the same as --output-format json")
	f.StringVar(&a.layout.format, "output-format", "", "`FORMAT` of the output: "+strings.Join(formats(), ", ")+" (default auto)")
	f.StringSliceVar(&a.layout.attributes, "attributes", nil, "only these `COLUMNS` of a table, in this order: product,phase")
	f.StringVar(&a.layout.sortBy, "sort-by", "", "sort a table by this `COLUMN`")
	f.BoolVar(&a.layout.noHeader, "no-header", false, "no line with the names of the columns")
	f.BoolVar(&a.noColor, "no-color", false, "no colours (NO_COLOR does the same)")
	for flag, offer := range map[string]cobra.CompletionFunc{
		"output-format": cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp),
		"attributes":    completeColumn, "sort-by": completeColumn,
	} {
		if err := root.RegisterFlagCompletionFunc(flag, offer); err != nil {
			panic(err) // the flag stands above
		}
	}
}

// completeColumn offers the columns of a command to the shell.
func completeColumn(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return columnsOf(cmd), cobra.ShellCompDirectiveNoFileComp
}

// chooseFormat reads the flags of a command's output before anything is done.
func (a *app) chooseFormat(cmd *cobra.Command) error {
	l := &a.layout
	switch {
	case l.format != "" && !slices.Contains(formats(), l.format):
		return usage(fmt.Errorf("no output format %q: --output-format is %s", l.format, strings.Join(formats(), ", ")))
	case a.json && l.format != "" && l.format != formatJSON:
		return usage(fmt.Errorf("--json and --output-format %s contradict each other", l.format))
	case a.json:
		l.format = formatJSON
	case l.format == "" || l.format == formatAuto:
		l.format = formatTable
	}
	a.json = l.format == formatJSON || l.format == formatPretty || l.format == formatLines
	columns := columnsOf(cmd)
	switch {
	case l.format == formatCSV && len(columns) == 0:
		return usage(fmt.Errorf("quietsetup %s prints no rows, so there is no CSV of it: try --output-format json", below(cmd)))
	case l.attributes == nil && l.sortBy == "":
	case len(columns) == 0:
		return usage(fmt.Errorf("quietsetup %s prints no rows: --attributes and --sort-by are for tables and CSV", below(cmd)))
	case a.json:
		return usage(errors.New("JSON is always the whole document: --attributes and --sort-by are for tables and CSV"))
	}
	for i, c := range l.attributes {
		c = strings.TrimSpace(c)
		if l.attributes[i] = c; !slices.Contains(columns, c) {
			return usage(fmt.Errorf("no column %q: --attributes takes %s", c, strings.Join(columns, ", ")))
		}
		if slices.Contains(l.attributes[:i], c) {
			return usage(fmt.Errorf("the column %q stands twice in --attributes", c))
		}
	}
	if l.sortBy != "" && !slices.Contains(columns, l.sortBy) {
		return usage(fmt.Errorf("no column %q: --sort-by takes %s", l.sortBy, strings.Join(columns, ", ")))
	}
	a.rows = a.Out
	if l.format == formatCSV {
		a.Out = a.Err // sentences are not data
	}
	return nil
}

// csv reports whether rows go out as CSV; whatever else is printed then goes to
// standard error.
func (a *app) csv() bool { return a.layout.format == formatCSV }

// below is the path of a command without the program's name.
func below(cmd *cobra.Command) string {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	return path
}

// document prints one JSON document. As NDJSON a list is one line for each of
// its members, and anything else is one line.
func (a *app) document(v any) error {
	if a.layout.format == formatLines {
		for _, one := range members(v) {
			if err := a.line(one); err != nil {
				return err
			}
		}
		return nil
	}
	text, err := encode(v, "  ")
	if err != nil {
		return err
	}
	_, err = a.Out.Write(append(text, '\n'))
	return err
}

// encode gives v as JSON that is safe to look at. A terminal may obey what lies
// between 0x80 and 0x9f, and marks of direction make a text read as another one;
// JSON allows both and means the same when they are escaped.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	var out bytes.Buffer
	for _, r := range string(text) {
		if r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Bidi_Control, r) {
			fmt.Fprintf(&out, "\\u%04x", r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.Bytes(), nil
}

// line prints one object of a stream.
func (a *app) line(v any) error {
	text, err := encode(v, "")
	if err != nil {
		return err
	}
	return a.rawLine(text)
}

// rawLine prints an object of a stream that is JSON already, byte for byte.
func (a *app) rawLine(text []byte) error {
	b := bytes.NewBuffer(slices.Clone(text))
	if a.layout.format == formatPretty {
		b.Reset()
		if err := json.Indent(b, text, "", "  "); err != nil {
			return err
		}
	}
	b.WriteByte('\n')
	_, err := a.Out.Write(b.Bytes())
	return err
}

// lister is a document that is a list: each member says for itself what it is.
type lister interface{ Members() []any }

// members are the lines of a document.
func members(v any) []any {
	var out []any
	switch v := v.(type) {
	case apitypes.Products:
		for _, p := range v.Products {
			out = append(out, apitypes.ProductDoc{Schema: apitypes.SchemaProduct, At: v.At, Seq: v.Seq, Product: p})
		}
	case apitypes.Processes:
		for _, p := range v.Processes {
			out = append(out, processDoc{"process/v1", v.At, v.Product, v.Complete, p})
		}
	case lister:
		out = v.Members()
	default:
		out = []any{v}
	}
	return out
}
