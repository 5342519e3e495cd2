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
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

func (a *app) eventsCommand() *cobra.Command {
	var want selection
	var since string
	cmd := &cobra.Command{
		Use:   "events PRODUCT|RUN",
		Short: "What happened to a product or in a run, record by record",
		Long: long(`
Prints time, number, kind and meaning of each record about a product, or of one
run of it, PRODUCT#NUMBER. With -f it goes on as records come in. -t wants records
with this kind of input or event; a kind that is none is answered with all that
there are.

JSON: the records themselves, one per line, byte for byte as they lie on disk;
their sums can be checked with replay --verify once they are complete.`, "3 the daemon is not running", "4 no such product or run"),
		Args:              exact(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, t := range want.types {
				if !slices.Contains(recordTypes(), t) {
					return usage(fmt.Errorf("no kind of record %q: --type takes %s", t, strings.Join(recordTypes(), ", ")))
				}
			}
			if want.last < 0 {
				return usage(errors.New("--lines must not be negative"))
			}
			var err error
			if want.since, err = a.since(since); err != nil {
				return err
			}
			r, err := a.recordReader(cmd.Context())
			if err != nil {
				return err
			}
			if want.id, want.run, err = a.resolveRun(cmd.Context(), r, args[0]); err != nil {
				return err
			}
			if want.run > 0 {
				x, err := findRun(cmd.Context(), r, want.id, want.run)
				if err != nil {
					return err
				}
				want.from = max(want.from, x.FirstSeq)
			}
			err = a.events(cmd.Context(), r, want)
			if want.follow && errors.Is(cmd.Context().Err(), context.Canceled) {
				return nil // ended by the person
			}
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&want.follow, "follow", "f", false, "go on as records come in")
	f.IntVarP(&want.last, "lines", "n", 0, "only the last `N` records (0 = all)")
	f.StringVar(&since, "since", "", "only records since this `TIME`: "+momentForms)
	f.StringSliceVarP(&want.types, "type", "t", nil, "only records with these `KINDS` of input or event")
	f.Uint64Var(&want.from, "from", 0, "begin with this record number")
	if err := cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(recordTypes(), cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag stands above
	}
	return cmd
}

// recordTypes are the written names of all inputs and events, sorted.
func recordTypes() []string {
	var out []string
	for _, in := range events.Inputs() {
		out = append(out, events.InputName(in))
	}
	for _, e := range events.Events() {
		out = append(out, events.EventName(e))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// selection says which records of a product are wanted.
type selection struct {
	id     string
	run    int // 0 = of all runs
	from   uint64
	last   int // at most so many; 0 = all
	since  time.Time
	types  []string // none = all
	follow bool
}

// wants reports whether a record is of the wanted time and kind.
func (s selection) wants(rec events.Record) bool {
	if rec.At.Before(s.since) {
		return false
	}
	return len(s.types) == 0 || slices.Contains(s.types, rec.Input.Type) ||
		slices.ContainsFunc(rec.Events, func(m events.Message) bool { return slices.Contains(s.types, m.Type) })
}

// events prints the wanted records.
func (a *app) events(ctx context.Context, r reader, want selection) error {
	codec := events.NewCodec()
	print := func(rec events.Record, line []byte) error { return a.printRecord(codec, rec, line, want.id) }
	if want.last == 0 {
		return a.eachRecord(ctx, r, want, print)
	}
	// The last ones are known only when all are read; what comes later is
	// followed from there.
	type kept struct {
		rec  events.Record
		line []byte
	}
	var tail []kept
	past := want
	past.follow = false
	next := want.from
	over, err := a.walk(ctx, r, past, func(rec events.Record, line []byte) error {
		if next = rec.Seq + 1; !want.wants(rec) {
			return nil
		}
		if len(tail) == want.last {
			tail = append(tail[:0], tail[1:]...)
		}
		tail = append(tail, kept{rec, bytes.Clone(line)})
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range tail {
		if err := print(k.rec, k.line); err != nil {
			return err
		}
	}
	if !want.follow || over {
		return nil
	}
	want.from = next
	return a.eachRecord(ctx, r, want, print)
}

func (a *app) eachRecord(ctx context.Context, r reader, want selection, each func(events.Record, []byte) error) error {
	_, err := a.walk(ctx, r, want, func(rec events.Record, line []byte) error {
		if !want.wants(rec) {
			return nil
		}
		return each(rec, line)
	})
	return err
}

// walk goes through the records of the product, or of the wanted run; over
// tells that the next run has begun. The line is valid during the call only.
func (a *app) walk(ctx context.Context, r reader, want selection, each func(events.Record, []byte) error) (over bool, err error) {
	codec := events.NewCodec()
	err = r.Log(ctx, localclient.LogQuery{Product: want.id, From: want.from, Follow: want.follow}, func(line []byte) error {
		rec, err := events.DecodeRecord(bytes.Clone(line))
		if err != nil {
			return err
		}
		if want.run > 0 {
			mine, last := ofRun(codec, rec, want.id, want.run)
			if over = last; last && !mine {
				return errOver
			}
		}
		if err := each(rec, line); err != nil {
			return err
		}
		if over {
			return errOver
		}
		return nil
	})
	if errors.Is(err, errOver) {
		err = nil
	}
	return over, err
}

// ofRun reports whether a record that comes after the beginning of a run belongs
// to it, and whether a later run begins in it: the step that ends a run may begin
// the next one.
func ofRun(codec *events.Codec, rec events.Record, id string, run int) (mine, last bool) {
	s, err := codec.Open(rec)
	if err != nil {
		return true, false // a type of a newer build
	}
	for i, e := range s.Did {
		if x, ok := e.(events.Accepted); ok && x.Product == id && x.Run > run {
			return slices.ContainsFunc(s.Did[:i], func(e events.Event) bool { return e.About() == id }), true
		}
	}
	return true, false
}

// printRecord prints one record as a line of prose about one product, or as it
// lies on disk.
func (a *app) printRecord(codec *events.Codec, rec events.Record, line []byte, id string) error {
	if a.json {
		return a.rawLine(line)
	}
	what := "?"
	if s, err := codec.Open(rec); err == nil {
		var said []string
		for _, e := range s.Did {
			if e.About() == id || e.About() == "" {
				said = append(said, a.words.Event(e))
			}
		}
		what = strings.Join(said, "; ")
	} // a type of a newer build is shown by its name alone
	_, err := fmt.Fprintf(a.Out, "%s  %5d  %-17s  %s\n", a.words.Time(rec.At), rec.Seq, words.Clean(rec.Input.Type), what)
	return err
}
