// SPDX-License-Identifier: Apache-2.0

package apitypes

// Codes of errors. A caller decides by the code, never by the message.
const (
	CodeBadRequest   = "bad_request"   // the request itself is wrong
	CodeNotFound     = "not_found"     // no such product or route
	CodeForbidden    = "forbidden"     // the caller has no right to this
	CodeRefused      = "refused"       // understood, and not possible in this state
	CodeUnknownAgent = "unknown_agent" // say hello (again)
	CodeReplaced     = "replaced"      // a newer agent speaks for the session: end
	CodeTooMany      = "too_many"      // a limit of the server is reached: try later
	CodeUnavailable  = "unavailable"   // the daemon is starting, stopping or cannot write
	CodeInternal     = "internal"      // a fault of the daemon; its log says more
)

// ErrorBody is every answer that is not a success.
type ErrorBody struct {
	Error Error `json:"error"`
}

// Error is what went wrong. The daemon's parts return a *Error to choose the
// code; any other error reaches the caller as internal, without its text.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`        // one line, English
	Hint    string `json:"hint,omitempty"` // what to do about it
}

// Error is the message.
func (e *Error) Error() string { return e.Message }
