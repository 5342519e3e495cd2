// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/events"
)

// Parse makes a value of the key from what a file or a server holds: a bool,
// int64 or string. The error says what it must be and what it is.
func (k Key) Parse(raw any) (any, error) {
	switch v := raw.(type) {
	case bool:
		if k.Kind == Flag {
			return v, nil
		}
	case string:
		if k.Kind == Word && slices.Contains(k.Words, v) {
			return v, nil
		}
	case int64:
		if k.Kind == Count && v >= k.Least && v <= k.Most {
			return int(v), nil
		}
	}
	if k.Kind == Date {
		if v, err := ParseDate(raw); err == nil {
			return v, nil
		}
	}
	if k.Kind == Time {
		return parsed(ParseSpan(raw))
	}
	return nil, fmt.Errorf("must be %s, is %s", k.Allowed(), quote(raw))
}

func parsed(s events.Span, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Of is the key's value in a policy.
func (k Key) Of(p events.Policy) any { return k.get(&p) }

// BuiltIn is the value that counts where no layer says anything.
func (k Key) BuiltIn() any {
	if k.get == nil {
		return k.builtIn
	}
	return k.Of(events.DefaultPolicy())
}

// Allowed says in English what a value must be: "true or false", "a whole number
// from 0 to 1000".
func (k Key) Allowed() string {
	switch k.Kind {
	case Flag:
		return "true or false"
	case Word:
		return strings.Join(k.Words, " or ")
	case Count:
		return fmt.Sprintf("a whole number from %d to %d", k.Least, k.Most)
	}
	if k.Kind == Date {
		return allowedDate
	}
	return allowedSpan
}

// check is about a value in a policy: was it one that Parse could have given?
func (k Key) check(p events.Policy) error {
	switch v := k.Of(p).(type) {
	case int:
		return second(k.Parse(int64(v)))
	case events.Span:
		if v < 0 || v > MaxSpan {
			return fmt.Errorf("%s is not from 0 to %s", v.Duration(), MaxSpan.Duration())
		}
		return nil
	default:
		return second(k.Parse(v))
	}
}

func second(_ any, err error) error { return err }

// Write is a value as it would be written in a file, without quotes.
func Write(v any) string {
	if s, ok := v.(events.Span); ok {
		return WriteSpan(s)
	}
	return fmt.Sprint(v)
}

// quote shows a bad value as it was written, bounded.
func quote(raw any) string {
	s := fmt.Sprint(raw)
	if text, ok := raw.(string); ok {
		s = text
	}
	const most = 60
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	switch raw.(type) {
	case bool, int64, float64:
		return s
	}
	return strconv.QuoteToASCII(s)
}
