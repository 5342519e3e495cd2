// SPDX-License-Identifier: Apache-2.0

package events

import "time"

// Span is a length of time in whole milliseconds, as it stands in records.
type Span int64

// Duration returns the span as the standard library's type.
func (s Span) Duration() time.Duration { return time.Duration(s) * time.Millisecond }

// SpanOf rounds d down to whole milliseconds.
func SpanOf(d time.Duration) Span { return Span(d / time.Millisecond) }

// Common spans.
const (
	Second Span = 1000
	Minute      = 60 * Second
	Hour        = 60 * Minute
	Day         = 24 * Hour
)

// Moment is an absolute point in time on the client's own clock.
//
// The client's clock counts the milliseconds of the log: within one boot by the
// machine's boot-relative time, across boots by the wall time between records,
// never backwards. A user who sets the wall clock back or forth within a boot
// therefore moves no deadline.
type Moment struct {
	Clock int64     `json:"clock"` // milliseconds of the client's clock; the only field decisions compare
	Wall  time.Time `json:"wall"`  // what the wall clock was expected to show then, UTC; for people
}

// IsZero reports whether no point in time is meant.
func (m Moment) IsZero() bool { return m.Clock == 0 && m.Wall.IsZero() }

// Add returns the moment a span later.
func (m Moment) Add(s Span) Moment {
	return Moment{Clock: m.Clock + int64(s), Wall: m.Wall.Add(s.Duration())}
}

// Before reports whether m lies before o.
func (m Moment) Before(o Moment) bool { return m.Clock < o.Clock }

// Stamped is an input with everything a decision may know of the outside.
type Stamped struct {
	Input  Input
	Actor  string    // who: "daemon", "source", "uid:1000", "sid:S-1-5-…"; from the connection, never from the body
	Wall   time.Time // UTC, taken once by the engine
	Boot   string    // id of this boot
	BootMS int64     // milliseconds since this boot, counting suspend
}
