// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"
	"time"
)

// allowedDate says what ParseDate reads.
const allowedDate = `a date like "2026-12-24" (its end) or "2026-12-24 18:00", in local time, or with a zone as "2026-12-24T18:00:00+01:00"`

// ParseDate reads a moment as people write it, in this machine's time unless they
// name another, and gives it with its distance from UTC: what was meant once stays
// meant when the clocks change. Text without anything means no moment.
func ParseDate(raw any) (string, error) {
	text, ok := raw.(string)
	if !ok {
		return "", fmt.Errorf("must be %s", allowedDate)
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil && plausible(t) {
		return t.Format(time.RFC3339), nil
	}
	for _, form := range []string{"2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(form, text, time.Local); err == nil && plausible(t) {
			return t.Format(time.RFC3339), nil
		}
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil && plausible(t) {
		return t.AddDate(0, 0, 1).Format(time.RFC3339), nil
	}
	return "", fmt.Errorf("must be %s", allowedDate)
}

// plausible keeps sums of moments from overflowing, and zones to what can be
// written again.
func plausible(t time.Time) bool {
	_, east := t.Zone()
	return t.Year() >= 2000 && t.Year() < 2200 && max(east, -east) < 24*60*60
}
