// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"strconv"
	"strings"
)

// String names a world in one word, from which ParseOptions makes it again:
// "17,days=20,products=2,peace,jumps=5,crash=12:torn:power".
func (o Options) String() string {
	s := fmt.Sprintf("%d,days=%d,products=%d", o.Seed, o.Days, o.Products)
	if o.Peace {
		s += ",peace"
	}
	if o.Jumps > 0 {
		s += ",jumps=" + strconv.Itoa(o.Jumps)
	}
	for _, c := range o.Crash {
		s += fmt.Sprintf(",crash=%d:%s", c.At, c.Moment)
		if c.Power {
			s += ":power"
		}
	}
	return s
}

// ParseOptions reads what String wrote.
func ParseOptions(s string) (Options, error) {
	var o Options
	for i, part := range strings.Split(s, ",") {
		key, val, _ := strings.Cut(part, "=")
		var err error
		switch {
		case i == 0:
			o.Seed, err = strconv.ParseUint(part, 10, 64)
		case key == "days":
			o.Days, err = strconv.Atoi(val)
		case key == "products":
			o.Products, err = strconv.Atoi(val)
		case key == "jumps":
			o.Jumps, err = strconv.Atoi(val)
		case part == "peace":
			o.Peace = true
		case key == "crash":
			var c Crash
			c, err = parseCrash(val)
			o.Crash = append(o.Crash, c)
		default:
			err = fmt.Errorf("%q is not known", part)
		}
		if err != nil {
			return Options{}, fmt.Errorf("cannot read the world %q: %w", s, err)
		}
	}
	return o, nil
}

func parseCrash(s string) (Crash, error) {
	f := strings.Split(s, ":")
	if len(f) < 2 || len(f) > 3 || len(f) == 3 && f[2] != "power" {
		return Crash{}, fmt.Errorf("a crash is NUMBER:MOMENT or NUMBER:MOMENT:power, not %q", s)
	}
	at, err := strconv.Atoi(f[0])
	if err != nil {
		return Crash{}, err
	}
	m := Moment(f[1])
	if m != Before && m != Torn && m != After {
		return Crash{}, fmt.Errorf("a crash comes before, torn or after, not %q", f[1])
	}
	return Crash{At: at, Moment: m, Power: len(f) == 3}, nil
}
