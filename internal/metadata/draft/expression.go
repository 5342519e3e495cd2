// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"regexp"
	"slices"
	"strings"
)

// unknown stands in a text for what only the running script knows.
const unknown = "\x00"

// maxMeanings bounds how many values one variable may have at once: both
// branches of an if are read, and a list is one too.
const maxMeanings = 64

// maxJoined bounds how many values come of joining two lists of them.
const maxJoined = 16

// maxValue bounds the length of one value in bytes.
const maxValue = 512

// variables are a script's variables, by lower-case name with the dollar signs.
type variables map[string][]string

var variable = regexp.MustCompile(`\$[A-Za-z_][A-Za-z0-9_.\-]{0,63}\$`)

// set gives a variable its values. Within an if they come beside the ones it
// has: which branch will run is not known.
func (v variables) set(name string, values []string, branch bool) {
	name = strings.ToLower(name)
	var out []string
	if branch {
		out = slices.DeleteFunc(slices.Clone(v[name]), func(s string) bool { return strings.Trim(s, unknown) == "" })
	}
	for _, s := range values {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) > maxMeanings {
		out = out[len(out)-maxMeanings:]
	}
	v[name] = out
}

// expand replaces the variables in a text, once for each of their meanings.
func (v variables) expand(s string) []string {
	out := []string{""}
	for {
		at := variable.FindStringIndex(s)
		if at == nil {
			return join(out, []string{s})
		}
		meanings, known := v[strings.ToLower(s[at[0]:at[1]])]
		if !known {
			// "a$b$" may be a share's name as well: keep the first sign and go on.
			out, s = join(out, []string{s[:at[0]+1]}), s[at[0]+1:]
			continue
		}
		if len(meanings) == 0 {
			meanings = []string{unknown}
		}
		out, s = join(join(out, []string{s[:at[0]]}), meanings), s[at[1]:]
	}
}

// join appends every tail to every head, within the limits.
func join(heads, tails []string) []string {
	if len(heads) == 1 && heads[0] == "" && len(tails) <= maxMeanings {
		return tails // a list stays whole
	}
	var out []string
	for _, h := range heads {
		for _, t := range tails {
			if len(out) == maxJoined {
				return out
			}
			if len(h)+len(t) > maxValue {
				h, t = "", unknown
			}
			out = append(out, h+t)
		}
	}
	return out
}

// evaluate reads an expression: strings and variables joined by +. Of functions
// only those are known that hand a text through. The second result is how many
// bytes it took.
func (v variables) evaluate(s string) ([]string, int) { return v.sum(s, 0) }

const maxNested = 8

func (v variables) sum(s string, depth int) ([]string, int) {
	out := []string{""}
	pos := 0
	for {
		pos += blanks(s[pos:])
		values, n := v.term(s[pos:], depth)
		if n == 0 {
			return join(out, []string{unknown}), pos
		}
		out = join(out, values)
		pos += n
		next := pos + blanks(s[pos:])
		if next >= len(s) || s[next] != '+' {
			return out, pos
		}
		pos = next + 1
	}
}

func (v variables) term(s string, depth int) ([]string, int) {
	switch {
	case s == "" || depth > maxNested:
		return nil, 0
	case s[0] == '"' || s[0] == '\'':
		end := strings.IndexByte(s[1:], s[0])
		if end < 0 {
			return nil, 0
		}
		return []string{s[1 : 1+end]}, end + 2
	case s[0] == '(':
		values, n := v.sum(s[1:], depth+1)
		n++
		n += blanks(s[n:])
		if n < len(s) && s[n] == ')' {
			n++
		}
		return values, n
	case s[0] == '$':
		at := variable.FindStringIndex(s)
		if at == nil || at[0] != 0 {
			return nil, 0
		}
		values := v[strings.ToLower(s[:at[1]])]
		if len(values) == 0 {
			values = []string{unknown}
		}
		return values, at[1]
	}
	n := 0
	for n < len(s) && (word(s[n]) || s[n] == '.') {
		n++
	}
	if n == 0 {
		return nil, 0
	}
	name := strings.ToLower(s[:n])
	n += blanks(s[n:])
	if n >= len(s) || s[n] != '(' {
		return []string{unknown}, n
	}
	arguments, used := v.arguments(s[n:], depth+1)
	return through(name, arguments), n + used
}

// arguments reads "(a, b)".
func (v variables) arguments(s string, depth int) ([][]string, int) {
	var out [][]string
	pos := 1
	for pos < len(s) {
		pos += blanks(s[pos:])
		if pos < len(s) && s[pos] == ')' {
			return out, pos + 1
		}
		values, n := v.sum(s[pos:], depth)
		out = append(out, values)
		pos += n
		pos += blanks(s[pos:])
		switch {
		case pos < len(s) && s[pos] == ',':
			pos++
		case pos < len(s) && s[pos] == ')':
			return out, pos + 1
		default: // something that is not read: look for the end
			end := strings.IndexByte(s[min(pos, len(s)):], ')')
			if end < 0 {
				return out, len(s)
			}
			return out, pos + end + 1
		}
	}
	return out, len(s)
}

// through is what a function makes of its arguments, as far as that is known.
func through(name string, arguments [][]string) []string {
	switch {
	case len(arguments) == 0:
	case slices.Contains([]string{"lower", "upper", "trim", "unquote", "unquote2", "escapestring"}, name):
		return arguments[0]
	case name == "getproductproperty" && len(arguments) > 1:
		return arguments[1] // what counts where nobody set the property
	case name == "createstringlist":
		var out []string
		for _, a := range arguments {
			out = append(out, a...)
		}
		return out
	case name == "splitstring" && len(arguments) > 1 && arguments[1][0] != "":
		return strings.Split(arguments[0][0], arguments[1][0])
	case name == "envvar" || name == "getenv":
		switch strings.ToLower(arguments[0][0]) {
		case "programfiles(x86)":
			return []string{"%ProgramFiles32Dir%"}
		case "programw6432":
			return []string{"%ProgramFiles64Dir%"}
		case "programfiles":
			return []string{"%ProgramFilesDir%"}
		}
	}
	return []string{unknown}
}

func blanks(s string) int { return len(s) - len(strings.TrimLeft(s, " \t")) }

func word(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}
