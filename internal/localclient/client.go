// SPDX-License-Identifier: Apache-2.0

package localclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// Errors a caller decides by.
var (
	ErrNotRunning = errors.New("the service is not running")
	ErrNotFound   = errors.New("not found")
	ErrForbidden  = errors.New("not allowed")
	ErrRefused    = errors.New("refused")
	// ErrNotTrusted: who listens there is neither root nor this user.
	ErrNotTrusted = localsock.ErrUnsafe
	// ErrSilent: the service took the call and did not answer in time. An order
	// may be carried out all the same.
	ErrSilent = errors.New("the service does not answer")
	// ErrBroken: the connection ended before the answer. The order may have been
	// carried out or not.
	ErrBroken = errors.New("the connection to the service broke off")
)

// DefaultSocket is where the daemon listens if nothing else is configured.
const DefaultSocket = localsock.DefaultPath

// SocketIn is where a daemon listens that has a state folder of its own.
func SocketIn(stateDir string) string { return localsock.PathIn(stateDir) }

// How long the service may take. The daemon keeps every caller waiting much
// shorter than this; who waits longer speaks to a process that is stuck.
const (
	answerWithin = 10 * time.Second
	nextWithin   = 70 * time.Second // Next is let wait for up to a minute
)

// maxAnswer bounds what is read of an answer that is one document.
const maxAnswer = 32 << 20

// Client speaks to one daemon. It may be used by many goroutines.
type Client struct {
	path string
	http *http.Client
	// answers bounds a whole answer, and the time between two lines of a log
	// that is not followed; next bounds the answer of Next.
	answers, next time.Duration
}

// New returns a client for the socket at path. Nothing is dialed yet.
func New(path string) *Client {
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return localsock.Dial(ctx, path)
		},
		DisableCompression:  true,
		MaxIdleConnsPerHost: 4,
		IdleConnTimeout:     30 * time.Second, // below the server's, so that it is never us who find it closed
	}
	return &Client{path: path, answers: answerWithin, next: nextWithin, http: &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Path is the socket's.
func (c *Client) Path() string { return c.path }

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// do sends a request and returns the answer of a success. The caller closes its body.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	u := url.URL{Scheme: "http", Host: "local", RawQuery: query.Encode()}
	var err error
	if u.Path, err = url.PathUnescape(path); err != nil {
		return nil, fmt.Errorf("cannot ask the service for %s: %w", path, err)
	}
	u.RawPath = path
	var send io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("cannot ask the service for %s: %w", path, err)
		}
		send = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), send)
	if err != nil {
		return nil, fmt.Errorf("cannot ask the service for %s: %w", path, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", apitypes.MediaJSON)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, refusal(resp)
}

// explain gives a failed connection its meaning.
func (c *Client) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err // the address in it is made up
	}
	switch {
	case errors.Is(err, localsock.ErrNobody):
		return fmt.Errorf("%w: %w", ErrNotRunning, err)
	case errors.Is(err, localsock.ErrUnsafe):
		return err
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// refusal reads the error of an answer that is no success.
func refusal(resp *http.Response) error {
	var b apitypes.ErrorBody
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&b); err != nil || b.Error.Code == "" {
		return fmt.Errorf("the service answered %s and did not say why", resp.Status)
	}
	switch b.Error.Code {
	case apitypes.CodeNotFound:
		return fmt.Errorf("%w: %w", ErrNotFound, &b.Error)
	case apitypes.CodeForbidden:
		return fmt.Errorf("%w: %w", ErrForbidden, &b.Error)
	case apitypes.CodeRefused:
		return fmt.Errorf("%w: %w", ErrRefused, &b.Error)
	}
	return &b.Error
}

// silent is the error of an answer that did not come in time.
func silent(limit time.Duration) error {
	return fmt.Errorf("%w within %g s", ErrSilent, limit.Seconds())
}

// call sends body and reads the answer into one document; nil = no answer wanted.
func call[T any](ctx context.Context, c *Client, method, path string, query url.Values, body any) (T, error) {
	return callWithin[T](ctx, c, c.answers, method, path, query, body)
}

// callWithin is call with another limit than that of most calls.
func callWithin[T any](ctx context.Context, c *Client, limit time.Duration, method, path string, query url.Values, body any) (T, error) {
	var v T
	ctx, cancel := context.WithTimeoutCause(ctx, limit, silent(limit))
	defer cancel()
	resp, err := c.do(ctx, method, path, query, body)
	if err != nil {
		return v, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNoContent {
		return v, nil
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case ctx.Err() != nil:
		return v, context.Cause(ctx)
	case err != nil:
		return v, fmt.Errorf("%w: %w", ErrBroken, err)
	case len(b) > maxAnswer:
		return v, fmt.Errorf("the answer to %s has more than %d bytes", path, maxAnswer)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("cannot read the answer to %s: %w", path, err)
	}
	return v, nil
}
