// SPDX-License-Identifier: Apache-2.0

package canon

import (
	"bytes"
	"reflect"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// Format returns the canonical form of a metadata file's text. file is how the
// error names it; the error is a tomlfile.Mistake about a text that is no TOML.
func Format(file string, text []byte) ([]byte, error) {
	before, err := tomlfile.Parse(file, text)
	if err != nil {
		return nil, err
	}
	items, err := tomlfile.Items(file, text)
	if err != nil {
		return nil, err
	}
	eol := "\n"
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		eol = "\r\n"
	}
	// Whoever writes tables in an order that matters, keeps the order.
	for _, reorder := range []bool{true, false} {
		out := write(group(items, reorder), reorder, eol)
		if after, err := tomlfile.Parse(file, out); err == nil && same(before, after) && sameComments(file, items, out) {
			return out, nil
		}
	}
	return text, nil
}

// same reports whether two documents hold the same values.
func same(a, b *tomlfile.Document) bool {
	x, y := a.Root(), b.Root()
	if !slices.Equal(x.Keys(), y.Keys()) {
		return false
	}
	for _, k := range x.Keys() {
		if !equal(x.Raw(k), y.Raw(k)) {
			return false
		}
	}
	return true
}

// equal is DeepEqual for values of TOML, where "not a number" equals itself.
func equal(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k := range x {
			if v, ok := y[k]; !ok || !equal(x[k], v) {
				return false
			}
		}
		return true
	case []map[string]any:
		y, ok := b.([]map[string]any)
		return ok && slices.EqualFunc(x, y, func(a, b map[string]any) bool { return equal(a, b) })
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, equal)
	case float64:
		y, ok := b.(float64)
		return ok && (x == y || x != x && y != y)
	}
	return reflect.DeepEqual(a, b)
}

// sameComments reports whether a text holds the comments of the items, in any order.
func sameComments(file string, items []tomlfile.Item, text []byte) bool {
	written, err := tomlfile.Items(file, text)
	return err == nil && slices.Equal(comments(items), comments(written))
}

func comments(items []tomlfile.Item) []string {
	var out []string
	for _, i := range items {
		if i.Kind == tomlfile.ItemComment {
			out = append(out, i.Raw)
		}
		if i.Comment != "" {
			out = append(out, i.Comment)
		}
		for _, t := range i.Value {
			if t.Kind == tomlfile.TokenComment {
				out = append(out, strings.TrimRight(t.Text, " \t\r"))
			}
		}
	}
	slices.Sort(out)
	return out
}
