// SPDX-License-Identifier: Apache-2.0

//go:build unix

package localclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// serve answers with h on a real socket.
func serve(t *testing.T, h http.HandlerFunc) *localclient.Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "qs")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	l, err := localsock.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }()
	c := localclient.New(path)
	t.Cleanup(func() { c.Close(); s.Close(); os.RemoveAll(dir) })
	return c
}

// What a broken or newer daemon answers is an error, never a panic or a wait.
func TestOddAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   error
		text   string
	}{
		"no JSON":              {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, nil, "cannot read the answer"},
		"another shape":        {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `[]`) }, nil, "cannot read the answer"},
		"an error unexplained": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, nil, "did not say why"},
		"a redirection": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://example.org/", http.StatusFound)
		}, nil, "did not say why"},
		"half an answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"schema":`)
		}, localclient.ErrBroken, ""},
		"a hung up connection": {func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				c.Close()
			}
		}, localclient.ErrBroken, ""},
		"an endless answer": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"schema":"`)
			for line := strings.Repeat("x", 1<<20); ; {
				if _, err := io.WriteString(w, line); err != nil {
					return
				}
			}
		}, nil, "more than"},
		"a code of a newer daemon": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(418)
			fmt.Fprint(w, `{"error":{"code":"teapot","message":"short and stout"}}`)
		}, nil, "short and stout"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := serve(t, c.answer).Status(t.Context())
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, want %v with %q", err, c.want, c.text)
			}
		})
	}
}

// A member this client does not know is passed over.
func TestNewerAnswer(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"schema":"status/v1","pid":7,"new":{"a":1}}`)
	})
	if s, err := c.Status(t.Context()); err != nil || s.PID != 7 || s.Schema != apitypes.SchemaStatus {
		t.Errorf("got %+v, %v", s, err)
	}
}

func TestCancelled(t *testing.T) {
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { cancel(why) })
	if _, err := c.Products(ctx); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

func TestNotTrusted(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := localclient.New(filepath.Join(dir, "s")).Status(t.Context()); !errors.Is(err, localclient.ErrNotTrusted) {
		t.Errorf("got %v", err)
	}
}
