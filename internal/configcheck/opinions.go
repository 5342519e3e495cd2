// SPDX-License-Identifier: Apache-2.0

package configcheck

import (
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// opinions looks at what one layer says in decisions. alone: nothing but the
// built-in layer stands below it, though a package may.
func (l *look) opinions(table string, of policy.Origin, alone bool, decisions []policy.Decision) {
	for _, d := range decisions {
		var before *policy.Opinion // the stronger one in the same table
		for i, o := range d.Said {
			if o.Origin != of {
				continue
			}
			key := tomlfile.Join(table, o.Spelled)
			if o.Bad != "" {
				l.bad(o, key, alone, d)
			} else if before != nil {
				_, line := Place(before.Place)
				l.add(codeTwice, o.Place, key, map[string]string{"Other": before.Spelled, "Line": strconv.Itoa(line)})
			}
			before = &d.Said[i]
		}
	}
}

// bad says what is wrong with an opinion, and what counts.
func (l *look) bad(o policy.Opinion, key string, alone bool, d policy.Decision) {
	w := d.Winner()
	args := map[string]string{"Policy": d.Key.Name, "Written": o.Written, "Counts": w.Written, "Origin": string(w.Origin)}
	if alone {
		args["Alone"] = "yes"
	}
	l.add(codeBadValue, o.Place, key, args)
}

// clash says what values do together. Its place is that of the first of its keys
// that somebody wrote, the strongest word of it.
func (l *look) clash(c policy.Clash, table string, decisions []policy.Decision) {
	at, key := l.file, table
	var values []string
	for _, name := range c.Keys {
		for _, d := range decisions {
			if d.Key.Name != name {
				continue
			}
			w := d.Winner()
			values = append(values, name+" = "+w.Written)
			if at == l.file && w.Place != "" {
				at, key = w.Place, tableOf(w.Origin, table)+"."+w.Spelled
			}
		}
	}
	l.add(c.Code, at, key, map[string]string{"Values": strings.Join(values, ", "), "Table": table})
}

// tableOf is where a layer's keys stand; own is the table of the product looked at.
func tableOf(o policy.Origin, own string) string {
	switch o {
	case policy.Metadata:
		return "quietsetup.policy"
	case policy.Product:
		return own
	}
	return "policy"
}
