// SPDX-License-Identifier: Apache-2.0

package events

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Format is the version of a record's members.
const Format = 1

// Record is one step: one input and the events it caused. Encoded it is one
// line of JSON whose last members are private (optional) and sum.
type Record struct {
	V        int       `json:"v"`
	Seq      uint64    `json:"seq"`      // 1, 2, … without gap over the whole log
	Products []string  `json:"products"` // products the step touched, sorted
	At       time.Time `json:"at"`       // wall clock, UTC
	Boot     string    `json:"boot"`     // id of the boot
	BootMS   int64     `json:"boot_ms"`  // milliseconds since the boot, counting suspend
	Actor    string    `json:"actor"`    // from the connection, never from a body
	Build    string    `json:"build"`    // version of the program that decided
	Rules    int       `json:"rules"`    // rule set it decided under
	Input    Message   `json:"input"`
	Events   []Message `json:"events"`
	Prev     string    `json:"prev"` // sum of the record before, "" for the first
	// Private holds the values the body has only digests of. Exports drop it.
	Private map[string]Part `json:"-"`
	// Sum is the lower hex SHA-256 of the line's text before private and sum, closed by "}".
	Sum string `json:"-"`
}

// Errors of reading records.
var (
	ErrNotARecord = errors.New("not a record")             // the line is not of the record's form
	ErrSum        = errors.New("sum does not match")       // the body was changed
	ErrPrivate    = errors.New("private part changed")     // a private part does not fit its digest
	ErrChain      = errors.New("does not follow the last") // seq or prev do not continue the chain
)

// Encode returns the record's line without newline and sets its sum.
func (r *Record) Encode() ([]byte, error) {
	body, err := marshal(r)
	if err != nil {
		return nil, fmt.Errorf("cannot encode record %d: %w", r.Seq, err)
	}
	sum := sha256.Sum256(body)
	r.Sum = hex.EncodeToString(sum[:])
	line := slices.Grow(body[:len(body)-1:len(body)-1], 96)
	if len(r.Private) > 0 {
		p, err := marshal(r.Private)
		if err != nil {
			return nil, fmt.Errorf("cannot encode record %d: %w", r.Seq, err)
		}
		line = append(append(line, privateMark...), p...)
	}
	line = append(line, sumMark...)
	line = append(line, r.Sum...)
	return append(line, '"', '}'), nil
}

const (
	privateMark = `,"private":`
	sumMark     = `,"sum":"`
	sumTail     = len(sumMark) + 2*sha256.Size + len(`"}`)
	maxLine     = 16 << 20
)

// split cuts a line into body text (without the closing brace), private text and sum.
func split(line []byte) (body, private []byte, sum string, err error) {
	n := len(line) - sumTail
	if n < 2 || len(line) > maxLine || line[0] != '{' || string(line[n:n+len(sumMark)]) != sumMark || string(line[len(line)-2:]) != `"}` {
		return nil, nil, "", ErrNotARecord
	}
	body, sum = line[:n], string(line[n+len(sumMark):len(line)-2])
	// Inside a JSON string every quote is escaped, so the mark can only be a
	// member's name; no type of ours has a member of that name but the record.
	if i := bytes.Index(body, []byte(privateMark+`{`)); i >= 0 {
		body, private = body[:i], body[i+len(privateMark):]
	}
	return body, private, sum, nil
}

// DecodeRecord reads a line (without newline) and checks its sum and its
// private parts. It does not check that the record follows another. The record
// keeps no part of line.
func DecodeRecord(line []byte) (Record, error) {
	body, private, sum, err := split(line)
	if err != nil {
		return Record{}, err
	}
	text := append(append(make([]byte, 0, len(body)+1), body...), '}')
	hash := sha256.Sum256(text)
	if got := hex.EncodeToString(hash[:]); got != sum {
		return Record{}, fmt.Errorf("%w: the line says %s, its text gives %s", ErrSum, sum, got)
	}
	r, err := scanBody(text)
	if err != nil {
		return Record{}, err
	}
	r.Sum = sum
	if private == nil {
		return r, nil
	}
	p := scan{text: private}
	r.Private = p.parts()
	if p.end(); p.err != nil {
		return Record{}, fmt.Errorf("private: %w", p.err)
	}
	for key, p := range r.Private {
		if !bytes.Contains(body, []byte(`{"ref":"`+key+`","digest":"`+p.Digest()+`"}`)) {
			return Record{}, fmt.Errorf("%w: %s", ErrPrivate, key)
		}
	}
	return r, nil
}

// scanBody reads a record's members but private and sum. The record keeps text.
func scanBody(text []byte) (Record, error) {
	s := scan{text: text}
	var r Record
	s.must(`{"v":`)
	if r.V = int(s.whole()); s.err == nil && r.V != Format {
		return Record{}, fmt.Errorf("record format %d: %w", r.V, ErrUnknownType) // its other members are not ours to read
	}
	s.must(`,"seq":`)
	r.Seq = s.count()
	s.must(`,"products":`)
	r.Products = s.words()
	s.must(`,"at":`)
	if at := s.quoted(); s.err == nil && r.At.UnmarshalJSON(at) != nil {
		s.fail("a time before that")
	}
	s.must(`,"boot":`)
	r.Boot = s.word()
	s.must(`,"boot_ms":`)
	r.BootMS = s.whole()
	s.must(`,"actor":`)
	r.Actor = s.word()
	s.must(`,"build":`)
	r.Build = s.word()
	s.must(`,"rules":`)
	r.Rules = int(s.whole())
	s.must(`,"input":`)
	r.Input = s.message()
	s.must(`,"events":`)
	r.Events = s.messages()
	s.must(`,"prev":`)
	r.Prev = s.word()
	s.must("}")
	s.end()
	return r, s.err
}

// Follows checks that r continues the chain after a record with the given
// sequence number and sum (0 and "" before the first).
func (r Record) Follows(seq uint64, sum string) error {
	if r.Seq != seq+1 {
		return fmt.Errorf("%w: seq %d after %d", ErrChain, r.Seq, seq)
	}
	if r.Prev != sum {
		return fmt.Errorf("%w: record %d names another record before it", ErrChain, r.Seq)
	}
	return nil
}

// Redact returns the line without its private member. The sum stays valid.
func Redact(line []byte) ([]byte, error) {
	body, private, sum, err := split(line)
	if err != nil {
		return nil, err
	}
	if private == nil {
		return line, nil
	}
	out := make([]byte, 0, len(body)+sumTail)
	out = append(append(append(out, body...), sumMark...), sum...)
	return append(out, '"', '}'), nil
}

// Step is a record with its input and events decoded.
type Step struct {
	Record
	In  Input
	Did []Event
}

// Open decodes a record's input and events.
func (c *Codec) Open(r Record) (Step, error) {
	s := Step{Record: r, Did: make([]Event, len(r.Events))}
	var err error
	if s.In, err = c.Input(r.Input); err != nil {
		return Step{}, fmt.Errorf("cannot open record %d: %w", r.Seq, err)
	}
	for i, m := range r.Events {
		if s.Did[i], err = c.Event(m); err != nil {
			return Step{}, fmt.Errorf("cannot open record %d: %w", r.Seq, err)
		}
	}
	return s, nil
}

// Stamp is when, where and by whom the record's input came in.
func (s Step) Stamp() Stamped {
	return Stamped{Input: s.In, Actor: s.Actor, Wall: s.At, Boot: s.Boot, BootMS: s.BootMS}
}
