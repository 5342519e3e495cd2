// SPDX-License-Identifier: Apache-2.0

//go:build unix

package localclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// TestSilence: a service that is stopped or stuck keeps nobody waiting for ever,
// before its answer or in the middle of it.
func TestSilence(t *testing.T) {
	stuck := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	half := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "{\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	none := func([]byte) error { return nil }
	for name, c := range map[string]struct {
		does http.HandlerFunc
		call func(context.Context, *Client) error
	}{
		"a question":     {stuck, func(ctx context.Context, c *Client) error { _, err := c.Status(ctx); return err }},
		"half an answer": {half, func(ctx context.Context, c *Client) error { _, err := c.Products(ctx); return err }},
		"an order": {stuck, func(ctx context.Context, c *Client) error {
			_, err := c.Request(ctx, "notes", "setup", false, "")
			return err
		}},
		"an answer": {stuck, func(ctx context.Context, c *Client) error {
			_, err := c.Answer(ctx, "1", apitypes.Answer{})
			return err
		}},
		"the next event": {stuck, func(ctx context.Context, c *Client) error { _, err := c.Next(ctx, "a", 0); return err }},
		"a log":          {stuck, func(ctx context.Context, c *Client) error { return c.Log(ctx, LogQuery{}, none) }},
		"half a log":     {half, func(ctx context.Context, c *Client) error { return c.Log(ctx, LogQuery{}, none) }},
	} {
		t.Run(name, func(t *testing.T) {
			client := played(t, c.does)
			client.answers, client.next = 50*time.Millisecond, 50*time.Millisecond
			err := c.call(t.Context(), client)
			if !errors.Is(err, ErrSilent) || errors.Is(err, context.DeadlineExceeded) || !strings.HasSuffix(err.Error(), "does not answer within 0.05 s") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestPatience: waiting is what a followed log and the next event are for.
func TestPatience(t *testing.T) {
	client := played(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(60 * time.Millisecond)
		fmt.Fprint(w, "{}\n")
	})
	client.answers = 20 * time.Millisecond
	if _, err := client.Next(t.Context(), "a", 0); err != nil {
		t.Error(err)
	}
	lines := 0
	if err := client.Log(t.Context(), LogQuery{Follow: true}, func([]byte) error { lines++; return nil }); err != nil || lines != 1 {
		t.Errorf("%d lines, %v", lines, err)
	}
	if c := New("/nowhere"); c.answers != 10*time.Second || c.next != 70*time.Second || silent(c.answers).Error() != "the service does not answer within 10 s" {
		t.Errorf("%v, %v, %v", c.answers, c.next, silent(c.answers))
	}
}

// played answers with h on a real socket.
func played(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "qs")
	if err != nil {
		t.Fatal(err)
	}
	l, err := localsock.Listen(filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }()
	c := New(filepath.Join(dir, "s"))
	t.Cleanup(func() { c.Close(); s.Close(); os.RemoveAll(dir) })
	return c
}
