// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/replay"
)

func (a *app) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why PRODUCT",
		Short: "Why a product stands where it stands",
		Long: long(`
Says in plain words why a product is not installed yet, or what became of it:
the reason, the rule with its value and who set it, the program that is in the
way, since when and until when, what happens next, and which record decided it. Of
work that fails and is tried again it tells the last error.

With --file it works on a copied log alone, on any machine.

JSON: why/v1.`, "3 the daemon is not running", "4 no such product", "8 the copied log is damaged"),
		Args:              exact(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.reader(cmd.Context())
			if err != nil {
				return err
			}
			id, err := resolve(cmd.Context(), r, args[0])
			if err != nil {
				return err
			}
			w, err := explain(cmd.Context(), r, id)
			if err != nil {
				return err
			}
			if a.json {
				return a.document(w)
			}
			a.printWhy(w)
			return nil
		},
	}
}

// explain puts state and records of one product together.
func explain(ctx context.Context, r reader, id string) (replay.Explanation, error) {
	p, err := r.Product(ctx, id)
	if err != nil {
		return replay.Explanation{}, err
	}
	codec := events.NewCodec()
	var steps []events.Step
	err = r.Log(ctx, localclient.LogQuery{Product: id}, func(line []byte) error {
		rec, err := events.DecodeRecord(slices.Clone(line))
		if err != nil {
			return fmt.Errorf("cannot read the log of %s: %w", id, err)
		}
		s, err := codec.Open(rec)
		if err != nil {
			return err
		}
		steps = append(steps, s)
		return nil
	})
	if err != nil {
		return replay.Explanation{}, err
	}
	var blockers []events.Process
	if c, ok := r.(*copied); ok {
		blockers = c.c.Product(id).Blockers // the log at hand may not reach back to when they were found
	}
	w := replay.Explain(p.Product, blockers, steps)
	if p.Waits != nil && p.Waits.Detail != "" {
		all, err := r.Products(ctx)
		if err != nil {
			return replay.Explanation{}, err
		}
		w.Follow(p.Product, func(id string) (apitypes.Product, bool) {
			i := slices.IndexFunc(all.Products, func(q apitypes.Product) bool { return q.ID == id })
			if i < 0 {
				return apitypes.Product{}, false
			}
			return all.Products[i], true
		})
	}
	s, err := r.Status(ctx)
	if err != nil {
		return replay.Explanation{}, err
	}
	if i := slices.IndexFunc(s.Sources, func(s apitypes.Source) bool { return s.Class != "" }); i >= 0 {
		w.Source = &s.Sources[i]
	}
	return w, nil
}

// printBehind tells what the products stand for that are waited for.
func (a *app) printBehind(bs []replay.Behind) {
	for _, b := range bs {
		why := ""
		switch {
		case b.Outcome != "":
			why = a.words.Outcome(b.Outcome)
		case b.Reason != "":
			why = a.words.Reason(b.Reason)
		}
		a.say("why.behind", i18n.Data{"Product": b.Product, "Phase": a.words.Phase(b.Phase), "Why": why, "Detail": a.words.Detail(b.Reason, b.Detail), "Until": a.when(b.Until)})
	}
}

// printFailing tells of work that is tried again.
func (a *app) printFailing(key string, fs []apitypes.Failing) {
	for _, f := range fs {
		a.say(key, i18n.Data{"Work": f.Work, "Error": f.Error, "Tries": f.Tries, "Again": a.words.Time(f.Again)})
	}
}

func (a *app) printWhy(w replay.Explanation) {
	a.say("why.title", i18n.Data{"Name": cmp.Or(w.Name, w.Product), "Phase": a.words.Phase(w.Phase)})
	a.say("why.reason", i18n.Data{"Reason": a.words.Reason(w.Reason), "Detail": a.words.Detail(w.Reason, w.Detail)})
	a.printBehind(w.Behind)
	if w.Run > 0 {
		a.say("why.run", i18n.Data{"Action": w.Action, "Version": w.Version, "Run": w.Run, "Round": w.Round})
	}
	for _, v := range w.Rules {
		a.say("why.rule", i18n.Data{"Key": v.Key, "Value": a.value(v), "Origin": a.origin(v.Origin)})
	}
	for _, p := range w.Programs {
		whose := "" // where people were asked, they know
		if w.Reason == string(events.ReasonObserved) {
			whose = p.Owner
		}
		a.say("why.program", i18n.Data{"Name": p.Name, "PID": p.PID, "Path": p.Path, "Owner": whose, "Rule": p.Rule})
	}
	if w.Defers.Used > 0 {
		a.say("why.defers", i18n.Data{"Used": w.Defers.Used, "Max": w.Defers.Max})
	}
	if w.Since != nil {
		a.say("why.since", i18n.Data{"Since": a.when(w.Since)})
	}
	switch {
	case w.Until != nil:
		a.say("why.until", i18n.Data{"Until": a.when(w.Until)})
	case w.Next != replay.NextNothing:
		a.say("why.open_end", nil)
	}
	a.say("why.next", i18n.Data{"Next": a.words.Text("next."+w.Next, nil)})
	if d := w.Decided; d != nil {
		a.say("why.decided", i18n.Data{"Seq": d.Seq, "At": a.words.Time(d.At), "Actor": d.Actor, "Input": d.Input, "Event": d.Event})
	}
	a.printFailing("why.failing", w.Failing)
	if w.Overdue != "" {
		a.say("why.overdue", i18n.Data{"Why": w.Overdue})
	}
	if w.Source != nil {
		a.printSource(*w.Source)
	}
}
