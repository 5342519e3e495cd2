// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// looks is a source that is only looked at.
type looks struct {
	source
	at  []time.Duration // since the start
	of  time.Time
	err error
}

func (l *looks) Poll(_ context.Context, take func(wanted) error) error {
	l.at = append(l.at, time.Since(l.of))
	if l.err != nil {
		return l.err
	}
	return take(wanted{})
}

func (l *looks) Prepare(context.Context, events.Request) (events.Policy, events.Package, *events.Problem, error) {
	return events.Policy{}, events.Package{}, nil, nil
}

func newLooks(every time.Duration) (*looks, *depot) {
	l := &looks{of: time.Now()}
	return l, &depot{source: l, settled: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		submit:   func(context.Context, string, events.Input) (uint64, error) { return 0, nil },
		machine:  func() (policy.Machine, policy.Opinion) { return policy.Machine{}, policy.Opinion{} },
		observes: func() bool { return false },
		pause:    func(error) time.Duration { return every }, obey: func(context.Context) error { return nil }}
}

// TestLookSoon: a change that somebody saw is looked at soon, ever later while it
// never settles, and no later than a look comes anyway.
func TestLookSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, d := newLooks(10 * time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { d.pollEvery(ctx, zerolog.Nop(), nil); close(done) }()
		for range 5 {
			d.lookSoon()
			d.lookSoon()
			time.Sleep(11 * time.Second / 10)
		}
		synctest.Wait()
		cancel()
		<-done
		var got []int
		for _, at := range l.at {
			got = append(got, int(at/time.Second))
		}
		// 0; a second later; then two seconds after what came meanwhile
		if len(got) != 3 || got[0] != 0 || got[1] != 1 || got[2] != 3 {
			t.Errorf("looked at seconds %v", got)
		}
	})
}

// TestSettleObeys: who waits for a look to be brought in, which may be for long while
// the log cannot be written, gives up when nobody waits for him.
func TestSettleObeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, d := newLooks(time.Minute)
		release, err := d.settle(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		within, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, _, err := d.Prepare(within, events.Request{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Prepare: %v", err)
		}
		if err := d.poll(within, "poll"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a look: %v", err)
		}
		release()
		if _, _, _, err := d.Prepare(t.Context(), events.Request{}); err != nil {
			t.Error(err)
		}
	})
}

// TestRenamed: a look that fails at a server that knows this client by another name
// says so.
func TestRenamed(t *testing.T) {
	why := errors.New("it names no depot")
	if err := renamed(why, "pc1.site.test", "pc2.site.test"); !errors.Is(err, why) || !strings.Contains(err.Error(), "knows this client as pc2.site.test, not as pc1.site.test") {
		t.Error(err)
	}
	if renamed(nil, "a", "b") != nil || renamed(why, "a", "") != why {
		t.Error("a client that was not renamed is said to be")
	}
}

// TestGlanceLately: whoever asks again and again does not have the depot asked each
// time, least of all one that fails; what could not be read is tried again soon.
func TestGlanceLately(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, d := newLooks(time.Minute)
		n, bad := 0, error(nil)
		d.glance = func(context.Context, events.Request) (events.Policy, events.Package, *events.Problem, error) {
			n++
			return events.Policy{}, events.Package{Product: "p"}, nil, bad
		}
		ask := func(want int) {
			t.Helper()
			if _, _, _, err := d.glanceLately(t.Context(), events.Request{Row: events.Report{ProductID: "p"}}); err != bad || n != want {
				t.Errorf("%v, asked %d times, want %d", err, n, want)
			}
		}
		bad = errors.New("no depot")
		ask(1)
		ask(1)
		time.Sleep(10 * time.Second)
		ask(2)
		time.Sleep(10 * time.Second)
		bad = nil
		ask(3)
		ask(3)
		time.Sleep(time.Minute)
		bad = context.Canceled // of who asked: nobody else is told that
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, _, err := d.glanceLately(gone, events.Request{Row: events.Report{ProductID: "p"}}); err != bad {
			t.Error(err)
		}
		bad = nil
		ask(5)
	})
}

// TestModeOfAnUnknownServer: while nothing is known of the server, the core stays in
// its mode; only the config file's own word for observe mode is taken.
func TestModeOfAnUnknownServer(t *testing.T) {
	_, d := newLooks(time.Minute)
	known, observe := false, false
	d.known = func() bool { return known }
	d.machine = func() (policy.Machine, policy.Opinion) { return policy.Machine{Observe: observe}, policy.Opinion{} }
	if in, ok := d.mode(); ok {
		t.Errorf("it is chosen: %+v", in)
	}
	observe = true
	if in, ok := d.mode(); !ok || !in.Observe {
		t.Errorf("the config file: %+v, %v", in, ok)
	}
	known, observe = true, false
	if in, ok := d.mode(); !ok || in.Observe {
		t.Errorf("known: %+v, %v", in, ok)
	}
}

// TestKeyFileIsWaitedFor: a key file that is not there is waited for for a moment, and
// a stop ends that at once.
func TestKeyFileIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := config.Config{Source: config.Source{Kind: config.Opsi, KeyFile: filepath.Join(t.TempDir(), "none"), HostID: "pc1.site.test"}}
		opens := func(ctx context.Context) (time.Duration, error) {
			began := time.Now()
			_, err := openDepot(ctx, parts{config: c}, t.TempDir(), "test")
			return time.Since(began), err
		}
		if took, err := opens(t.Context()); !errors.Is(err, config.ErrInvalid) || took != 3*time.Second {
			t.Errorf("%v after %v", err, took)
		}
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, stop)
		if took, err := opens(ctx); !errors.Is(err, context.Canceled) || took != 500*time.Millisecond {
			t.Errorf("stopped: %v after %v", err, took)
		}
	})
}

// TestNetwork: a source that gave no answer is asked at once when the machine has other
// addresses; one that answered is left alone.
func TestNetwork(t *testing.T) {
	for name, fails := range map[string]bool{"no answer": true, "an answer": false} {
		synctest.Test(t, func(t *testing.T) {
			l, d := newLooks(time.Hour)
			if fails {
				l.err = errors.New("unreachable")
			}
			retried := 0
			d.retry = func() { retried++ }
			d.network = func() string {
				if time.Since(l.of) > 7*time.Second {
					return "127.0.0.1/8 10.8.0.2/24"
				}
				return "127.0.0.1/8"
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { d.pollEvery(ctx, zerolog.Nop(), nil); close(done) }()
			time.Sleep(30 * time.Minute)
			cancel()
			<-done
			want := []time.Duration{0}
			if fails {
				// Looked at after ten, a second later for what else changes, and soon again: the way may come later.
				want = append(want, 11*time.Second, 16*time.Second, 21*time.Second, 26*time.Second)
			}
			if !slices.Equal(l.at, want) || retried != len(want)-1 {
				t.Errorf("%s: looked at %v, want %v; retried %d times", name, l.at, want, retried)
			}
		})
	}
}

// TestAddresses: this machine has some.
func TestAddresses(t *testing.T) {
	if got := addresses(); !strings.Contains(got, "127.0.0.1") || got != addresses() {
		t.Errorf("%q", got)
	}
}
