// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/quietsetup/quietsetup/events"
)

// Code names a kind of divergence. Codes are stable: support and scripts rely on them.
type Code string

// The codes.
const (
	CodeSum        Code = "QS-R01" // the line's text does not give its sum
	CodeNotRecord  Code = "QS-R02" // the line is not a record
	CodePrivate    Code = "QS-R03" // a private part does not fit its digest
	CodeChain      Code = "QS-R04" // the record does not follow the one before it
	CodeUnknown    Code = "QS-R05" // a type or version that this build does not know
	CodeMiddle     Code = "QS-R06" // begins in the middle without a checkpoint
	CodeRefused    Code = "QS-R07" // this build refuses the recorded input
	CodeEvents     Code = "QS-R08" // this build decides other events
	CodeCheckpoint Code = "QS-R09" // the checkpoint's state is not the folded one
	CodeProducts   Code = "QS-R10" // the record names other products than its events touch
	CodeRules      Code = "QS-R11" // the record names another rule set than the one in force
)

// What says a code in a few English words.
func (c Code) What() string {
	switch c {
	case CodeSum:
		return "the line's text does not give its sum"
	case CodeNotRecord:
		return "the line is not a record"
	case CodePrivate:
		return "a private part does not fit its digest"
	case CodeChain:
		return "the record does not follow the one before it"
	case CodeUnknown:
		return "a type or version that this build does not know"
	case CodeMiddle:
		return "the log begins in the middle without a checkpoint"
	case CodeRefused:
		return "this build refuses the recorded input"
	case CodeEvents:
		return "this build decides other events"
	case CodeCheckpoint:
		return "the checkpoint's state is not the folded one"
	case CodeProducts:
		return "the record names other products than its events touch"
	case CodeRules:
		return "the record names another rule set than the one in force"
	}
	return "unknown divergence"
}

// Divergence is the first place where a log is not what it should be. It is an
// error, so that folding can stop with it.
type Divergence struct {
	// Seq is the record's number; where it cannot be read, the number it should have.
	Seq  uint64 `json:"seq"`
	Code Code   `json:"code"`
	What string `json:"what"` // English, for people
	// Recorded is what the log says, Decided what this build finds: events, a
	// sum, a sequence number. Either may be absent.
	Recorded json.RawMessage `json:"recorded,omitempty"`
	Decided  json.RawMessage `json:"decided,omitempty"`
	File     string          `json:"file,omitempty"`
	Line     int             `json:"line,omitempty"`
}

// Error is one line with place, code and kind.
func (d *Divergence) Error() string {
	place := d.File
	if place != "" {
		place = fmt.Sprintf("%s:%d: ", d.File, d.Line)
	}
	return fmt.Sprintf("%srecord %d: %s: %s", place, d.Seq, d.Code, d.What)
}

// diverge makes a divergence; recorded and decided may be nil.
func diverge(l Line, seq uint64, code Code, recorded, decided any) *Divergence {
	return &Divergence{Seq: seq, Code: code, What: code.What(), Recorded: plainJSON(recorded),
		Decided: plainJSON(decided), File: l.File, Line: l.Number}
}

// plainJSON encodes what is shown of one side. A message of a hostile log may
// hold anything that is valid JSON, which encodes; all else is shown as text.
func plainJSON(x any) json.RawMessage {
	if x == nil {
		return nil
	}
	b, err := json.Marshal(x)
	if err != nil {
		b, _ = json.Marshal(fmt.Sprint(x)) // a string always encodes
	}
	return b
}

// unreadable judges the error that came with a line in place of its record. The
// second result is false when the error is about reading, not about the log.
func unreadable(l Line, next uint64, err error) (*Divergence, bool) {
	code := Code("")
	switch {
	case errors.Is(err, events.ErrSum):
		code = CodeSum
	case errors.Is(err, events.ErrPrivate):
		code = CodePrivate
	case errors.Is(err, events.ErrUnknownType):
		code = CodeUnknown
	case errors.Is(err, events.ErrNotARecord):
		code = CodeNotRecord
	case errors.Is(err, events.ErrChain):
		code = CodeChain
	default:
		return nil, false
	}
	return diverge(l, next, code, err.Error(), nil), true
}
