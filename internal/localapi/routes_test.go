// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

func TestRoutes(t *testing.T) {
	r := serveWorld(t, usual())
	me, c, ctx := localsock.Self(), r.client, t.Context()
	check := func(err error, want ...string) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		r.wantHeard(want...)
	}
	s, err := c.Status(ctx)
	check(err, "status")
	if s.PID != 7 || s.Sessions[0].User != "anna" {
		t.Errorf("the status is %+v", s)
	}
	all, err := c.Products(ctx)
	check(err, "products")
	if len(all.Products) != 1 {
		t.Errorf("the products are %+v", all)
	}
	one, err := c.Product(ctx, "firefox")
	check(err, "product firefox")
	if one.ID != "firefox" || one.Schema != apitypes.SchemaProduct {
		t.Errorf("the product is %+v", one)
	}
	ps, err := c.Processes(ctx, "firefox")
	check(err, "processes firefox")
	if ps.Processes[0].Path == "" {
		t.Errorf("the processes are %+v", ps)
	}
	done, err := c.Request(ctx, "firefox", "setup", false, "because")
	check(err, me+" requests setup of firefox: because")
	if done.Run != 1 || !done.Changed {
		t.Errorf("done is %+v", done)
	}
	_, err = c.Order(ctx, "firefox", apitypes.VerbCancel, "no")
	check(err, me+" cancels firefox: no")
	for verb, want := range map[string]string{
		apitypes.VerbDefer:  "defer_requested {Product:firefox Reason:why}",
		apitypes.VerbResume: "resume_requested {Product:firefox Reason:why}",
		apitypes.VerbReset:  "reset_requested {Product:firefox Reason:why}",
	} {
		_, err = c.Order(ctx, "firefox", verb, "why")
		check(err, me+": "+want)
	}
	_, err = c.Hold(ctx, "", "exam")
	check(err, me+": hold_requested {Product: Reason:exam}")
	_, err = c.Release(ctx, "firefox", "over")
	check(err, me+": release_requested {Product:firefox Reason:over}")
	_, err = c.Hello(ctx, apitypes.Hello{Kind: apitypes.AgentTerminal})
	check(err, me+" hello terminal")
	id := "firefox#3.1@pts/3" // with every sign that is special in a path
	check(c.Shown(ctx, id, apitypes.Shown{Agent: "A", Nonce: "N", Revision: 7}), me+" shown "+id+" {Agent:A Nonce:N Revision:7}")
	check(c.Failed(ctx, id, apitypes.Failed{Agent: "A", Nonce: "N", Reason: "error"}), me+" failed "+id+" {Agent:A Nonce:N Reason:error}")
	asked := apitypes.CloseResult{Running: apitypes.Running{PID: 11, Start: 133_700_000_000_000_001}, State: apitypes.CloseAsked}
	check(c.Closed(ctx, apitypes.Closed{Agent: "A", Order: "O", Programs: []apitypes.CloseResult{asked}}), me+" closed {Agent:A Order:O Programs:[{Running:{PID:11 Start:133700000000000001} State:asked}]}")
	check(c.Presence(ctx, apitypes.Presence{Agent: "A", IdleMS: 5, Locked: true}), me+" presence {Agent:A IdleMS:5 Locked:true Busy:}")
	a, err := c.Answer(ctx, id, apitypes.Answer{Agent: "A", Nonce: "N", Revision: 7, Choice: "kill"})
	check(err, me+" answer "+id+" {Agent:A Nonce:N Revision:7 Choice:kill}")
	if a.State != apitypes.AnswerRecorded {
		t.Errorf("the answer is %+v", a)
	}
}

// An agent that goes away ends its waiting at once, however long the server's
// patience with a request is.
func TestPollOutlivesReadTimeoutAndEndsWithAgent(t *testing.T) {
	lim := usual()
	lim.read, lim.write = 50*time.Millisecond, 50*time.Millisecond
	r := serveWorld(t, lim)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := r.client.Next(ctx, "A", 42)
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatalf("the poll ended by itself: %v", err)
	case <-time.After(200 * time.Millisecond): // four times the read limit
	}
	r.wantHeard(localsock.Self() + " next A 42")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for deadline := time.Now().Add(5 * time.Second); len(r.took()) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the daemon did not notice that the agent has gone")
		}
	}
}

func TestErrors(t *testing.T) {
	r := serveWorld(t, usual())
	ctx := t.Context()
	if _, err := r.client.Product(ctx, "none"); !errors.Is(err, localclient.ErrNotFound) {
		t.Errorf("an unknown product: %v", err)
	}
	for code, want := range map[string]error{
		apitypes.CodeNotFound: localclient.ErrNotFound, apitypes.CodeForbidden: localclient.ErrForbidden, apitypes.CodeRefused: localclient.ErrRefused,
		apitypes.CodeUnavailable: nil, apitypes.CodeTooMany: nil, apitypes.CodeUnknownAgent: nil, apitypes.CodeReplaced: nil, apitypes.CodeBadRequest: nil,
	} {
		r.fail(fmt.Errorf("inside: %w", &apitypes.Error{Code: code, Message: "the message", Hint: "the hint"}))
		_, err := r.client.Hold(ctx, "", "")
		var e *apitypes.Error
		if want != nil && !errors.Is(err, want) || !errors.As(err, &e) || e.Code != code || e.Message != "the message" || e.Hint != "the hint" {
			t.Errorf("%s becomes %v", code, err)
		}
	}
	r.fail(errors.New("the secret path /home/anna"))
	_, err := r.client.Status(ctx)
	var e *apitypes.Error
	if !errors.As(err, &e) || e.Code != apitypes.CodeInternal || strings.Contains(err.Error(), "anna") {
		t.Errorf("a fault of the daemon becomes %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.faults) != 1 || !strings.Contains(r.faults[0].Error(), "anna") {
		t.Errorf("the faults are %v", r.faults)
	}
}

func TestNotRunning(t *testing.T) {
	for _, path := range []string{place(t), filepath.Join(place(t), "none", "s")} {
		if _, err := localclient.New(path).Status(t.Context()); !errors.Is(err, localclient.ErrNotRunning) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
