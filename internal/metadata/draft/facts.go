// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"fmt"
	"slices"
	"strings"
)

// origin is where something was found.
type origin struct {
	file  string // as a person finds it: "CLIENT_DATA/setup.opsiscript"
	line  int    // 0 = no line
	what  string // "$InstallDir$", "its Directory table"
	guess bool
}

// String is the comment above a value, without the "# ".
func (o origin) String() string {
	s := "from " + o.file
	if o.line > 0 {
		s += fmt.Sprintf(" line %d", o.line)
	}
	if o.what != "" {
		s += ": " + o.what
	}
	s = clean(s, 300)
	if o.guess {
		s = "guessed: please check; " + s
	}
	return s
}

// hint is what a place tells of the machines it is for; "" = nothing.
type hint struct{ os, arch string }

// and adds what other knows and h does not.
func (h hint) and(other hint) hint {
	if h.os == "" {
		h.os = other.os
	}
	if h.arch == "" {
		h.arch = other.arch
	}
	return h
}

// value is a text with its origin and what is known of its machines.
type value struct {
	text string
	at   origin
	hint
	number string // digits at the end of the variable it came from
	weak   bool   // only mentioned; used where nothing better is known
}

// call is a file of the package that a script starts.
type call struct {
	name string // below CLIENT_DATA
	at   origin
	hint
	dirs []value // that the command line itself names
}

// facts are what a package's texts say.
type facts struct {
	dirs    []value
	kills   []value
	calls   []call
	space   []value  // "30 MB" in bytes as text
	reboots []value  // text: "always" or "maybe"
	stops   []value  // services that a script stops itself
	perUser []value  // folders in people's profiles
	lost    []value  // variables of folders whose value cannot be told
	exits   []value  // exit codes a script looks at
	missing []string // scripts that are named and not there
	broken  []string // scripts that cannot be read, with the reason
}

// maxFound bounds every list of facts: a script may be made to fill them.
const maxFound = 200

func add(to *[]value, v value) {
	if len(*to) >= maxFound || slices.ContainsFunc(*to, func(o value) bool { return strings.EqualFold(o.text, v.text) && o.os == v.os }) {
		return
	}
	*to = append(*to, v)
}

func (f *facts) called(c call) {
	for i, o := range f.calls {
		if o.name == c.name {
			f.calls[i].hint = o.hint.and(c.hint)
			f.calls[i].dirs = append(o.dirs, c.dirs...)
			return
		}
	}
	if len(f.calls) < maxFound {
		f.calls = append(f.calls, c)
	}
}
