// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/policy"
)

func (a *app) showCommand() *cobra.Command {
	return withRows(&cobra.Command{
		Use:   "show [PRODUCT|RUN]",
		Short: "One product or run in full, or the list of all products",
		Long: long(`
Shows where a product stands: its request, what it waits for, its counters, the
open question, the installer, the report, and each value of its policy with who
set it. Without a product all are listed. Of a run, PRODUCT#NUMBER, it shows what
became of it and its way through the phases.

JSON: product/v1, run/v1, products/v1; as NDJSON one product/v1 per line.`, "3 the daemon is not running", "4 no such product or run"),
		Args:              atMost(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.reader(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 0 {
				ps, err := r.Products(cmd.Context())
				if err != nil {
					return err
				}
				if a.json {
					return a.document(ps)
				}
				a.printProducts(ps)
				return nil
			}
			id, run, err := a.resolveRun(cmd.Context(), r, args[0])
			if err != nil {
				return err
			}
			if run > 0 {
				return a.showRun(cmd.Context(), r, id, run)
			}
			p, err := r.Product(cmd.Context(), id)
			if err != nil {
				return err
			}
			if a.json {
				return a.document(p)
			}
			if a.csv() {
				a.printProducts(apitypes.Products{Products: []apitypes.Product{p.Product}})
				return nil
			}
			a.printProduct(p.Product)
			return nil
		},
	}, productColumns()...)
}

func (a *app) showRun(ctx context.Context, r reader, id string, run int) error {
	if a.csv() {
		return usage(errors.New("a run is not one row: quietsetup runs --output-format csv lists them"))
	}
	x, err := findRun(ctx, r, id, run)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(x)
	}
	a.printRun(x)
	return nil
}

func (a *app) printProduct(p apitypes.Product) {
	a.say("show.product", i18n.Data{"Name": cmp.Or(p.Name, p.ID), "ID": p.ID})
	fmt.Fprintln(a.Out, a.words.Text("show.phase", i18n.Data{"Phase": a.words.Phase(p.Phase)}))
	a.say("show.request", i18n.Data{"Action": p.Action, "Version": p.Version, "Run": p.Run, "Round": p.Round, "Since": a.when(p.Since)})
	a.say("show.installed", i18n.Data{"Status": p.Status, "Version": installed(p)})
	if w := p.Waits; w != nil {
		a.say("show.waits", i18n.Data{"Reason": a.words.Reason(w.Reason), "Detail": a.words.Detail(w.Reason, w.Detail), "Since": a.when(w.Since), "Until": a.when(w.Until)})
	}
	a.say("show.defers", i18n.Data{"Used": p.Defers.Used, "Max": p.Defers.Max, "Unanswered": p.Unanswered.Used,
		"UnansweredMax": p.Unanswered.Max, "Rechecks": p.Rechecks.Used, "RechecksMax": p.Rechecks.Max})
	if w := p.Window; w != nil {
		a.say("show.window", i18n.Data{"ID": w.ID, "Until": a.words.Time(w.Deadline), "Default": a.words.Choice(w.Default)})
		for _, s := range w.Asks {
			a.say("show.ask", i18n.Data{"Session": s.Session, "State": a.askState(s)})
		}
	}
	if t := p.Attempt; t != nil {
		a.say("show.attempt", i18n.Data{"N": t.N, "Max": t.Max, "PID": t.PID, "State": a.words.Text("attempt."+t.State, nil)})
	}
	if o := p.Outcome; o != nil {
		a.say("show.outcome", i18n.Data{"Outcome": a.words.Outcome(o.Outcome), "Reason": o.Reason})
	}
	if h := p.Held; h != nil {
		a.say("show.held", i18n.Data{"Since": a.when(h.Since), "Actor": h.Actor, "Reason": h.Reason})
	}
	if n := p.Next; n != nil {
		a.say("show.next", i18n.Data{"Action": n.Action, "Version": n.Version})
	}
	if len(p.Requires) > 0 {
		a.say("show.requires", i18n.Data{"Products": strings.Join(p.Requires, ", ")})
	}
	a.printFailing("show.failing", p.Failing)
	if p.OverdueWhy != "" {
		a.say("show.overdue", i18n.Data{"Why": p.OverdueWhy})
	}
	a.printReport(p.Report)
	if len(p.Policy) > 0 {
		a.say("show.policy", nil)
		for _, v := range p.Policy {
			fmt.Fprintf(a.Out, "  %-20s %-11s %s\n", words.Clean(v.Key), a.value(v), a.origin(v.Origin))
		}
	}
}

func (a *app) askState(s apitypes.Asked) string {
	switch {
	case s.Answer != "":
		return a.words.Choice(s.Answer)
	case s.Lost != "":
		return s.Lost
	case s.Shown:
		return a.words.Text("ask.shown", nil)
	}
	return a.words.Text("ask.waiting", nil)
}

func (a *app) printReport(r apitypes.ReportState) {
	w := r.Wanted
	if w.ProductID == "" {
		return
	}
	state := "waiting"
	switch {
	case r.Accepted:
		state = "accepted"
	case r.Class != "":
		state = r.Class
	}
	version := w.ProductVersion
	if version != "" && w.PackageVersion != "" {
		version += "-" + w.PackageVersion
	}
	a.say("show.report", i18n.Data{"Status": w.InstallationStatus, "Version": version, "Request": w.ActionRequest,
		"Result": w.ActionResult, "Progress": w.ActionProgress, "State": a.words.Text("report."+state, nil)})
}

// value is a policy's value as it would be written in the config file. A span
// comes as a number of seconds, from the daemon by way of JSON.
func (a *app) value(v apitypes.PolicyValue) string {
	if k, ok := policy.Lookup(v.Key); ok && k.Kind == policy.Time {
		switch s := v.Value.(type) {
		case apitypes.Seconds:
			return policy.WriteSpan(events.SpanOf(s.Duration()))
		case float64:
			return policy.WriteSpan(events.SpanOf(apitypes.Seconds(s).Duration()))
		}
	}
	return words.Clean(fmt.Sprint(v.Value))
}

func (a *app) origin(o string) string { return originIn(a.words, o) }
