// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

func (a *app) watchCommand() *cobra.Command {
	var limit time.Duration
	cmd := &cobra.Command{
		Use:   "watch [PRODUCT]",
		Short: "Follow a run until it ends or is put off",
		Long: long(`
Shows what happens to a product, as it happens, until its run is over or put off.
Without a product it follows all that are open, until nothing goes on. On a
terminal the last line tells where each stands. Nothing is changed by watching.

The exit code is that of the run; of several runs it is the first that is true
of one of them: 1 failed, 75 put off, 76 restart needed, 0.

JSON: one watch/v1 per line.`, "3 the daemon is not running", "4 no such product", "6 the wait ran out",
			"75 put off", "76 done, restart needed"),
		Args:              atMost(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.daemon()
			if err != nil {
				return err
			}
			id := ""
			if len(args) > 0 {
				if id, err = resolve(cmd.Context(), c, args[0]); err != nil {
					return err
				}
			}
			ctx := cmd.Context()
			if limit > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeoutCause(ctx, limit, &coded{code: exitWaitOver, err: fmt.Errorf("watched for %s; it goes on", limit)})
				defer cancel()
			}
			return a.watch(ctx, c, id)
		},
	}
	cmd.Flags().DurationVar(&limit, "timeout", 0, "watch no longer than this (0 = no limit)")
	return cmd
}

// watchDoc is one line of watch --json: where a product stands after a record.
// The first line of each product has no events.
type watchDoc struct {
	Schema  string     `json:"schema"` // watch/v1
	Seq     uint64     `json:"seq"`
	At      time.Time  `json:"at"`
	Product string     `json:"product"`
	Run     int        `json:"run"`
	Phase   string     `json:"phase"`
	Events  []string   `json:"events"`
	Reason  string     `json:"reason,omitempty"` // what it waits for: a word of the core
	Detail  string     `json:"detail,omitempty"`
	Until   *time.Time `json:"until,omitempty"`
	Outcome string     `json:"outcome,omitempty"` // "" = the run is open
}

// watched are the runs that are followed.
type watched struct {
	a     *app
	table *fsm.Table
	only  string // a product; "" = all
	runs  map[string]*follower
	drawn bool // the line that is drawn anew stands on the terminal
}

// watch follows one product, or with "" all that are open.
func (a *app) watch(ctx context.Context, c *localclient.Client, id string) error {
	table, err := fsm.NewTable()
	if err != nil {
		return err
	}
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	ps, err := c.Products(ctx)
	if err != nil {
		return err
	}
	w := &watched{a: a, table: table, only: id, runs: map[string]*follower{}}
	for _, p := range ps.Products {
		if id == p.ID && p.Run == 0 {
			return notFound(fmt.Errorf("%s was never requested here", id))
		}
		if id == p.ID || id == "" && p.Run > 0 && p.Phase != string(events.PhaseReported) {
			w.runs[p.ID] = followerOf(table, p, slices.Contains(status.Reboot, p.ID))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.runs)) {
		if w.rest() && !a.json {
			break // the end tells it
		}
		if err := w.tell(ps.Seq, ps.At, id, w.runs[id], nil); err != nil {
			return err
		}
	}
	if !w.rest() {
		err = w.follow(ctx, c, ps.Seq+1)
	}
	w.clear()
	switch {
	case errors.Is(err, errOver), err == nil:
		return w.end()
	case errors.Is(ctx.Err(), context.Canceled):
		return done(exitWaitOver) // ended by the person; the run goes on
	}
	return err
}

func (w *watched) follow(ctx context.Context, c *localclient.Client, from uint64) error {
	w.draw()
	codec := events.NewCodec()
	err := c.Log(ctx, localclient.LogQuery{Product: w.only, From: from, Follow: true}, func(line []byte) error {
		rec, err := events.DecodeRecord(bytes.Clone(line))
		if err != nil {
			return err
		}
		s, err := codec.Open(rec)
		if err != nil {
			return err
		}
		if err := w.step(s); err != nil {
			return err
		}
		if w.rest() {
			return errOver
		}
		w.draw()
		return nil
	})
	if err == nil {
		return fmt.Errorf("%w: the log ended before the run", localclient.ErrBroken)
	}
	return err
}

// step takes a record and tells what it means for each product in it.
func (w *watched) step(s events.Step) error {
	for _, id := range s.Products {
		if w.only != "" && id != w.only {
			continue
		}
		f := w.runs[id]
		var did []events.Event
		for _, e := range s.Did {
			if e.About() != id {
				continue
			}
			if _, begins := e.(events.Accepted); begins && f == nil {
				f = &follower{table: w.table, phase: events.PhaseReported}
				w.runs[id] = f
			}
			if f != nil {
				f.take(e)
				did = append(did, e)
			}
		}
		if len(did) > 0 {
			if err := w.tell(s.Seq, s.At, id, f, did); err != nil {
				return err
			}
		}
	}
	return nil
}

// tell prints what happened to a product; with no events it is where it stands.
func (w *watched) tell(seq uint64, at time.Time, id string, f *follower, did []events.Event) error {
	if w.a.json {
		d := watchDoc{Schema: "watch/v1", Seq: seq, At: at.UTC(), Product: id, Run: f.run, Phase: string(f.phase), Events: []string{},
			Reason: f.reason, Detail: f.detail, Until: f.until, Outcome: string(f.outcome)}
		for _, e := range did {
			d.Events = append(d.Events, events.EventName(e))
		}
		return w.a.line(d)
	}
	var said []string
	for _, e := range did {
		said = append(said, w.a.words.Event(e))
	}
	if len(did) == 0 {
		said = []string{w.stands(f)}
	}
	w.print(w.a.words.Time(at) + "  " + id + ": " + strings.Join(said, "; "))
	return nil
}

// print writes a line above the one that is drawn anew; a long one goes on below
// itself.
func (w *watched) print(line string) {
	w.clear()
	const indent = "    "
	if w.a.Terminal && w.a.Width > 2*len(indent) && text.StringWidth(line) > w.a.Width {
		line = strings.ReplaceAll(wrap(line, w.a.Width-len(indent)), "\n", "\n"+indent)
	}
	fmt.Fprintln(w.a.Out, line)
}

// stands is where a run is, in a few words.
func (w *watched) stands(f *follower) string {
	s := w.a.words.Phase(string(f.phase))
	if f.outcome != "" {
		s = w.a.words.Outcome(string(f.outcome))
	}
	if f.reason != "" {
		s += ", " + because(w.a.words.Reason(f.reason), f.detail)
	}
	if f.until != nil {
		s += ", " + w.a.words.Text("watch.until", map[string]any{"Until": w.a.words.Time(*f.until)})
	}
	return s
}

// rest reports whether nothing goes on.
func (w *watched) rest() bool {
	for _, f := range w.runs {
		if !f.rests {
			return false
		}
	}
	return true
}

// draw shows on a terminal where each open run stands, in one line.
func (w *watched) draw() {
	if !w.a.screen() || w.a.json {
		return
	}
	var all []string
	for _, id := range slices.Sorted(maps.Keys(w.runs)) {
		if f := w.runs[id]; f.outcome == "" || !f.rests {
			all = append(all, id+": "+w.stands(f))
		}
	}
	line := strings.Join(all, " | ")
	if w.a.Width > 0 {
		line = cut(line, w.a.Width-1) // a full line would go on in the next one
	}
	fmt.Fprint(w.a.Out, "\r\x1b[K"+line)
	w.drawn = true
}

func (w *watched) clear() {
	if w.drawn {
		fmt.Fprint(w.a.Out, "\r\x1b[K")
		w.drawn = false
	}
}

// end tells of each run how it stands and gives the watching its exit code.
func (w *watched) end() error {
	if len(w.runs) == 0 && !w.a.json {
		w.a.say("watch.nothing", nil)
	}
	codes := map[int]bool{}
	for _, id := range slices.Sorted(maps.Keys(w.runs)) {
		f := w.runs[id]
		codes[f.code()] = true
		if !w.a.json {
			w.print(id + ": " + w.stands(f))
		}
	}
	for _, code := range []int{exitFailed, exitDeferred, exitReboot} {
		if codes[code] {
			return done(code)
		}
	}
	return nil
}
