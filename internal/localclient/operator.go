// SPDX-License-Identifier: Apache-2.0

package localclient

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

func productPath(id, what string) string {
	p := "/v1/products/" + url.PathEscape(id)
	if what != "" {
		p += "/" + what
	}
	return p
}

// Status is the daemon's own state.
func (c *Client) Status(ctx context.Context) (apitypes.Status, error) {
	return call[apitypes.Status](ctx, c, http.MethodGet, "/v1/status", nil, nil)
}

// Products lists every product the daemon knows.
func (c *Client) Products(ctx context.Context) (apitypes.Products, error) {
	return call[apitypes.Products](ctx, c, http.MethodGet, "/v1/products", nil, nil)
}

// Product is one product with its policy. An unknown one is ErrNotFound.
func (c *Client) Product(ctx context.Context, id string) (apitypes.ProductDoc, error) {
	return call[apitypes.ProductDoc](ctx, c, http.MethodGet, productPath(id, ""), nil, nil)
}

// Processes lists what would keep the product's installer waiting now.
func (c *Client) Processes(ctx context.Context, id string) (apitypes.Processes, error) {
	return call[apitypes.Processes](ctx, c, http.MethodGet, productPath(id, "processes"), nil, nil)
}

// Request wants an action of a product and, unless it is asked for alone, of what
// it depends on.
func (c *Client) Request(ctx context.Context, id, action string, alone bool, reason string) (apitypes.Done, error) {
	return call[apitypes.Done](ctx, c, http.MethodPost, productPath(id, apitypes.VerbRequest), nil, apitypes.Order{Action: action, Alone: alone, Reason: reason})
}

// Order carries out one of VerbDefer, VerbResume, VerbCancel, VerbReset.
func (c *Client) Order(ctx context.Context, id, verb, reason string) (apitypes.Done, error) {
	return call[apitypes.Done](ctx, c, http.MethodPost, productPath(id, url.PathEscape(verb)), nil, apitypes.Order{Reason: reason})
}

// Hold stops everything, or one product.
func (c *Client) Hold(ctx context.Context, product, reason string) (apitypes.Done, error) {
	return call[apitypes.Done](ctx, c, http.MethodPost, "/v1/hold", nil, apitypes.Order{Product: product, Reason: reason})
}

// Release ends a hold.
func (c *Client) Release(ctx context.Context, product, reason string) (apitypes.Done, error) {
	return call[apitypes.Done](ctx, c, http.MethodPost, "/v1/release", nil, apitypes.Order{Product: product, Reason: reason})
}

// syncWithin is longer than the daemon waits for a server.
const syncWithin = 30 * time.Second

// Sync has the source looked at now; dry: nothing of it is brought in.
func (c *Client) Sync(ctx context.Context, dry bool) (apitypes.Sync, error) {
	return callWithin[apitypes.Sync](ctx, c, syncWithin, http.MethodPost, "/v1/sync", nil, apitypes.SyncOrder{DryRun: dry})
}

// LogQuery says which records are wanted.
type LogQuery struct {
	Product string // "" = all
	From    uint64 // first sequence number; 0 = from the first
	Follow  bool   // go on until ctx ends
}

// maxLine is more than the longest record.
const maxLine = 32 << 20

// Log gives every record to emit, without its newline, byte for byte as it lies
// on disk. The line is valid during the call only. An error of emit ends it and
// is returned.
func (c *Client) Log(ctx context.Context, q LogQuery, emit func(line []byte) error) error {
	path := "/v1/log"
	if q.Product != "" {
		path = productPath(q.Product, "log")
	}
	v := url.Values{}
	if q.From > 0 {
		v.Set("from", strconv.FormatUint(q.From, 10))
	}
	if q.Follow {
		v.Set("follow", "1")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// A log that is followed may stay silent for days; any other comes in one go.
	patience := time.AfterFunc(c.answers, func() { cancel(silent(c.answers)) })
	defer patience.Stop()
	if q.Follow {
		patience.Stop()
	}
	resp, err := c.do(ctx, http.MethodGet, path, v, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	s := bufio.NewScanner(resp.Body)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	for s.Scan() {
		patience.Stop() // emit takes what time it wants: a person may be reading
		if err := emit(s.Bytes()); err != nil {
			return err
		}
		if !q.Follow {
			patience.Reset(c.answers)
		}
	}
	switch err := s.Err(); {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("cannot read the log: a line has more than %d bytes", maxLine)
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if why := resp.Trailer.Get(apitypes.TrailerError); why != "" {
		return fmt.Errorf("%w: %s", ErrBroken, why)
	}
	return nil
}
