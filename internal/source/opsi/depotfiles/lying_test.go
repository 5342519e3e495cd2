// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// liar is a depot that answers as a test likes. The list names one file, "x", with
// hello in it.
func liar(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *bench {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/p.files") {
			fmt.Fprint(w, line("x"))
			return
		}
		answer(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // cut connections are what the tests are about
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	key, err := opsi.ParseKey(strings.Repeat("a", 32))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, dir: filepath.Join(t.TempDir(), "depot")}
	b.opt = Options{Dir: b.dir, HTTP: opsi.NewHTTP(roots), Credentials: opsi.Credentials{HostID: client, Key: key},
		Server: func(context.Context) (string, error) { return s.URL + "/depot", nil }}
	b.open()
	b.stall = time.Second
	t.Cleanup(func() { b.Cache.Close(); b.opt.HTTP.CloseIdleConnections() })
	return b
}

// flush sends a part of a body at once, so that no length is known.
func flush(w http.ResponseWriter, text string) error {
	_, err := io.WriteString(w, text)
	return errors.Join(err, http.NewResponseController(w).Flush())
}

// TestLyingDepot: none of these leads to a file, and none lasts for ever.
func TestLyingDepot(t *testing.T) {
	endless := func(w http.ResponseWriter, text string) {
		for flush(w, strings.Repeat(text, 1000)) == nil {
		}
	}
	cut := func(w http.ResponseWriter, text string) {
		_ = flush(w, text)
		panic(http.ErrAbortHandler)
	}
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		want   error
	}{
		"right": {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }, nil},
		"right without a length": {func(w http.ResponseWriter, r *http.Request) {
			_ = flush(w, "he")
			_ = flush(w, "llo")
		}, nil},
		"never ends":            {func(w http.ResponseWriter, r *http.Request) { endless(w, "hello") }, ErrRefused},
		"right and more":        {func(w http.ResponseWriter, r *http.Request) { _ = flush(w, "hello"); _ = flush(w, "!") }, ErrRefused},
		"less without a length": {func(w http.ResponseWriter, r *http.Request) { _ = flush(w, "he") }, ErrRefused},
		"says it is larger": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "99999999999")
			cut(w, "hello")
		}, ErrRefused},
		"says it is smaller": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4")
			_, _ = io.WriteString(w, "hell")
		}, ErrRefused},
		"sends less than it says": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5")
			cut(w, "")
		}, opsi.ErrUnreachable},
		"sends nothing": {func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, opsi.ErrUnreachable},
		"stands still in the middle": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "5")
			_ = flush(w, "h")
			<-r.Context().Done()
		}, opsi.ErrUnreachable},
		"another part": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				w.Header().Set("Content-Length", "5")
				cut(w, "he")
			}
			w.Header().Set("Content-Range", "bytes 0-2/5")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, "hel")
		}, ErrRefused},
		"part of a larger one": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				w.Header().Set("Content-Length", "5")
				cut(w, "he")
			}
			w.Header().Set("Content-Range", "bytes 2-4/6")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, "llo")
		}, ErrRefused},
		"a part unasked": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-4/5")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, "hello")
		}, ErrRefused},
		"knows no parts": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				w.Header().Set("Content-Length", "5")
				cut(w, "he")
			}
			_, _ = io.WriteString(w, "hello")
		}, nil},
		"a wrong rest, then right": {func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Header.Get("Range") != "":
				w.Header().Set("Content-Range", "bytes 2-4/5")
				w.WriteHeader(http.StatusPartialContent)
				_, _ = io.WriteString(w, "LLO")
			default:
				w.Header().Set("Content-Length", "5")
				cut(w, "he")
			}
		}, ErrRefused},
		"no such part": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusRequestedRangeNotSatisfiable) }, ErrRefused},
		"packed": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "hello")
		}, opsi.ErrAnswer},
		"leads elsewhere":  {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/depot/p/y", http.StatusFound) }, opsi.ErrAnswer},
		"nothing to say":   {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }, opsi.ErrAnswer},
		"says much and no": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadRequest); endless(w, "no") }, opsi.ErrRejected},
	} {
		t.Run(name, func(t *testing.T) {
			b := liar(t, c.answer)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err := b.Whole(ctx, "p")
			if c.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				b.want("p", map[string]string{"x": "hello"})
				return
			}
			if !errors.Is(err, c.want) || errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("%v", err)
			}
			b.want("p", nil)
		})
	}
}

// TestEndlessList: a list has an end for us.
func TestEndlessList(t *testing.T) {
	b := newBench(t, nil)
	b.depot.WriteFile("p/p.files", make([]byte, maxList+1))
	if err := b.Whole(t.Context(), "p"); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "p.files") {
		t.Error(err)
	}
}

// TestSlowly: a depot may be slow as long as it sends.
func TestSlowly(t *testing.T) {
	b := liar(t, func(w http.ResponseWriter, r *http.Request) {
		for _, c := range "hello" {
			_ = flush(w, string(c))
			time.Sleep(300 * time.Millisecond) // more than the limit together
		}
	})
	b.whole("p")
	b.want("p", map[string]string{"x": "hello"})
}

// TestOneSession: a depot has thirty sessions for an address; one is ours, and it
// is ended.
func TestOneSession(t *testing.T) {
	b := newBench(t, nil)
	files := map[string]string{}
	for i := range 50 {
		files[fmt.Sprint("f", i)] = fmt.Sprint(i)
	}
	b.put("p", files)
	b.whole("p")
	logins := 0
	for _, r := range b.depot.Requests() {
		if r.Login {
			logins++
		}
	}
	if logins != 1 {
		t.Errorf("%d logins", logins)
	}
	b.open()
	if all := b.depot.Requests(); all[len(all)-1].Path != "/session/logout" {
		t.Errorf("the last is %+v", all[len(all)-1])
	}
}
