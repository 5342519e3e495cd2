// SPDX-License-Identifier: Apache-2.0

package localclient

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

func promptPath(id, what string) string { return "/v1/prompts/" + url.PathEscape(id) + "/" + what }

// Hello offers to show windows in this session.
func (c *Client) Hello(ctx context.Context, h apitypes.Hello) (apitypes.Welcome, error) {
	return call[apitypes.Welcome](ctx, c, http.MethodPost, "/v1/prompts/hello", nil, h)
}

// Next waits for the event after the cursor. The daemon lets it wait for less
// than a minute and then answers that there is none.
func (c *Client) Next(ctx context.Context, agent string, after uint64) (apitypes.PromptEvent, error) {
	q := url.Values{"agent": {agent}, "after": {strconv.FormatUint(after, 10)}}
	return callWithin[apitypes.PromptEvent](ctx, c, c.next, http.MethodGet, "/v1/prompts/next", q, nil)
}

// Shown says that a prompt is on the screen.
func (c *Client) Shown(ctx context.Context, id string, s apitypes.Shown) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, promptPath(id, "shown"), nil, s)
	return err
}

// Failed says that a prompt cannot be shown, or went away without an answer.
func (c *Client) Failed(ctx context.Context, id string, f apitypes.Failed) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, promptPath(id, "failed"), nil, f)
	return err
}

// Answer hands in a person's answer. After ErrBroken it can be sent again.
func (c *Client) Answer(ctx context.Context, id string, a apitypes.Answer) (apitypes.AnswerResult, error) {
	return call[apitypes.AnswerResult](ctx, c, http.MethodPost, promptPath(id, "answer"), nil, a)
}

// Closed says what became of an order to close programs.
func (c *Client) Closed(ctx context.Context, v apitypes.Closed) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, "/v1/prompts/closed", nil, v)
	return err
}

// Presence says what is seen of the person in this session.
func (c *Client) Presence(ctx context.Context, p apitypes.Presence) error {
	_, err := call[struct{}](ctx, c, http.MethodPost, "/v1/prompts/presence", nil, p)
	return err
}
