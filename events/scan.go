// SPDX-License-Identifier: Apache-2.0

package events

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A record's line is written in one way: fixed members in a fixed order, no
// space. scan reads exactly that, in one pass, and leaves the data of messages
// as it stands once it is known to be JSON.
type scan struct {
	text []byte
	at   int
	err  error // the first thing that is not as Encode writes it
}

// deepest bounds nesting as encoding/json does: a hostile line must not exhaust the stack.
const deepest = 10_000

func (s *scan) fail(what string) {
	if s.err == nil {
		s.err = fmt.Errorf("%w: %s expected at byte %d", ErrNotARecord, what, s.at)
	}
}

// is steps over the given text if it comes next.
func (s *scan) is(text string) bool {
	if s.err != nil || len(s.text)-s.at < len(text) || string(s.text[s.at:s.at+len(text)]) != text {
		return false
	}
	s.at += len(text)
	return true
}

// must steps over text that has to come next.
func (s *scan) must(text string) {
	if !s.is(text) {
		s.fail(text)
	}
}

// raw is the next value as it stands. It shares memory with the text.
func (s *scan) raw() json.RawMessage {
	if s.err != nil {
		return nil
	}
	end := skipValue(s.text, s.at, 0)
	if end < 0 {
		s.fail("a value")
		return nil
	}
	v := s.text[s.at:end:end]
	s.at = end
	return v
}

// words is a list of strings; null is none.
func (s *scan) words() []string {
	if s.is("null") {
		return nil
	}
	out := []string{}
	s.list(func() { out = append(out, s.word()) })
	return out
}

// messages is a list of messages; null is none.
func (s *scan) messages() []Message {
	if s.is("null") {
		return nil
	}
	out := []Message{}
	s.list(func() { out = append(out, s.message()) })
	return out
}

// list reads a list of whatever item reads.
func (s *scan) list(item func()) {
	s.must("[")
	if s.is("]") {
		return
	}
	for item(); s.is(","); item() {
	}
	s.must("]")
}

func (s *scan) message() (m Message) {
	s.must(`{"type":`)
	m.Type = s.word()
	s.must(`,"v":`)
	m.V = int(s.whole())
	s.must(`,"data":`)
	m.Data = s.raw()
	s.must("}")
	return m
}

// word is a string.
func (s *scan) word() string {
	raw := s.quoted()
	if s.err != nil {
		return ""
	}
	if plain := raw[1 : len(raw)-1]; utf8.Valid(plain) && !slices.Contains(plain, '\\') {
		return string(plain)
	}
	var w string
	if err := json.Unmarshal(raw, &w); err != nil {
		s.fail("a string")
	}
	return w
}

// exact is a string that stands there in the only way marshal writes it. No sum
// reaches a private value, so another spelling of it would pass unseen.
func (s *scan) exact() string {
	at := s.at
	w := s.word()
	if s.err != nil || isPlain(string(s.text[at+1:s.at-1])) {
		return w
	}
	if again, err := marshal(w); err != nil || string(again) != string(s.text[at:s.at]) {
		s.fail("another spelling of the string before")
	}
	return w
}

// isPlain: printable ASCII without quotes and escapes has one spelling in a record.
func isPlain(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func (s *scan) quoted() []byte {
	if s.err != nil {
		return nil
	}
	end := skipString(s.text, s.at)
	if end < 0 {
		s.fail("a string")
		return nil
	}
	v := s.text[s.at:end]
	s.at = end
	return v
}

// whole is a whole number.
func (s *scan) whole() int64 {
	n, err := strconv.ParseInt(string(s.raw()), 10, 64)
	if err != nil {
		s.fail("a whole number")
	}
	return n
}

// count is a whole number that is not negative.
func (s *scan) count() uint64 {
	n, err := strconv.ParseUint(string(s.raw()), 10, 64)
	if err != nil {
		s.fail("a count")
	}
	return n
}

// parts is the private member: keys in order, each with salt and value.
func (s *scan) parts() map[string]Part {
	out, last := map[string]Part{}, ""
	s.must("{")
	for {
		key := s.exact()
		if len(out) > 0 && key <= last {
			s.fail("a later key")
		}
		var p Part
		s.must(`:{"salt":`)
		p.Salt = s.exact()
		s.must(`,"value":`)
		p.Value = s.exact()
		s.must("}")
		out[key], last = p, key
		if !s.is(",") {
			break
		}
	}
	s.must("}")
	return out
}

// end: nothing may follow.
func (s *scan) end() {
	if s.at != len(s.text) {
		s.fail("the end")
	}
}

// skipValue returns where the JSON value that begins at i ends, -1 if none does.
func skipValue(b []byte, i, depth int) int {
	if i >= len(b) || depth > deepest {
		return -1
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		return skipNested(b, i, depth)
	case 't':
		return skipText(b, i, "true")
	case 'f':
		return skipText(b, i, "false")
	case 'n':
		return skipText(b, i, "null")
	}
	return skipNumber(b, i)
}

// skipNested steps over an object or a list.
func skipNested(b []byte, i, depth int) int {
	object, closing := b[i] == '{', byte(']')
	if object {
		closing = '}'
	}
	if i++; i < len(b) && b[i] == closing {
		return i + 1
	}
	for {
		if object {
			if i = skipString(b, i); i < 0 || i >= len(b) || b[i] != ':' {
				return -1
			}
			i++
		}
		if i = skipValue(b, i, depth+1); i < 0 || i >= len(b) {
			return -1
		}
		switch b[i] {
		case ',':
			i++
		case closing:
			return i + 1
		default:
			return -1
		}
	}
}

func skipString(b []byte, i int) int {
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	for i++; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return -1
		case c == '\\':
			if i++; i >= len(b) || strings.IndexByte(`"\/bfnrtu`, b[i]) < 0 {
				return -1
			}
			if b[i] == 'u' { // the four digits are no quotes and no escapes
				if len(b)-i < 5 || slices.ContainsFunc(b[i+1:i+5], notHex) {
					return -1
				}
				i += 4
			}
		}
	}
	return -1
}

func notHex(c byte) bool {
	return !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F')
}

func skipText(b []byte, i int, text string) int {
	if end := i + len(text); end <= len(b) && string(b[i:end]) == text {
		return end
	}
	return -1
}

func skipNumber(b []byte, i int) int {
	if i < len(b) && b[i] == '-' {
		i++
	}
	start := i
	if i = skipDigits(b, i); i < 0 || b[start] == '0' && i > start+1 {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		if i = skipDigits(b, i+1); i < 0 {
			return -1
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		i = skipDigits(b, i)
	}
	return i
}

// skipDigits steps over at least one digit.
func skipDigits(b []byte, i int) int {
	start := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	if i == start {
		return -1
	}
	return i
}
