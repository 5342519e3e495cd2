// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"unicode"
	"unicode/utf8"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// Limits of what a caller may send.
const (
	maxBody   = 64 << 10
	maxReason = 500 // bytes
	maxID     = 128
)

// read reads a body of JSON: one value, within the limits. Members we do not
// know are ignored, so that a newer caller can talk to an older daemon.
func read(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	if err := d.Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			return nil // no body: everything at its zero value
		}
		return bad("the body is not understood: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bad("the body has more than one value")
	}
	return nil
}

func write(w http.ResponseWriter, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("cannot write the answer: %w", err)
	}
	w.Header().Set("Content-Type", apitypes.MediaJSON)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(b, '\n')) // the caller is gone: nobody is left to be told
	return nil
}

func bad(format string, a ...any) error {
	return &apitypes.Error{Code: apitypes.CodeBadRequest, Message: fmt.Sprintf(format, a...)}
}

// fail answers with an error. A caller learns the text of our own errors only;
// what goes wrong inside may name what is private.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the caller has gone, or the daemon is stopping
	}
	var e *apitypes.Error
	if !errors.As(err, &e) {
		if s.Faults != nil {
			s.Faults(fmt.Errorf("cannot answer %s %q: %w", r.Method, r.URL.Path, err))
		}
		e = &apitypes.Error{Code: apitypes.CodeInternal, Message: "the service failed to answer", Hint: "its log says why"}
	}
	b, _ := json.Marshal(apitypes.ErrorBody{Error: *e}) // three strings
	w.Header().Set("Content-Type", apitypes.MediaJSON)
	w.WriteHeader(statusOf(e.Code))
	_, _ = w.Write(append(b, '\n'))
}

func statusOf(code string) int {
	switch code {
	case apitypes.CodeBadRequest:
		return http.StatusBadRequest
	case apitypes.CodeNotFound:
		return http.StatusNotFound
	case apitypes.CodeForbidden:
		return http.StatusForbidden
	case apitypes.CodeRefused, apitypes.CodeReplaced:
		return http.StatusConflict
	case apitypes.CodeUnknownAgent:
		return http.StatusGone
	case apitypes.CodeTooMany:
		return http.StatusTooManyRequests
	case apitypes.CodeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// productID checks the form of a product id.
func productID(id string) error {
	ok := id != "" && len(id) <= maxID && id[0] != '.' && id[0] != '_' && id[0] != '-'
	for i := 0; i < len(id) && ok; i++ {
		c := id[i]
		ok = 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-'
	}
	if !ok {
		return bad("%.140q is no product id", id)
	}
	return nil
}

// reason checks a text that is kept in the log and shown on terminals.
func reason(s string) error {
	if len(s) > maxReason {
		return bad("the reason has %d bytes, at most %d are kept", len(s), maxReason)
	}
	if !utf8.ValidString(s) {
		return bad("the reason is not UTF-8")
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return bad("the reason has control characters")
		}
	}
	return nil
}
