// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// room is a session whose person the test moves, and remembers what is told of it.
type room struct {
	mu     sync.Mutex
	input  time.Time
	locked bool
	told   []string
}

func (r *room) Close(p apitypes.Running) string {
	if p.PID == 1 {
		return apitypes.CloseRefused
	}
	return apitypes.CloseAsked
}

func (r *room) Presence() apitypes.Presence {
	r.mu.Lock()
	defer r.mu.Unlock()
	return apitypes.Presence{IdleMS: time.Since(r.input).Milliseconds(), Locked: r.locked}
}

func (r *room) tell(format string, a ...any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, fmt.Sprintf(format, a...))
	return nil
}

func (r *room) Closed(_ context.Context, c apitypes.Closed) error { return r.tell("%+v", c) }

func (r *room) heard() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.told
	r.told = nil
	return out
}

// presences are a room's reports of its person.
type presences struct{ *room }

func (p presences) Presence(_ context.Context, v apitypes.Presence) error {
	return p.tell("idle %d locked %v", v.IdleMS, v.Locked)
}

// An order is carried out program by program, and answered in its order.
func TestOrderIsCarriedOut(t *testing.T) {
	r := &room{}
	a := &agent{Config: Config{Session: r, Reports: presences{r}}}
	a.carryOut(t.Context(), "A", apitypes.Close{ID: "O", Programs: []apitypes.Running{{PID: 7, Start: 8}, {PID: 1, Start: 2}}})
	want := []string{"{Agent:A Order:O Programs:[{Running:{PID:7 Start:8} State:asked} {Running:{PID:1 Start:2} State:refused}]}"}
	if got := r.heard(); !slices.Equal(got, want) {
		t.Errorf("told is %q", got)
	}
	(&agent{}).carryOut(t.Context(), "A", apitypes.Close{ID: "O"}) // an agent that cannot
}

// A lock is told at once, input now and then, and nothing while nothing happens.
func TestPresenceIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := &room{input: time.Now()}
		a := &agent{Config: Config{Session: r, Reports: presences{r}}, name: "A"}
		ended := make(chan struct{})
		go func() { defer close(ended); a.watch(ctx) }()
		time.Sleep(lookEach + time.Millisecond)
		if got := r.heard(); !slices.Equal(got, []string{"idle 1000 locked false"}) {
			t.Errorf("at first is told %q", got)
		}
		time.Sleep(time.Hour)
		if got := r.heard(); len(got) > 0 {
			t.Errorf("of nobody is told %q", got)
		}
		r.mu.Lock()
		r.input, r.locked = time.Now(), true
		r.mu.Unlock()
		time.Sleep(lookEach)
		if got := r.heard(); len(got) != 1 {
			t.Errorf("of a lock is told %q", got)
		}
		for range 180 { // somebody works
			r.mu.Lock()
			r.input = time.Now()
			r.mu.Unlock()
			time.Sleep(time.Second)
		}
		if got := r.heard(); len(got) < 2 || len(got) > 4 {
			t.Errorf("of three minutes' work is told %q", got)
		}
		cancel()
		<-ended
	})
}
