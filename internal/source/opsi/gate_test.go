// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// roundTrip is a server without a network, so that its time can be made up.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func reply(status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func testKey(t testing.TB) Key {
	t.Helper()
	k, err := ParseKey("0123456789abcdef0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func offline(t testing.TB, random float64, f roundTrip) *Client {
	t.Helper()
	c, err := NewClient(Options{Server: "https://server.example.org:4447/rpc", Credentials: Credentials{me, testKey(t)},
		Random: func() float64 { return random }, Transport: f})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func read() *Call { return &Call{Method: "x_getObjects", Reads: true} }

// TestGate: how often a server is asked in four hours by somebody who calls every
// second, by what it answers.
func TestGate(t *testing.T) {
	for _, c := range []struct {
		name         string
		answer       func() (*http.Response, error)
		class        error
		least, most  int           // requests in four hours
		first, later time.Duration // between the first two, between the last two
	}{
		{"nobody there", func() (*http.Response, error) { return nil, errors.New("connection refused") }, ErrUnreachable, 15, 22, 2 * time.Second, 30 * time.Minute},
		{"busy", func() (*http.Response, error) { return reply(503, ``, "Retry-After", "600"), nil }, ErrBusy, 18, 25, 10 * time.Minute, 10 * time.Minute},
		{"busy for longer than anybody waits", func() (*http.Response, error) { return reply(503, ``, "Retry-After", "999999999999"), nil }, ErrBusy, 2, 2, 2 * time.Hour, 2 * time.Hour},
		{"busy and says nothing", func() (*http.Response, error) { return reply(503, `{"error":"maintenance"}`), nil }, ErrBusy, 180, 240, time.Minute, time.Minute},
		{"wrong key", func() (*http.Response, error) { return reply(401, `{"error":"Authentication error"}`), nil }, ErrLogin, 11, 13, time.Minute, 30 * time.Minute},
		{"blocked", func() (*http.Response, error) { return reply(403, `{"error":"Client '10.0.0.1' is blocked"}`), nil }, ErrBlocked, 9, 12, 2 * time.Minute, 30 * time.Minute},
		{"nonsense", func() (*http.Response, error) { return reply(200, `<html>`), nil }, ErrAnswer, 15, 22, 2 * time.Second, 30 * time.Minute},
		{"broken", func() (*http.Response, error) { return reply(500, `oh`), nil }, ErrServer, 15, 22, 2 * time.Second, 30 * time.Minute},
		{"rejected", func() (*http.Response, error) { return reply(422, `oh`), nil }, ErrRejected, 11, 13, time.Minute, 30 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var at []time.Time
				client := offline(t, 0.5, func(*http.Request) (*http.Response, error) {
					at = append(at, time.Now())
					return c.answer()
				})
				for end := time.Now().Add(4 * time.Hour); time.Now().Before(end); time.Sleep(time.Second) {
					if err := client.Do(t.Context(), read()); !errors.Is(err, c.class) {
						t.Fatalf("%v is no %v", err, c.class)
					}
				}
				if len(at) < c.least || len(at) > c.most {
					t.Fatalf("%d requests in four hours, want %d to %d", len(at), c.least, c.most)
				}
				first, last := at[1].Sub(at[0]), at[len(at)-1].Sub(at[len(at)-2])
				if first < c.first/2 || last < c.later/2 || last > c.later*5/4+time.Second {
					t.Errorf("pauses from %v to %v", first, last)
				}
				if err := client.Do(t.Context(), read()); len(at) > 1 && !errors.Is(err, ErrWaiting) {
					t.Errorf("knocks again: %v", err)
				}
			})
		})
	}
}

// TestGateOpens: the server comes back after an hour, and everything is forgotten.
func TestGateOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		client := offline(t, 0, func(*http.Request) (*http.Response, error) {
			if time.Since(begun) < time.Hour {
				return nil, errors.New("no route to host")
			}
			return reply(200, `{"id":1,"result":null}`), nil
		})
		for {
			err := client.Do(t.Context(), read())
			if err == nil {
				break
			}
			if !errors.Is(err, ErrUnreachable) {
				t.Fatal(err)
			}
			if err := client.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if since := time.Since(begun); since > time.Hour+longestPause {
			t.Errorf("found it again after %v", since)
		}
		if client.gate.failures != 0 {
			t.Error("remembers failures")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		client.gate.note(time.Now(), ErrBlocked, 0)
		if err := client.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

// TestGivingUpIsNoFailure: whoever asks and goes away has seen no fault.
func TestGivingUpIsNoFailure(t *testing.T) {
	client := offline(t, 0, func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := client.Do(ctx, read()); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnreachable) {
		t.Errorf("%v", err)
	}
	if err := client.gate.check(); err != nil {
		t.Errorf("%v", err)
	}
}

// TestPatchDay: six thousand clients whose server was away for an hour do not
// come back at once.
func TestPatchDay(t *testing.T) {
	const clients = 6000
	perSecond := map[int]int{}
	most := 0
	for i := range clients {
		at := int(PollPause(float64(i)/clients) / time.Second)
		if perSecond[at]++; perSecond[at] > most {
			most = perSecond[at]
		}
		if at < 600 || at > 900 {
			t.Fatalf("a pause of %d s", at)
		}
	}
	if most > 25 {
		t.Errorf("%d requests in a second", most)
	}
	g := gate{failures: 20}
	least, longest := longestPause, time.Duration(0)
	for i := range clients {
		g.random = func() float64 { return float64(i) / clients }
		d := g.pause(fmt.Errorf("x: %w", ErrUnreachable), 0)
		least, longest = min(least, d), max(longest, d)
	}
	if longest > longestPause || least > longestPause/2 {
		t.Errorf("after an outage from %v to %v", least, longest)
	}
}
