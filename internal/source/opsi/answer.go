// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// maxDepth is how deep an answer may be nested. What the server keeps is three
// levels deep.
const maxDepth = 64

// The most objects and values of one answer: a few calls that each give the most
// rows there can be.
const (
	maxObjects = 4 * maxRows
	maxParts   = 2_000_000
)

// Call is one call of a method of the server.
type Call struct {
	Method string
	Params []any
	Into   any // where the result goes; nil = it is of no interest
	// Reads says that the call changes nothing, so that a repeat is harmless.
	Reads bool
	// Err is what became of the call, once Do has returned nil.
	Err error
}

// envelope is a call as it is sent.
type envelope struct {
	Version string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

// encode writes calls as one body. One call alone is sent as an object: a batch
// of one would be answered with an object all the same.
func encode(calls []*Call) ([]byte, error) {
	batch := make([]envelope, len(calls))
	for i, c := range calls {
		batch[i] = envelope{Version: "2.0", ID: i + 1, Method: c.Method, Params: c.Params}
		if batch[i].Params == nil {
			batch[i].Params = []any{}
		}
	}
	var body any = batch
	if len(batch) == 1 {
		body = batch[0]
	}
	return json.Marshal(body)
}

// answer is what comes back for a call, in any of the server's shapes.
type answer struct {
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// decode gives each call its result. An error is about the answer as a whole;
// then no call has one.
func decode(body []byte, calls []*Call) error {
	if err := bounded(body); err != nil {
		return err
	}
	answers, err := split(body)
	if err != nil {
		return err
	}
	if len(answers) == 1 && len(calls) > 1 {
		// One object for several calls: the server could not read the batch.
		if failed := answers[0].failure("the server's answer"); failed != nil {
			return fmt.Errorf("%w: %w", ErrAnswer, failed)
		}
	}
	if len(answers) != len(calls) {
		return fmt.Errorf("%w: %d answers to %d calls", ErrAnswer, len(answers), len(calls))
	}
	byID := make(map[int]answer, len(answers))
	for _, a := range answers {
		id, err := strconv.Atoi(string(bytes.TrimSpace(a.ID)))
		if err != nil && len(calls) == 1 {
			id = 1 // an error before the call was looked at has no id
		} else if err != nil {
			return fmt.Errorf("%w: an answer without the number of its call", ErrAnswer)
		}
		if id == 0 && len(calls) == 1 {
			id = 1
		}
		if _, twice := byID[id]; twice || id < 1 || id > len(calls) {
			return fmt.Errorf("%w: an answer to call %d, which was not made or was answered before", ErrAnswer, id)
		}
		byID[id] = a
	}
	for i, c := range calls {
		c.Err = byID[i+1].give(c)
	}
	return nil
}

// split takes an array of answers, or the bare object that the server gives in
// place of an array of one.
func split(body []byte) ([]answer, error) {
	body = bytes.TrimSpace(body)
	var answers []answer
	var err error
	if bytes.HasPrefix(body, []byte("[")) {
		err = json.Unmarshal(body, &answers)
	} else {
		answers = make([]answer, 1)
		err = json.Unmarshal(body, &answers[0])
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrAnswer, line(err.Error()))
	}
	return answers, nil
}

// give puts the result where the call wants it.
func (a answer) give(c *Call) error {
	if failed := a.failure(c.Method); failed != nil {
		return failed
	}
	if a.Result == nil {
		return fmt.Errorf("%s: %w: neither result nor error", c.Method, ErrAnswer)
	}
	if c.Into == nil {
		return nil
	}
	if err := json.Unmarshal(a.Result, c.Into); err != nil {
		return fmt.Errorf("%s: %w: %s", c.Method, ErrAnswer, line(err.Error()))
	}
	return nil
}

// failure is the error in an answer, nil if there is none. It is an object with
// the class beside the message (1.0) or in data (2.0), or a string where the call
// was not even looked at.
func (a answer) failure(method string) error {
	e := bytes.TrimSpace(a.Error)
	if len(e) == 0 || bytes.Equal(e, []byte("null")) {
		return nil
	}
	out := &RPCError{Method: method}
	var text string
	var object struct {
		Message string `json:"message"`
		Class   string `json:"class"`
		Data    struct {
			Class string `json:"class"`
		} `json:"data"`
	}
	switch {
	case json.Unmarshal(e, &text) == nil:
		out.Message = line(text)
	case json.Unmarshal(e, &object) == nil:
		out.Message, out.Class = line(object.Message), line(object.Class+object.Data.Class)
	default:
		out.Message = line(string(e))
	}
	return out
}

// bounded refuses a text that is nested too deep or has too many parts, before
// anything is made of it: ten million empty objects are small when they are packed
// and gigabytes as rows.
func bounded(body []byte) error {
	depth, objects, parts, quoted := 0, 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ',':
			parts++
		case c == '[', c == '{':
			if depth++; depth > maxDepth {
				return fmt.Errorf("%w: nested deeper than %d", ErrAnswer, maxDepth)
			}
			if c == '{' {
				objects++
			}
		case c == ']', c == '}':
			depth--
		}
	}
	if objects > maxObjects || parts > maxParts {
		return fmt.Errorf("%w: %d objects and %d values are more than any client has", ErrAnswer, objects, parts)
	}
	return nil
}
