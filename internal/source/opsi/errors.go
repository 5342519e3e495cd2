// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The classes of what can go wrong with the server as a whole. All of these will
// be tried again, later.
var (
	ErrUnreachable = errors.New("the server cannot be reached")
	ErrCertificate = errors.New("the server's certificate is not trusted")
	ErrLogin       = errors.New("the server refuses host id or key")
	ErrBlocked     = errors.New("the server blocks this address")
	ErrBusy        = errors.New("the server asks to come back later")
	ErrServer      = errors.New("the server failed")
	ErrRejected    = errors.New("the server rejects the request as a whole")
	ErrAnswer      = errors.New("the server's answer cannot be used")
)

// ErrWaiting: the server was not asked, because it said or showed a while ago
// that it should not be. The error names the moment and wraps the reason.
var ErrWaiting = errors.New("the server is left alone for now")

// ErrRefused: the server will not take this report, now or later.
var ErrRefused = errors.New("the server refuses the report")

// ErrPermission: the server says that this client may not do that.
var ErrPermission = errors.New("this client may not do that")

// ErrMethod: the server does not know the method, so it is not the server it
// should be.
var ErrMethod = errors.New("the server does not know the method")

// RPCError is a call that the server understood and that failed there.
type RPCError struct {
	Method  string
	Class   string // of the server's exception, "" if it named none
	Message string // one line
}

func (e *RPCError) Error() string {
	if e.Class == "" {
		return fmt.Sprintf("%s: %s", e.Method, e.Message)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Method, e.Message, e.Class)
}

// Is makes the two errors that need somebody comparable.
func (e *RPCError) Is(target error) bool {
	switch target {
	case ErrPermission:
		return e.Class == "BackendPermissionDeniedError"
	case ErrMethod:
		return e.Class == "ValueError" && strings.HasPrefix(e.Message, "Invalid method")
	}
	return false
}

// lasting reports whether the same call will fail again: the server looked at it
// and said no. Whatever else fails inside the server may be over tomorrow.
func (e *RPCError) lasting() bool {
	switch e.Class {
	case "BackendPermissionDeniedError", "ValueError", "TypeError", "BackendBadValueError":
		return true
	}
	return false
}

// waitError is ErrWaiting with its moment.
type waitError struct {
	until time.Time
	cause error
}

func (e *waitError) Error() string {
	return fmt.Sprintf("%v until %s: %v", ErrWaiting, e.until.Format(time.TimeOnly), e.cause)
}

func (e *waitError) Unwrap() []error { return []error{ErrWaiting, e.cause} }

// line makes one short line of what a stranger wrote.
func line(s string) string {
	const most = 200
	s = oneLine(s)
	if rs := []rune(s); len(rs) > most {
		s = string(rs[:most]) + "…"
	}
	return s
}

// oneLine takes out what ends a line, moves a cursor or turns a direction.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.Join(strings.Fields(s), " ")
}
