// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

func (a *app) eventsCommand() *cobra.Command {
	var follow bool
	var from uint64
	cmd := &cobra.Command{
		Use:   "events PRODUCT",
		Short: "What happened to a product, record by record",
		Long: long(`
Prints time, number, kind and meaning of each record about a product. With -f it
goes on as records come in.

JSON: the records themselves, one per line, byte for byte as they lie on disk;
their sums can be checked with replay --verify once they are complete.`, "3 the daemon is not running", "4 no such product"),
		Args:              exact(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.recordReader(cmd.Context())
			if err != nil {
				return err
			}
			id, err := resolve(cmd.Context(), r, args[0])
			if err != nil {
				return err
			}
			codec := events.NewCodec()
			err = r.Log(cmd.Context(), localclient.LogQuery{Product: id, From: from, Follow: follow}, func(line []byte) error {
				if a.json {
					_, err := a.Out.Write(append(slices.Clone(line), '\n'))
					return err
				}
				return a.printRecord(codec, line, id)
			})
			if follow && cmd.Context().Err() == context.Canceled {
				return nil // ended by the person
			}
			return err
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on as records come in")
	cmd.Flags().Uint64Var(&from, "from", 0, "begin with this record number")
	return cmd
}

// printRecord prints one record as a line of prose about one product.
func (a *app) printRecord(codec *events.Codec, line []byte, id string) error {
	rec, err := events.DecodeRecord(bytes.Clone(line))
	if err != nil {
		return err
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
	_, err = fmt.Fprintf(a.Out, "%s  %5d  %-17s  %s\n", a.words.Time(rec.At), rec.Seq, words.Clean(rec.Input.Type), what)
	return err
}
