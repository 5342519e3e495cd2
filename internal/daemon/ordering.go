// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/engine"
	"github.com/quietsetup/quietsetup/internal/source/local"
)

// orderWithin is how long a person waits for an order to be recorded. It is
// shorter than the ten seconds for which the command line waits for an answer,
// or that would give up before it is told why.
const orderWithin = 7 * time.Second

// operator carries out orders.
type operator struct {
	engine *engine.Engine
	depot  *depot
	clock  engine.Clock
	looker looker
}

// Request makes the source want an action.
func (o operator) Request(ctx context.Context, actor, product string, a events.Action, alone bool, reason string) (apitypes.Done, error) {
	ctx, cancel := context.WithTimeout(ctx, orderWithin)
	defer cancel()
	asked, seq, err := o.depot.request(ctx, actor, product, a, alone, reason)
	d, err := o.done(product, seq, err)
	for _, x := range asked.Also {
		d.Also = append(d.Also, apitypes.Also{Product: x.Product, Action: string(x.Action), For: x.For})
	}
	d.Notes = asked.Notes
	return d, err
}

// Cancel makes the source want nothing.
func (o operator) Cancel(ctx context.Context, actor, product, reason string) (apitypes.Done, error) {
	return o.Request(ctx, actor, product, events.ActionNone, true, reason)
}

// Submit decides an order that the source has no part in.
func (o operator) Submit(ctx context.Context, actor string, in events.Input) (apitypes.Done, error) {
	ctx, cancel := context.WithTimeout(ctx, orderWithin)
	defer cancel()
	seq, err := o.engine.Submit(ctx, actor, in)
	return o.done(productOf(in), seq, err)
}

func productOf(in events.Input) string {
	switch in := in.(type) {
	case events.DeferRequested:
		return in.Product
	case events.ResumeRequested:
		return in.Product
	case events.ResetRequested:
		return in.Product
	case events.HoldRequested:
		return in.Product
	case events.ReleaseRequested:
		return in.Product
	}
	return ""
}

// done tells where the product stands after an order.
func (o operator) done(product string, seq uint64, err error) (apitypes.Done, error) {
	d := apitypes.Done{Schema: apitypes.SchemaDone, Product: product, Seq: seq, Changed: err == nil}
	known := true
	o.engine.View(func(c *fsm.Client) {
		if !d.Changed {
			d.Seq = c.Seq
		}
		p := c.Product(product)
		if known = p != nil || product == ""; p != nil {
			d.Run, d.Phase = p.Run, string(p.Phase)
		}
	})
	if broken := o.engine.Broken(); broken != nil && errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", engine.ErrLog, broken) // that is what it waited for
	}
	if err != nil && !errors.Is(err, fsm.ErrNothing) {
		return apitypes.Done{}, told(err, known)
	}
	return d, nil
}

// advice is what to do about an error of the disk, "" if there is nothing to be said.
func advice(err error) string {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return "make room on the disk of the state directory: nothing is asked, closed or installed until then, and it goes on by itself"
	}
	return ""
}

// told chooses the code of an error that a person can do something about.
func told(err error, known bool) error {
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	if own := (*apitypes.Error)(nil); errors.As(err, &own) {
		return own
	}
	// The code says that it is refused; whoever shows the message says so too.
	e := &apitypes.Error{Message: strings.TrimPrefix(err.Error(), fsm.ErrRefused.Error()+": "), Hint: advice(err)}
	switch {
	case is(local.ErrUnknownProduct), is(fsm.ErrRefused) && !known:
		e.Code = apitypes.CodeNotFound
	case is(fsm.ErrRefused, local.ErrNoCommand, local.ErrUnknownAction):
		e.Code = apitypes.CodeRefused
	case is(local.ErrRow):
		e.Code = apitypes.CodeUnavailable
		e.Hint = "look at the file; if it cannot be mended, move it away and request again"
	case is(engine.ErrLog, engine.ErrStopped, local.ErrDepotUnreachable, context.DeadlineExceeded, os.ErrDeadlineExceeded):
		e.Code = apitypes.CodeUnavailable
	case e.Hint != "":
		e.Code = apitypes.CodeUnavailable
	default:
		return fmt.Errorf("cannot carry out the order: %w", err)
	}
	return e
}
