// SPDX-License-Identifier: Apache-2.0

package i18n

import (
	"fmt"
	"strconv"
	"time"
)

// Span is a length of time in words: "15 minutes". It is rounded to the unit a
// person would use.
func (l *Localizer) Span(d time.Duration) string {
	switch n, unit := roughly(d); unit {
	case "seconds":
		return l.Count("time.seconds", n, nil)
	case "minutes":
		return l.Count("time.minutes", n, nil)
	case "hours":
		return l.Count("time.hours", n, nil)
	default:
		return l.Count("time.days", n, nil)
	}
}

// In is a length of time from now: "in 15 minutes".
func (l *Localizer) In(d time.Duration) string {
	switch n, unit := roughly(d); unit {
	case "seconds":
		return l.Count("time.in_seconds", n, nil)
	case "minutes":
		return l.Count("time.in_minutes", n, nil)
	case "hours":
		return l.Count("time.in_hours", n, nil)
	default:
		return l.Count("time.in_days", n, nil)
	}
}

// roughly rounds to the unit in which the number stays between 1 and about 100.
func roughly(d time.Duration) (n int, unit string) {
	d = max(d, 0)
	round := func(u time.Duration) int { return int((d + u/2) / u) }
	switch {
	case d < 90*time.Second:
		return round(time.Second), "seconds"
	case d < 90*time.Minute:
		return round(time.Minute), "minutes"
	case d < 36*time.Hour:
		return round(time.Hour), "hours"
	default:
		return round(24 * time.Hour), "days"
	}
}

// Countdown is what is left, "0:45" or "1:15:00"; never negative. A begun
// second counts, so that it shows 0:00 only when nothing is left.
func Countdown(d time.Duration) string {
	s := int((max(d, 0) + time.Second - 1) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// When is a moment with its time of day: "14:05", "tomorrow at 14:05". Its zone is
// that of now.
func (l *Localizer) When(t, now time.Time) string {
	t = t.In(now.Location())
	switch daysBetween(now, t) {
	case 0:
		return l.Text("time.today", l.parts(t))
	case 1:
		return l.Text("time.tomorrow", l.parts(t))
	case 2, 3, 4, 5, 6:
		return l.Text("time.on_weekday", l.parts(t))
	}
	return l.Text("time.on_date", l.parts(t))
}

// day is a moment as the roughest word that still tells when: "14:05", "tomorrow",
// "Thursday", "3 December". German brings its preposition along.
func (l *Localizer) day(t, now time.Time) string {
	t = t.In(now.Location())
	switch daysBetween(now, t) {
	case 0:
		return l.Text("time.day_today", l.parts(t))
	case 1:
		return l.Text("time.day_tomorrow", nil)
	case 2, 3, 4, 5, 6:
		return l.Text("time.day_weekday", l.parts(t))
	}
	return l.Text("time.day_date", l.parts(t))
}

// again is when something comes back, to stand inside a sentence.
func (l *Localizer) again(t, now time.Time) string {
	t = t.In(now.Location())
	switch daysBetween(now, t) {
	case 0:
		return l.Text("time.again_today", l.parts(t))
	case 1:
		return l.Text("time.again_tomorrow", l.parts(t))
	case 2, 3, 4, 5, 6:
		return l.Text("time.again_weekday", l.parts(t))
	}
	return l.Text("time.again_date", l.parts(t))
}

// Since is when something began, to stand after "since": "14:05", "yesterday",
// "Thursday", "3 December". Its zone is that of now.
func (l *Localizer) Since(t, now time.Time) string {
	t = t.In(now.Location())
	switch daysBetween(now, t) {
	case 0:
		return l.Text("time.since_today", l.parts(t))
	case -1:
		return l.Text("time.since_yesterday", nil)
	case -2, -3, -4, -5, -6:
		return l.Text("time.since_weekday", l.parts(t))
	}
	return l.Text("time.since_date", l.parts(t))
}

func (l *Localizer) parts(t time.Time) Data {
	return Data{
		"Clock":      t.Format(l.Text("time.clock", nil)),
		"Weekday":    l.Text("weekday.n"+strconv.Itoa(int(t.Weekday())), nil),
		"Day":        t.Day(),
		"Month":      l.Text("month.n"+strconv.Itoa(int(t.Month())), nil),
		"MonthShort": l.Text("month.s"+strconv.Itoa(int(t.Month())), nil), // for a button
	}
}

// daysBetween counts calendar days from a to b, both in the zone of a; the hours
// of a day with a clock change do not matter.
func daysBetween(a, b time.Time) int {
	noon := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
	}
	return int(noon(b).Sub(noon(a)) / (24 * time.Hour))
}
