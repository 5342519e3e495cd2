// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/replay"
)

func runColumns() []string {
	return []string{"run", "state", "spawn", "ready", "product", "action", "summary"}
}

func (a *app) runsCommand() *cobra.Command {
	var product, since string
	var states []string
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "All runs that the log knows",
		Long: long(`
Lists runs, oldest first: one for each request of a product, from its acceptance
(SPAWN) to its outcome (READY). A run is named PRODUCT#NUMBER, as show and events
take it. A log whose old parts were put away knows the last run of each product.

--state takes one or more of `+strings.Join(runStates(), ", ")+`.

JSON: runs/v1; as NDJSON one run/v1 per line.`, "3 the daemon is not running", "4 no such product", "8 the log is damaged"),
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, s := range states {
				if !slices.Contains(runStates(), s) {
					return usage(fmt.Errorf("no state %q: --state takes %s", s, strings.Join(runStates(), ", ")))
				}
			}
			from, err := a.since(since)
			if err != nil {
				return err
			}
			r, err := a.reader(cmd.Context())
			if err != nil {
				return err
			}
			if product != "" {
				if product, err = resolve(cmd.Context(), r, product); err != nil {
					return err
				}
			}
			runs, err := runsOf(cmd.Context(), r)
			if err != nil {
				return err
			}
			runs = slices.DeleteFunc(runs, func(x replay.Run) bool {
				return product != "" && x.Product != product || x.Spawn.Before(from) || len(states) > 0 && !inState(x, states)
			})
			if a.json {
				return a.document(replay.NewRunsDoc(runs))
			}
			a.printRuns(runs)
			return nil
		},
	}
	cmd.Flags().StringVar(&product, "product", "", "only runs of this `PRODUCT`")
	cmd.Flags().StringVar(&since, "since", "", "only runs accepted since this `TIME`: "+momentForms)
	cmd.Flags().StringSliceVar(&states, "state", nil, "only runs in one of these `STATES`")
	a.completeProduct(cmd)
	if err := cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(runStates(), cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag stands above
	}
	return withRows(cmd, runColumns()...)
}

// completeProduct offers ids for the flag --product.
func (a *app) completeProduct(cmd *cobra.Command) {
	err := cmd.RegisterFlagCompletionFunc("product", func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return a.completeID(cmd, nil, typed)
	})
	if err != nil {
		panic(err) // the flag stands where this is called
	}
}

// runStates are the words of --state: open, over, the phases of an open run and
// the outcomes.
func runStates() []string {
	out := []string{"open", "over"}
	for _, p := range events.Phases() {
		if p != events.PhaseReported {
			out = append(out, string(p))
		}
	}
	for _, o := range events.Outcomes() {
		out = append(out, string(o))
	}
	return out
}

func inState(x replay.Run, states []string) bool {
	return slices.Contains(states, x.State) || x.Open && slices.Contains(states, "open") || !x.Open && slices.Contains(states, "over")
}

// runsOf reads the whole log: only that tells what was.
func runsOf(ctx context.Context, r reader) ([]replay.Run, error) {
	runs, err := replay.Runs(linesOf(ctx, r))
	if err != nil {
		return nil, fmt.Errorf("cannot read the runs: %w", err)
	}
	return runs, nil
}

// linesOf are the lines of the whole log, of the daemon's or of a copy.
func linesOf(ctx context.Context, r reader) iter.Seq2[replay.Line, error] {
	if c, ok := r.(*copied); ok {
		return logLines(ctx, c.path)
	}
	return func(yield func(replay.Line, error) bool) {
		n := 0
		err := r.Log(ctx, localclient.LogQuery{}, func(raw []byte) error {
			n++
			l := replay.Line{Number: n, Raw: slices.Clone(raw)}
			var err error
			if l.Record, err = events.DecodeRecord(l.Raw); err != nil {
				return err
			}
			if !yield(l, nil) {
				return errOver
			}
			return nil
		})
		if err != nil && !errors.Is(err, errOver) {
			yield(replay.Line{Number: n}, err)
		}
	}
}

// splitRun takes "firefox#3" apart; run is 0 where none is named.
func splitRun(arg string) (id string, run int, err error) {
	id, number, named := strings.Cut(arg, "#")
	if !named {
		return id, 0, nil
	}
	if run, err = strconv.Atoi(number); err != nil || run < 1 || strconv.Itoa(run) != number {
		return "", 0, usage(fmt.Errorf("%q names no run: it is PRODUCT#NUMBER, firefox#3", arg))
	}
	return id, run, nil
}

// resolveRun finds the product that the argument names or begins to name, and
// the number of the run, 0 where none is named.
func (a *app) resolveRun(ctx context.Context, r reader, arg string) (id string, run int, err error) {
	id, run, err = splitRun(arg)
	if err == nil {
		id, err = resolve(ctx, r, id)
	}
	return id, run, err
}

// findRun is the run of a product with a number, with 0 its last one.
func findRun(ctx context.Context, r reader, id string, run int) (replay.Run, error) {
	runs, err := runsOf(ctx, r)
	if err != nil {
		return replay.Run{}, err
	}
	known := ""
	for _, x := range slices.Backward(runs) {
		if x.Product != id {
			continue
		}
		if run == 0 || x.Run == run {
			return x, nil
		}
		known += " " + x.ID
	}
	if run == 0 {
		return replay.Run{}, notFound(fmt.Errorf("no run of %s in the log", id))
	}
	return replay.Run{}, notFound(fmt.Errorf("no run %d of %s in the log; there are%s", run, id, known))
}

// printRuns prints one row for each run.
func (a *app) printRuns(runs []replay.Run) {
	if len(runs) == 0 && !a.csv() {
		a.say("runs.none", nil)
		return
	}
	t := a.table(runColumns()...)
	for _, x := range runs {
		t.row(x.ID, a.runState(x), moment{&x.Spawn}, moment{x.Ready}, x.Product, x.Action, a.summary(x))
	}
	t.print()
}

// runState is a run's state in a colour by whether somebody should look.
func (a *app) runState(x replay.Run) coloured {
	c := coloured{word: a.words.Phase(x.State), raw: x.State}
	switch {
	case !x.Open:
		c.word = a.words.Outcome(x.State)
		switch events.Outcome(x.State) {
		case events.OutcomeOK:
			c.colour = text.FgGreen
		case events.OutcomeFailed, events.OutcomeUnknown:
			c.colour = text.FgRed
		}
	case x.Reason != "":
		c.colour = text.FgYellow
	}
	return c
}

// summary is what should be known about a run.
func (a *app) summary(x replay.Run) told {
	var shown, raw []string
	add := func(s, r string) { shown, raw = append(shown, s), append(raw, r) }
	switch {
	case x.Open && x.Reason != "":
		add(because(a.words.Reason(x.Reason), a.words.Detail(x.Reason, x.Detail)), because(x.Reason, x.Detail))
	case x.Detail != "":
		add(x.Detail, x.Detail)
	}
	if x.Defers > 0 {
		add(a.words.Text("runs.defers", i18n.Data{"N": x.Defers}), fmt.Sprintf("defers %d", x.Defers))
	}
	if x.Attempts > 1 {
		add(a.words.Text("runs.attempts", i18n.Data{"N": x.Attempts}), fmt.Sprintf("attempts %d", x.Attempts))
	}
	return told{words.Clean(strings.Join(shown, "; ")), strings.Join(raw, "; ")}
}

// printRun prints one run in full, with its way.
func (a *app) printRun(x replay.Run) {
	a.say("runs.run", i18n.Data{"ID": x.ID, "Name": x.Name})
	a.say("runs.state", i18n.Data{"State": a.runState(x).word, "Summary": a.summary(x).shown})
	a.say("runs.request", i18n.Data{"Action": x.Action, "Version": x.Version})
	a.say("runs.time", i18n.Data{"Spawn": a.words.Time(x.Spawn), "Ready": a.when(x.Ready)})
	a.say("runs.counts", i18n.Data{"Rounds": x.Rounds, "Windows": x.Windows, "Defers": x.Defers, "Attempts": x.Attempts})
	a.say("runs.records", i18n.Data{"First": x.FirstSeq, "Last": x.LastSeq})
	a.say("runs.path", nil)
	for _, p := range x.Path {
		fmt.Fprintf(a.Out, "  %s  %5d  %s (%s)\n", a.words.Time(p.At), p.Seq, a.words.Phase(p.Phase), words.Clean(p.Event))
	}
}

const momentForms = "2026-03-02, \"2026-03-02 08:00\", RFC 3339, or a time ago, 90m or 2d"

// since reads a time as people write it; "" is the beginning of all.
func (a *app) since(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	zone := time.Local
	if a.utc {
		zone = time.UTC
	}
	for _, form := range []string{time.DateOnly, "2006-01-02 15:04", time.DateTime, time.RFC3339Nano} {
		if t, err := time.ParseInLocation(form, s, zone); err == nil {
			return t, nil
		}
	}
	ago := s
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			ago = strconv.FormatUint(n*24, 10) + "h"
		}
	}
	if d, err := time.ParseDuration(ago); err == nil && d >= 0 {
		return time.Now().Add(-d), nil
	}
	return time.Time{}, usage(fmt.Errorf("%q is no time: --since takes %s", s, momentForms))
}
