// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
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

// TestPatchDay: six thousand clients that all have something to do, and a server
// that is in maintenance for ten minutes of their first hour. The load stays
// spread, also when the server is back.
func TestPatchDay(t *testing.T) {
	const clients, perRound = 6000, 4
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var mu sync.Mutex
		perSecond := map[int]int{}
		turnedAway := 0
		server := roundTrip(func(*http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			since := time.Since(begun)
			perSecond[int(since/time.Second)]++
			if since > 20*time.Minute && since < 30*time.Minute {
				turnedAway++
				return reply(503, `{"error":"maintenance"}`, "Retry-After", "600"), nil
			}
			return reply(200, `{"id":1,"result":null}`), nil
		})
		var wg sync.WaitGroup
		for i := range clients {
			wg.Go(func() {
				chance := rand.New(rand.NewPCG(uint64(i), 6))
				c, err := NewClient(Options{Server: "https://server.example.org", Credentials: Credentials{me, testKey(t)}, Random: chance.Float64, Transport: server})
				if err != nil {
					t.Error(err)
					return
				}
				for time.Since(begun) < time.Hour {
					time.Sleep(PollPause(10*time.Minute, chance.Float64()))
					for range perRound {
						if err := c.Do(t.Context(), read()); err != nil {
							if c.Wait(t.Context()) != nil {
								return
							}
						}
					}
				}
			})
		}
		wg.Wait()
		most, all := 0, 0
		for _, n := range perSecond {
			most, all = max(most, n), all+n
		}
		t.Logf("%d requests of %d clients in an hour, at most %d in a second; %d turned away in ten minutes", all, clients, most, turnedAway)
		if most > 200 || turnedAway > 5*clients {
			t.Errorf("at most %d in a second, %d turned away", most, turnedAway)
		}
	})
}

// TestRetryWakesWhoWaits: what was only not reached may be asked at once, and
// nothing else.
func TestRetryWakesWhoWaits(t *testing.T) {
	for _, c := range []struct {
		cause error
		opens bool
	}{{ErrUnreachable, true}, {ErrCertificate, true}, {ErrLogin, false}, {ErrBlocked, false}, {ErrBusy, false}} {
		synctest.Test(t, func(t *testing.T) {
			g := gate{random: func() float64 { return 0 }}
			for range 12 {
				g.note(time.Now(), c.cause, time.Hour)
				time.Sleep(time.Millisecond)
			}
			begun, woken := time.Now(), make(chan time.Duration, 1)
			go func() {
				if err := g.wait(t.Context()); err != nil {
					t.Error(err)
				}
				woken <- time.Since(begun)
			}()
			synctest.Wait()
			rest := g.rest()
			g.retry()
			if after := <-woken; (after == 0) != c.opens || rest < 10*time.Minute {
				t.Errorf("%v: woken after %v of %v", c.cause, after, rest)
			}
		})
	}
}
