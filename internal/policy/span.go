// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// MaxSpan is the longest time a policy may name: ten years. It keeps every sum
// of moments far from overflow.
const MaxSpan = 3650 * events.Day

const allowedSpan = `a time like "90s", "24h" or "14d" or whole seconds, at most 10 years`

// ParseSpan reads a length of time as people write it: "90s", "200ms", "24h",
// "14d", "1d12h", or a whole number of seconds. It is from 0 to MaxSpan and in
// whole milliseconds: rounding "1us" down to 0 would mean something else.
func ParseSpan(raw any) (events.Span, error) {
	switch v := raw.(type) {
	case int64:
		if v >= 0 && v <= int64(MaxSpan/events.Second) {
			return events.Span(v) * events.Second, nil
		}
	case string:
		if s, ok := parse(v); ok {
			return s, nil
		}
	}
	return 0, fmt.Errorf("must be %s, is %s", allowedSpan, quote(raw))
}

func parse(text string) (events.Span, bool) {
	var total events.Span
	if days, rest, found := strings.Cut(text, "d"); found {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil || n > uint64(MaxSpan/events.Day) {
			return 0, false
		}
		total, text = events.Span(n)*events.Day, rest
		if text == "" {
			return total, true
		}
	}
	if strings.ContainsAny(text, "+-") {
		return 0, false
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d%time.Millisecond != 0 || d > MaxSpan.Duration() {
		return 0, false
	}
	total += events.SpanOf(d)
	return total, total <= MaxSpan
}

// WriteSpan writes a length of time in the shortest form that ParseSpan reads
// back as the same: "90s", "15m", "24h", "14d".
func WriteSpan(s events.Span) string {
	switch {
	case s >= 2*events.Day && s%events.Day == 0:
		return strconv.FormatInt(int64(s/events.Day), 10) + "d"
	case s < 2*events.Minute && s%events.Second == 0:
		return strconv.FormatInt(int64(s/events.Second), 10) + "s"
	}
	text := s.Duration().String()
	if short, cut := strings.CutSuffix(text, "m0s"); cut {
		text = short + "m"
	}
	if short, cut := strings.CutSuffix(text, "h0m"); cut {
		text = short + "h"
	}
	return text
}
