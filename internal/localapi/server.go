// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"context"
	"net/http"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// Views is what can be looked at. Its methods are called by many goroutines. An
// error that is an *apitypes.Error reaches the caller as it is; any other as
// "internal", and goes to Config.Faults.
type Views interface {
	Status(ctx context.Context) (apitypes.Status, error)
	Products(ctx context.Context) (apitypes.Products, error)
	Product(ctx context.Context, id string) (apitypes.ProductDoc, error)
	// Processes looks for the programs that would block now.
	Processes(ctx context.Context, id string) (apitypes.Processes, error)
	// Log gives every record of the query to emit, byte for byte as it lies on
	// disk, and with Follow goes on until ctx ends. It must hold no lock while
	// it calls emit, which can take long; an error of emit ends it.
	Log(ctx context.Context, q LogQuery, emit func(line []byte) error) error
}

// LogQuery says which records are wanted.
type LogQuery struct {
	Product string // "" = all
	From    uint64 // first sequence number; 0 = from the first that is there
	Follow  bool
}

// Operator carries out what an administrator orders. The actor is from the
// connection ("uid:0"). Product and action were checked for their form only.
type Operator interface {
	// Request makes the source want an action of a product.
	Request(ctx context.Context, actor, product string, action events.Action, alone bool, reason string) (apitypes.Done, error)
	// Cancel takes the request of a product back.
	Cancel(ctx context.Context, actor, product, reason string) (apitypes.Done, error)
	// Sync looks at the source now; dry: brings nothing in.
	Sync(ctx context.Context, actor string, dry bool) (apitypes.Sync, error)
	// Submit decides one of DeferRequested, ResumeRequested, ResetRequested,
	// HoldRequested, ReleaseRequested, and returns when it is durable.
	Submit(ctx context.Context, actor string, in events.Input) (apitypes.Done, error)
}

// Desk is where prompt agents report. It checks that a prompt is touched by the
// very session it was made for.
type Desk interface {
	Hello(ctx context.Context, peer localsock.Peer, h apitypes.Hello) (apitypes.Welcome, error)
	// Next waits for an event after the cursor, at most PollFor.
	Next(ctx context.Context, peer localsock.Peer, agent string, after uint64) (apitypes.PromptEvent, error)
	Shown(ctx context.Context, peer localsock.Peer, id string, s apitypes.Shown) error
	Failed(ctx context.Context, peer localsock.Peer, id string, f apitypes.Failed) error
	Answer(ctx context.Context, peer localsock.Peer, id string, a apitypes.Answer) (apitypes.AnswerResult, error)
}

// Reports is where prompt agents tell what is about no prompt.
type Reports interface {
	// Closed takes what became of an order to close programs.
	Closed(ctx context.Context, peer localsock.Peer, c apitypes.Closed) error
	// Presence takes what an agent sees of the person in its session.
	Presence(ctx context.Context, peer localsock.Peer, p apitypes.Presence) error
}

// Config is what a server stands on.
type Config struct {
	Views    Views
	Operator Operator
	Desk     Desk
	Reports  Reports
	Owner    string      // the daemon's own user, localsock.Self()
	Faults   func(error) // told of errors whose text the caller does not get
}

type server struct{ Config }

// New returns the handler of the API. Its requests need a peer in their context,
// which Serve puts there.
func New(c Config) http.Handler {
	s := &server{c}
	m := http.NewServeMux()
	m.HandleFunc("GET /v1/status", s.look(s.status))
	m.HandleFunc("GET /v1/products", s.look(s.products))
	m.HandleFunc("GET /v1/products/{id}", s.look(s.product))
	m.HandleFunc("GET /v1/products/{id}/processes", s.look(s.processes))
	m.HandleFunc("GET /v1/products/{id}/log", s.look(s.log))
	m.HandleFunc("GET /v1/log", s.look(s.log))
	m.HandleFunc("POST /v1/products/{id}/"+apitypes.VerbRequest, s.order(s.request))
	m.HandleFunc("POST /v1/products/{id}/"+apitypes.VerbCancel, s.order(s.cancel))
	m.HandleFunc("POST /v1/products/{id}/"+apitypes.VerbDefer, s.order(s.put(func(p, why string) events.Input {
		return events.DeferRequested{Product: p, Reason: why}
	})))
	m.HandleFunc("POST /v1/products/{id}/"+apitypes.VerbResume, s.order(s.put(func(p, why string) events.Input {
		return events.ResumeRequested{Product: p, Reason: why}
	})))
	m.HandleFunc("POST /v1/products/{id}/"+apitypes.VerbReset, s.order(s.put(func(p, why string) events.Input {
		return events.ResetRequested{Product: p, Reason: why}
	})))
	m.HandleFunc("POST /v1/hold", s.order(s.all(func(p, why string) events.Input {
		return events.HoldRequested{Product: p, Reason: why}
	})))
	m.HandleFunc("POST /v1/release", s.order(s.all(func(p, why string) events.Input {
		return events.ReleaseRequested{Product: p, Reason: why}
	})))
	m.HandleFunc("POST /v1/sync", s.order(s.sync))
	m.HandleFunc("POST /v1/prompts/hello", s.look(s.hello))
	m.HandleFunc("GET /v1/prompts/next", s.look(s.next))
	m.HandleFunc("POST /v1/prompts/{id}/shown", s.look(s.shown))
	m.HandleFunc("POST /v1/prompts/{id}/failed", s.look(s.failed))
	m.HandleFunc("POST /v1/prompts/{id}/answer", s.look(s.answer))
	m.HandleFunc("POST /v1/prompts/closed", s.look(s.closed))
	m.HandleFunc("POST /v1/prompts/presence", s.look(s.presence))
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &apitypes.Error{Code: apitypes.CodeNotFound, Message: "no such route, or not by this method"})
	})
	return m
}
