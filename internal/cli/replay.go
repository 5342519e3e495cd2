// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/replay"
	"github.com/quietsetup/quietsetup/store"
)

func (a *app) replayCommand() *cobra.Command {
	var verify bool
	cmd := &cobra.Command{
		Use:   "replay FILE|FOLDER",
		Short: "Read a log step by step, or verify it",
		Long: long(`
Folds a log and prints each step: who did what, what was decided, where each
product stood after it. FILE is a journal segment, an export or a copy of log.db,
FOLDER a state folder or a folder of segments.

With --verify each record is checked: its sum, its private parts, its place in
the chain, and whether this build decides the same from the state and the input
alone. The first divergence is shown with its code (QS-R01 to QS-R11). A last
line without newline is a warning only. Of a state folder both copies of the log
are verified, journal and log.db; that one ends earlier is a warning only, and
the daemon mends it at its next start.

JSON: replay/v1 with --verify, else one replay_step/v1 per line.`, "8 the log diverges, is damaged or newer", "10 the log is in use (ask for a copy)"),
		Args: exact(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := exists(args[0]); err != nil {
				return err
			}
			if h, ok := store.ReadExcerptHead(args[0]); ok {
				return (&excerpt{args[0], h}).refuse()
			}
			if verify {
				return a.verify(cmd.Context(), args[0])
			}
			return a.steps(cmd.Context(), args[0])
		},
	}
	cmd.Flags().BoolVar(&verify, "verify", false, "check every record and every decision")
	return cmd
}

func (a *app) verify(ctx context.Context, path string) error {
	res, err := verdict(ctx, path)
	reason := err
	if err == nil && res.Divergence != nil && res.Records == 0 {
		reason = res.Divergence
	}
	if foreign(ctx, path, reason) {
		return noLog(path)
	}
	if err != nil {
		return fmt.Errorf("cannot verify %s: %w", path, err)
	}
	if a.json {
		if err := a.document(res); err != nil {
			return err
		}
	} else {
		a.printVerdict(res)
	}
	if res.Verdict != replay.VerdictOK {
		return done(exitDiverged)
	}
	return nil
}

// warnInUse warns that log.db was not verified, because the service has it open.
const warnInUse = "log_db_in_use"

// verdict verifies a log; of a state folder both copies.
func verdict(ctx context.Context, path string) (replay.Result, error) {
	db := filepath.Join(path, "log.db")
	for _, part := range []string{filepath.Join(path, "journal"), db} {
		if exists(part) != nil {
			return replay.Verify(logLines(ctx, path))
		}
	}
	if info, err := os.Stat(db); err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return replay.Result{}, fmt.Errorf("%s is empty: %w", db, store.ErrDamaged)
	}
	res, err := replay.VerifyTwins(logLines(ctx, path), logLines(ctx, db))
	if errors.Is(err, store.ErrInUse) { // the service works on it; the journal tells the same
		if res, err = replay.Verify(logLines(ctx, path)); err == nil {
			res.Warnings = append(res.Warnings, warnInUse)
		}
		return res, err
	}
	if errors.Is(err, replay.ErrTwin) && ctx.Err() == nil {
		return res, &coded{code: exitDiverged, err: fmt.Errorf("%s: %w", db, err)}
	}
	return res, err
}

func (a *app) printVerdict(res replay.Result) {
	if d := res.Divergence; d != nil {
		a.say("replay.diverged", i18n.Data{"Seq": d.Seq, "Code": string(d.Code), "What": d.What})
		if d.File != "" {
			a.say("replay.place", i18n.Data{"File": d.File, "Line": d.Line})
		}
		for _, side := range []struct {
			key  string
			text json.RawMessage
		}{{"replay.recorded", d.Recorded}, {"replay.decided", d.Decided}} {
			if side.text != nil {
				a.say(side.key, i18n.Data{"Text": string(side.text)})
			}
		}
		if res.Records > 0 {
			a.say("replay.good", i18n.Data{"Records": res.Records})
		}
	} else {
		a.say("replay.ok", i18n.Data{"Records": res.Records, "First": res.First, "Last": res.Last, "Products": res.Products,
			"Segments": res.Segments, "Verified": res.Verified, "Folded": res.FoldedOnly})
	}
	about := i18n.Data{}
	if t := res.Twins; t != nil {
		about = i18n.Data{"Journal": t.Journal, "DB": t.DB}
	}
	for _, w := range res.Warnings {
		fmt.Fprintln(a.Err, a.words.Text("replay."+w, about))
	}
}

// stepDoc is one line of replay --json.
type stepDoc struct {
	Schema string            `json:"schema"` // replay_step/v1
	Seq    uint64            `json:"seq"`
	At     string            `json:"at"` // RFC 3339, UTC
	Actor  string            `json:"actor"`
	Input  string            `json:"input"`
	Events []string          `json:"events"`
	Phases map[string]string `json:"phases"` // of the products touched, after the step
}

func (a *app) steps(ctx context.Context, path string) error {
	_, err := replay.Fold(logLines(ctx, path), func(_ replay.Line, s events.Step, c *fsm.Client) error {
		if a.json {
			return a.line(stepOf(s, c))
		}
		return a.printStep(s, c)
	})
	if foreign(ctx, path, err) {
		return noLog(path)
	}
	if err != nil {
		return fmt.Errorf("cannot replay %s: %w", path, err)
	}
	return nil
}

func stepOf(s events.Step, c *fsm.Client) stepDoc {
	d := stepDoc{Schema: "replay_step/v1", Seq: s.Seq, At: s.At.UTC().Format("2006-01-02T15:04:05.999999999Z07:00"), Actor: s.Actor,
		Input: s.Input.Type, Events: []string{}, Phases: map[string]string{}}
	for _, m := range s.Events {
		d.Events = append(d.Events, m.Type)
	}
	for _, id := range s.Products {
		if p := c.Product(id); p != nil {
			d.Phases[id] = string(p.Phase)
		}
	}
	return d
}

// printStep prints a step as prose: who, what came in, what was decided about
// which product, and where it stands now.
func (a *app) printStep(s events.Step, c *fsm.Client) error {
	if _, err := fmt.Fprintf(a.Out, "%5d  %s  %s: %s\n", s.Seq, a.words.Time(s.At), words.Clean(s.Actor), a.words.Input(s.In)); err != nil {
		return err
	}
	var order []string
	said := map[string][]string{}
	for _, e := range s.Did {
		id := e.About()
		if !slices.Contains(order, id) {
			order = append(order, id)
		}
		said[id] = append(said[id], a.words.Event(e))
	}
	for _, id := range order {
		line := strings.Join(said[id], "; ")
		if p := c.Product(id); p != nil {
			line = fmt.Sprintf("%s: %s [%s]", words.Clean(id), line, a.words.Phase(string(p.Phase)))
		}
		if _, err := fmt.Fprintf(a.Out, "       -> %s\n", line); err != nil {
			return err
		}
	}
	return nil
}
