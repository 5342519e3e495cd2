// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// closer lets an agent in that can ask windows to close.
func (r *rig) closer(p localsock.Peer) *client {
	r.Helper()
	w, err := r.Hello(r.Context(), p, apitypes.Hello{Kind: apitypes.AgentWindow, Closes: true})
	if err != nil {
		r.Fatal(err)
	}
	return &client{rig: r, peer: p, name: w.Agent}
}

// closed answers an order with a state for each program.
func (c *client) closed(o *apitypes.Close, states ...string) error {
	v := apitypes.Closed{Agent: c.name, Order: o.ID}
	for i, s := range states {
		v.Programs = append(v.Programs, apitypes.CloseResult{Running: o.Programs[i], State: s})
	}
	return c.Closed(c.Context(), c.peer, v)
}

// closing orders to close and returns what comes of it.
func (r *rig) closing(session string, ids ...events.ProcessID) <-chan error {
	out := make(chan error, 1)
	go func() { out <- r.CloseWindows(r.Context(), session, ids) }()
	synctest.Wait()
	return out
}

var (
	editor = events.ProcessID{PID: 11, Start: 133_700_000_000_000_001} // more than a float holds
	viewer = events.ProcessID{PID: 12, Start: 133_700_000_000_000_002}
)

// An order goes to the agent of its session alone, names the programs exactly,
// and is over when it is answered.
func TestCloseWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c, elsewhere := r.closer(anna), r.closer(anna2)
		out := r.closing("c2", editor, viewer)
		e := c.want(apitypes.EventClose)
		if got := fmt.Sprint(e.Order.Programs); got != "[{11 133700000000000001} {12 133700000000000002}]" || e.ID != "" || e.Prompt != nil {
			t.Errorf("the order is %+v", e)
		}
		c.cursor = 0 // the answer was lost on the way
		if again := c.want(apitypes.EventClose); again.Order.ID != e.Order.ID {
			t.Errorf("it comes again as %+v", again)
		}
		if err := c.closed(e.Order, apitypes.CloseAsked, apitypes.CloseWindowless); err != nil {
			t.Error(err)
		}
		if err := <-out; err != nil {
			t.Errorf("closing is %v", err)
		}
		if err := c.closed(e.Order, apitypes.CloseRefused, apitypes.CloseRefused); err != nil {
			t.Errorf("a second answer is %v, want no matter", err)
		}
		r.mu.Lock()
		for _, o := range []*client{c, elsewhere} {
			if e, found := r.eventFor(r.byID[o.name], 0); found {
				t.Errorf("%d then gets %+v", o.peer.PID, e)
			}
		}
		r.mu.Unlock()
		out = r.closing("c2", editor, viewer)
		if err := c.closed(c.want(apitypes.EventClose).Order, apitypes.CloseGone, apitypes.CloseRefused); err != nil {
			t.Error(err)
		}
		if err := <-out; err == nil || err.Error() != `cannot ask programs in session "c2" to close: the agent may not ask process 12` {
			t.Errorf("a refusal is %v", err)
		}
	})
}

// More programs than an order may name are several orders.
func TestCloseManyWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.closer(anna)
		var ids []events.ProcessID
		for i := range apitypes.MaxClose + 1 {
			ids = append(ids, events.ProcessID{PID: i + 2, Start: 1})
		}
		out := r.closing("c2", ids...)
		for _, n := range []int{apitypes.MaxClose, 1} {
			o := c.want(apitypes.EventClose).Order
			states := make([]string, n)
			for i := range states {
				states[i] = apitypes.CloseAsked
			}
			if len(o.Programs) != n {
				t.Fatalf("the order names %d programs", len(o.Programs))
			}
			if err := c.closed(o, states...); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if err := <-out; err != nil {
			t.Error(err)
		}
	})
}

// Nobody who could do it, or nobody who answers: it is told, and soon.
func TestNobodyCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.hello(anna) // cannot
		r.closer(bert)
		for _, session := range []string{"c2", "c9", ""} {
			if err := <-r.closing(session, editor); !errors.Is(err, ErrNobodyCloses) {
				t.Errorf("in %q: %v", session, err)
			}
		}
		began := time.Now()
		if err := <-r.closing("c3", editor); err == nil || errors.Is(err, ErrNobodyCloses) || time.Since(began) > closeFor {
			t.Errorf("an agent that does not answer: %v after %v", err, time.Since(began))
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.orders) > 0 {
			t.Errorf("%d orders are kept", len(r.orders))
		}
	})
}

// Who answers an order it was not given, or about other programs, is refused,
// and the order stays.
func TestHostileCloseAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c, b := r.closer(anna), r.closer(bert)
		out := r.closing("c2", editor, viewer)
		o := c.want(apitypes.EventClose).Order
		asked := func(id events.ProcessID, state string) apitypes.CloseResult {
			return apitypes.CloseResult{Running: apitypes.Running{PID: id.PID, Start: id.Start}, State: state}
		}
		good := []apitypes.CloseResult{asked(editor, "asked"), asked(viewer, "asked")}
		for name, f := range map[string]struct {
			who  *client
			v    apitypes.Closed
			want string
		}{
			"another session":      {b, apitypes.Closed{Agent: b.name, Programs: good}, apitypes.CodeForbidden},
			"another's name":       {b, apitypes.Closed{Agent: c.name, Programs: good}, apitypes.CodeUnknownAgent},
			"too few":              {c, apitypes.Closed{Agent: c.name, Programs: good[:1]}, apitypes.CodeBadRequest},
			"none":                 {c, apitypes.Closed{Agent: c.name}, apitypes.CodeBadRequest},
			"one twice":            {c, apitypes.Closed{Agent: c.name, Programs: []apitypes.CloseResult{good[0], good[0]}}, apitypes.CodeBadRequest},
			"one of another start": {c, apitypes.Closed{Agent: c.name, Programs: []apitypes.CloseResult{good[0], asked(events.ProcessID{PID: 12, Start: 9}, "asked")}}, apitypes.CodeBadRequest},
			"an unknown state":     {c, apitypes.Closed{Agent: c.name, Programs: []apitypes.CloseResult{good[0], asked(viewer, "killed")}}, apitypes.CodeBadRequest},
		} {
			f.v.Order = o.ID
			if err := r.Closed(t.Context(), f.who.peer, f.v); code(err) != f.want {
				t.Errorf("%s: %v, want %s", name, err, f.want)
			}
		}
		if err := r.Closed(t.Context(), c.peer, apitypes.Closed{Agent: c.name, Order: "made up"}); err != nil {
			t.Errorf("an order that nobody waits for: %v", err)
		}
		select {
		case err := <-out:
			t.Errorf("the order is over: %v", err)
		default:
		}
		if err := c.closed(o, apitypes.CloseAsked, apitypes.CloseGone); err != nil {
			t.Error(err)
		}
		if err := <-out; err != nil {
			t.Error(err)
		}
	})
}

// What an agent tells of its person counts for its own place, and grows old.
func TestPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		r.hello(bert)
		of := func(i int) Presence { return r.Agents()[i].Presence }
		if p := of(0); p.Known || p.Idle() >= 0 {
			t.Errorf("before the first word: %+v", p)
		}
		tell := func(p apitypes.Presence) error {
			p.Agent = c.name
			return r.Presence(t.Context(), anna, p)
		}
		changed := r.Changed()
		if err := tell(apitypes.Presence{IdleMS: 2000, Locked: true, Busy: apitypes.BusyFullScreen}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changed:
		default:
			t.Error("a locked screen is no news")
		}
		time.Sleep(time.Second)
		if p := of(0); !p.Locked || !p.Since.IsZero() || p.Busy != apitypes.BusyFullScreen || p.Idle() != 3*time.Second {
			t.Errorf("then it is %+v, idle for %v", p, p.Idle())
		}
		if err := tell(apitypes.Presence{IdleMS: -1}); err != nil {
			t.Fatal(err)
		}
		if p := of(0); p.Locked || p.Since != time.Now() || p.Idle() >= 0 {
			t.Errorf("unlocked it is %+v, idle for %v", p, p.Idle())
		}
		if p := of(1); p.Known {
			t.Errorf("somebody else is %+v", p)
		}
		for _, p := range []apitypes.Presence{{IdleMS: -2}, {IdleMS: 1 << 62}, {Busy: "very\n"}} {
			if err := tell(p); code(err) != apitypes.CodeBadRequest {
				t.Errorf("%+v: %v", p, err)
			}
		}
		if err := r.Presence(t.Context(), bert, apitypes.Presence{Agent: c.name}); code(err) != apitypes.CodeUnknownAgent {
			t.Errorf("in another's name: %v", err)
		}
	})
}

// Where an agent's program is known, only the installed one is let in.
func TestInstalledAgentOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.c.AgentImage = "/opt/quietsetup/quietsetup-prompt"
		for image, ok := range map[string]bool{"/opt/quietsetup/quietsetup-prompt": true, "/opt/QuietSetup/./quietsetup-prompt": true, "/tmp/quietsetup-prompt": false, "": false} {
			p := anna
			p.Image = image
			if _, err := r.Hello(t.Context(), p, apitypes.Hello{Kind: apitypes.AgentWindow}); (err == nil) != ok || !ok && code(err) != apitypes.CodeForbidden {
				t.Errorf("%q: %v", image, err)
			}
		}
	})
}
