// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// world is a daemon behind the counter: one product, and it remembers what it is told.
type world struct {
	mu    sync.Mutex
	heard []string
	lines [][]byte
	more  chan []byte // lines for followers
	fails error       // what everything ends with
}

func (w *world) hear(format string, a ...any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = append(w.heard, fmt.Sprintf(format, a...))
	return w.fails
}

func (w *world) took() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.heard
	w.heard = nil
	return out
}

func (w *world) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fails = err
}

func (w *world) Status(context.Context) (apitypes.Status, error) {
	return apitypes.Status{Schema: apitypes.SchemaStatus, PID: 7, Sessions: []apitypes.Session{{ID: "c2", Owner: "uid:1000", User: "anna"}}}, w.hear("status")
}

func (w *world) Products(context.Context) (apitypes.Products, error) {
	return apitypes.Products{Schema: apitypes.SchemaProducts, Products: []apitypes.Product{{ID: "firefox"}}}, w.hear("products")
}

func (w *world) Product(_ context.Context, id string) (apitypes.ProductDoc, error) {
	if id != "firefox" {
		return apitypes.ProductDoc{}, &apitypes.Error{Code: apitypes.CodeNotFound, Message: "no product is called " + id}
	}
	return apitypes.ProductDoc{Schema: apitypes.SchemaProduct, Product: apitypes.Product{ID: id,
		Failing: []apitypes.Failing{{Work: "send_report", Error: "cannot write /home/anna/row", Tries: 2}}}}, w.hear("product %s", id)
}

func (w *world) Processes(_ context.Context, id string) (apitypes.Processes, error) {
	return apitypes.Processes{Product: id, Complete: true, Processes: []apitypes.Process{{Name: "firefox", Path: "/home/anna/firefox", Owner: "uid:1000"}}}, w.hear("processes %s", id)
}

func (w *world) Log(ctx context.Context, q LogQuery, emit func([]byte) error) error {
	if err := w.hear("log %+v", q); err != nil && len(w.lines) == 0 {
		return err
	}
	for _, l := range w.lines {
		if err := emit(l); err != nil {
			return err
		}
	}
	for q.Follow {
		select {
		case l := <-w.more:
			if err := emit(l); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fails
}

func (w *world) Request(_ context.Context, actor, product string, a events.Action, _ bool, reason string) (apitypes.Done, error) {
	return apitypes.Done{Schema: apitypes.SchemaDone, Product: product, Run: 1, Changed: true}, w.hear("%s requests %s of %s: %s", actor, a, product, reason)
}

func (w *world) Cancel(_ context.Context, actor, product, reason string) (apitypes.Done, error) {
	return apitypes.Done{Schema: apitypes.SchemaDone, Product: product}, w.hear("%s cancels %s: %s", actor, product, reason)
}

func (w *world) Sync(_ context.Context, actor string, dry bool) (apitypes.Sync, error) {
	return apitypes.Sync{Schema: apitypes.SchemaSync, DryRun: dry}, w.hear("%s syncs, dry %v", actor, dry)
}

func (w *world) Submit(_ context.Context, actor string, in events.Input) (apitypes.Done, error) {
	return apitypes.Done{Schema: apitypes.SchemaDone, Seq: 9}, w.hear("%s: %s %+v", actor, events.InputName(in), in)
}

func (w *world) Hello(_ context.Context, p localsock.Peer, h apitypes.Hello) (apitypes.Welcome, error) {
	return apitypes.Welcome{Schema: apitypes.SchemaWelcome, Agent: "A", Session: "c2"}, w.hear("%s hello %s", p.Owner, h.Kind)
}

func (w *world) Next(ctx context.Context, p localsock.Peer, agent string, after uint64) (apitypes.PromptEvent, error) {
	if err := w.hear("%s next %s %d", p.Owner, agent, after); err != nil {
		return apitypes.PromptEvent{}, err
	}
	<-ctx.Done() // until the agent goes
	return apitypes.PromptEvent{}, w.hear("%s gone", agent)
}

func (w *world) Shown(_ context.Context, p localsock.Peer, id string, s apitypes.Shown) error {
	return w.hear("%s shown %s %+v", p.Owner, id, s)
}

func (w *world) Failed(_ context.Context, p localsock.Peer, id string, f apitypes.Failed) error {
	return w.hear("%s failed %s %+v", p.Owner, id, f)
}

func (w *world) Answer(_ context.Context, p localsock.Peer, id string, a apitypes.Answer) (apitypes.AnswerResult, error) {
	return apitypes.AnswerResult{Schema: apitypes.SchemaAnswered, State: apitypes.AnswerRecorded}, w.hear("%s answer %s %+v", p.Owner, id, a)
}

func (w *world) Closed(_ context.Context, p localsock.Peer, c apitypes.Closed) error {
	return w.hear("%s closed %+v", p.Owner, c)
}

func (w *world) Presence(_ context.Context, p localsock.Peer, v apitypes.Presence) error {
	return w.hear("%s presence %+v", p.Owner, v)
}

// rig is a server on a real socket.
type rig struct {
	*testing.T
	*world
	path   string
	client *localclient.Client
	mu     sync.Mutex
	faults []error
	odds   []localsock.Peer // who sent what never became a request
}

func (r *rig) odd(p localsock.Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.odds = append(r.odds, p)
}

func serveWorld(t *testing.T, lim limits) *rig {
	t.Helper()
	r := &rig{T: t, world: &world{more: make(chan []byte)}, path: place(t)}
	l, err := localsock.Listen(r.path)
	if err != nil {
		t.Fatal(err)
	}
	h := New(Config{Views: r.world, Operator: r.world, Desk: r.world, Reports: r.world, Owner: localsock.Self(), Faults: func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.faults = append(r.faults, err)
	}})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, l, h, lim, r.odd) }()
	r.client = localclient.New(r.path)
	t.Cleanup(func() {
		r.client.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		if c, err := localsock.Dial(context.Background(), r.path); !errors.Is(err, localsock.ErrNobody) {
			t.Errorf("after its end it is dialed with %v", err)
			if err == nil {
				c.Close()
			}
		}
	})
	return r
}

func (r *rig) wantHeard(want ...string) {
	r.Helper()
	if got := r.took(); !slices.Equal(got, want) {
		r.Errorf("the daemon heard\n %q, want\n %q", got, want)
	}
}
