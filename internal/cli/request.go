// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/replay"
)

func (a *app) requestCommand() *cobra.Command {
	var wait, alone bool
	var limit time.Duration
	var reason string
	cmd := &cobra.Command{
		Use:   "request PRODUCT ACTION",
		Short: "Request an action of a product",
		Long: long(`
Requests an action of a product: `+strings.Join(actionNames(), ", ")+`. The id must be
written in full. What is requested already goes on unchanged.

What the package depends on and what is not there yet is requested with it, as
its OPSI/control says; --alone leaves that out.

Where an opsi server is the source it is refused with 1: the request is the row at
the server. The answer says how to set it there; then: quietsetup sync.

With --wait the command follows the run until it ends or is put off.

JSON: done/v1; with --wait product/v1 at the end.`, "3 the daemon is not running", "4 no such product",
			"6 the wait ran out", "9 needs privileges", "75 put off (with --wait)", "76 done, restart needed (with --wait)"),
		Args: exact(2),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return actionNames(), cobra.ShellCompDirectiveNoFileComp
			}
			return a.completeID(cmd, args, typed)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.daemon()
			if err != nil {
				return err
			}
			if !slices.Contains(actionNames(), args[1]) {
				return usage(fmt.Errorf("%q is no action: %s", args[1], strings.Join(actionNames(), ", ")))
			}
			if err := productid.Check(args[0]); err != nil {
				return notFound(fmt.Errorf("no such product: %w", err))
			}
			d, err := c.Request(cmd.Context(), args[0], args[1], alone, reason)
			if err != nil {
				return err
			}
			for _, line := range d.Notes {
				fmt.Fprintln(a.Err, i18n.Clean(line, 500))
			}
			to := a.Err
			if !wait {
				if a.json {
					return a.document(d)
				}
				to = a.Out
			}
			for _, x := range d.Also {
				key := "done.also"
				if x.Action == string(events.ActionNone) {
					key = "done.stays"
				}
				fmt.Fprintln(to, a.words.Text(key, i18n.Data{"Product": x.Product, "Action": x.Action, "For": x.For}))
			}
			if !wait {
				if !d.Changed {
					a.say("done.unchanged", i18n.Data{"Product": args[0]})
				} else {
					a.say("done.request", i18n.Data{"Product": args[0], "Action": args[1], "Run": d.Run})
				}
				return nil
			}
			return a.await(cmd.Context(), c, args[0], d, limit)
		},
	}
	cmd.Flags().BoolVar(&alone, "alone", false, "do not request what the package depends on")
	cmd.Flags().BoolVar(&wait, "wait", false, "follow the run until it ends or is put off")
	cmd.Flags().DurationVar(&limit, "timeout", 0, "with --wait: follow no longer than this (0 = no limit)")
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who read the log")
	return cmd
}

func actionNames() []string {
	var out []string
	for _, x := range events.Actions() {
		out = append(out, string(x))
	}
	return out
}

// waitOver is the end of a wait that was shorter than the run.
func waitOver(id string, limit time.Duration) error {
	return &coded{code: exitWaitOver, err: fmt.Errorf("waited %s for %s; its run goes on (quietsetup why %s)", limit, id, id)}
}

// errOver ends the following of a log from inside.
var errOver = errors.New("the run is over")

// await follows a run and prints what happens to standard error.
func (a *app) await(ctx context.Context, c *localclient.Client, id string, d apitypes.Done, limit time.Duration) error {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, waitOver(id, limit))
		defer cancel()
	}
	run := &follower{}
	if !d.Changed {
		// Nothing new will be recorded about a request that is put off already.
		p, err := c.Product(ctx, id)
		if err != nil {
			return err
		}
		if w := p.Waits; w != nil && w.Reason != replay.ReasonSlot {
			return a.endOfWait(p, run)
		}
	}
	codec := events.NewCodec()
	err := c.Log(ctx, localclient.LogQuery{Product: id, From: d.Seq, Follow: true}, func(line []byte) error {
		rec, err := events.DecodeRecord(bytes.Clone(line))
		if err != nil {
			return err
		}
		s, err := codec.Open(rec)
		if err != nil {
			return err
		}
		for _, e := range s.Did {
			if e.About() == id {
				fmt.Fprintln(a.Err, a.words.Time(s.At)+"  "+a.words.Event(e))
				run.take(e)
			}
		}
		if run.rests {
			return errOver
		}
		return nil
	})
	if err == nil {
		return fmt.Errorf("%w: the log ended before the run", localclient.ErrBroken)
	}
	if !errors.Is(err, errOver) {
		return err
	}
	p, err := c.Product(ctx, id)
	if err != nil {
		return err
	}
	return a.endOfWait(p, run)
}

// endOfWait prints where the product stands and gives the run its exit code.
func (a *app) endOfWait(p apitypes.ProductDoc, run *follower) error {
	if a.json {
		if err := a.document(p); err != nil {
			return err
		}
	} else {
		a.printProduct(p.Product)
	}
	code := run.code()
	if code == exitOK {
		return nil
	}
	if code == exitReboot {
		fmt.Fprintln(a.Err, a.words.Text("done.restart", nil))
	}
	return done(code)
}
