// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"compress/flate"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// cutError is a connection that broke after it had been made.
type cutError struct{ err error }

func (e *cutError) Error() string { return e.err.Error() }
func (e *cutError) Unwrap() error { return e.err }

// resetOnWindows is what Windows says of a connection that the other end cut
// (WSAECONNRESET); syscall.ECONNRESET is a number of Go's own there.
const resetOnWindows = syscall.Errno(10054)

// transportError gives an error of the connection its class.
func transportError(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // the address is said by the caller
	}
	var (
		untrusted *tls.CertificateVerificationError
		unknown   x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		name      x509.HostnameError
	)
	if errors.As(err, &untrusted) || errors.As(err, &unknown) || errors.As(err, &invalid) || errors.As(err, &name) {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, resetOnWindows) || errors.Is(err, syscall.EPIPE) {
		err = &cutError{err}
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// statusError gives a status its class, nil for one with an answer in it.
func statusError(resp *http.Response, body []byte) error {
	why := said(resp.Header, body)
	text := "status " + strconv.Itoa(resp.StatusCode)
	if why != "" {
		text += ", " + why
	}
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusUnauthorized:
		return fmt.Errorf("%w: %s", ErrLogin, text)
	case code == http.StatusForbidden:
		return fmt.Errorf("%w: %s", ErrBlocked, text)
	case code == http.StatusServiceUnavailable, code == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %s", ErrBusy, text)
	case code >= 500:
		return fmt.Errorf("%w: %s", ErrServer, text)
	case code >= 400:
		return fmt.Errorf("%w: %s", ErrRejected, text)
	}
	return fmt.Errorf("%w: %s", ErrAnswer, text)
}

// said is what the server gives as its reason: a string in the place of an error
// object, or the beginning of it in a header.
func said(h http.Header, body []byte) string {
	var a struct {
		Error json.RawMessage `json:"error"`
	}
	if bounded(body) == nil && json.Unmarshal(body, &a) == nil {
		var failed *RPCError
		if errors.As(answer{Error: a.Error}.failure(""), &failed) {
			return failed.Message
		}
	}
	return line(h.Get("X-Opsi-Error"))
}

// retryAfter reads when to come back, in seconds or as a date; 0 = not said.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil {
		return time.Duration(min(max(n, 0), int(maxAsked/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
