// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/atomicfile"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/store"
)

// exportDoc is the JSON of store export -o.
type exportDoc struct {
	Schema  string `json:"schema"` // store_export/v1
	File    string `json:"file"`
	Records int    `json:"records"`
	First   uint64 `json:"first"`
	Last    uint64 `json:"last"`
	Partial bool   `json:"partial"` // by product: nothing can be folded from it
	Private bool   `json:"private"`
}

func (a *app) storeExportCommand() *cobra.Command {
	var x store.Excerpt
	var to target
	cmd := &cobra.Command{
		Use:   "export",
		Short: "The log as lines of JSON, without private parts",
		Long: long(`
Writes the log, archive included, to standard output or to a file, which is
there whole or not at all. A file that is there is kept without --force, and
nothing is written into the state folder. User names and paths below homes are left out; the
sums stay valid, so replay --verify works on an export. --private leaves them in.

--from and --to cut the log. An export begins with the first record or with a
checkpoint, so that it can be verified: --from goes back to the last checkpoint
before it.

--product keeps the records that touched certain products. The rest of the chain
is missing then: the export says in its first line that it is partial. store
check and events read it; status, why and replay refuse it.

Reads the state folder, for those who may not the service is asked, and with
--file a copy. JSON: records, one per line; with -o store_export/v1.`,
			"3 the daemon is not running", "4 no such product", "8 damaged, or newer than this build", "9 no right to read it"),
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, id := range x.Products {
				if productid.Check(id) != nil {
					return notFound(fmt.Errorf("no such product: %q", id))
				}
			}
			if x.To > 0 && x.To < x.From {
				return usage(fmt.Errorf("--to %d is before --from %d", x.To, x.From))
			}
			if x.Private && runtime.GOOS != "windows" && os.Geteuid() != 0 {
				return &coded{code: exitPrivileges, err: errors.New("only root may export private parts")}
			}
			slices.Sort(x.Products)
			x.Products = slices.Compact(x.Products)
			if to.force && to.path == "" {
				return usage(errors.New("--force replaces a file: it goes with --output"))
			}
			return a.export(cmd.Context(), x, to)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&x.Products, "product", nil, "only records about this product; may be given more than once")
	f.Uint64Var(&x.From, "from", 0, "first record number")
	f.Uint64Var(&x.To, "to", 0, "last record number")
	f.StringVarP(&to.path, "output", "o", "", "write to this file")
	f.BoolVar(&to.force, "force", false, "replace a file that is there")
	f.BoolVar(&x.Private, "private", false, "with user names and paths below homes (root only)")
	return cmd
}

func (a *app) export(ctx context.Context, x store.Excerpt, to target) error {
	var folder *os.Root
	var name string
	if to.path != "" {
		logs := []string{a.state(), stateFolder()} // the service's own, too, whatever is read
		if a.file != "" {
			logs = append(logs, a.file)
		}
		var err error
		if folder, name, err = to.open(logs); err != nil {
			return fmt.Errorf("cannot export: %w", err)
		}
		defer folder.Close()
	}
	lines, err := a.source(ctx)
	if err != nil {
		return err
	}
	var n store.Excerpted
	write := func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 1<<16)
		if n, err = store.WriteExcerpt(b, lines, x); err != nil {
			return err
		}
		return b.Flush()
	}
	if folder == nil {
		err = write(a.Out)
	} else {
		err = atomicfile.Write(folder, name, atomicfile.Options{Mode: 0o600, Fresh: !to.force}, write)
	}
	switch {
	case errors.Is(err, store.ErrNoRecord) && len(x.Products) > 0:
		return notFound(fmt.Errorf("cannot export: %w", err))
	case unreadable(err):
		return &coded{code: exitDiverged, err: fmt.Errorf("cannot export: %w", err)}
	case errors.Is(err, fs.ErrExist) && !to.force:
		return fmt.Errorf("cannot export: %w; --force replaces it", err)
	case err != nil:
		return fmt.Errorf("cannot export: %w", err)
	}
	d := exportDoc{Schema: "store_export/v1", File: to.path, Records: n.Records, First: n.First, Last: n.Last, Partial: len(x.Products) > 0, Private: x.Private}
	if a.json && to.path != "" {
		return a.document(d)
	}
	about := i18n.Data{"Records": d.Records, "First": d.First, "Last": d.Last, "Private": d.Private}
	fmt.Fprintln(a.Err, a.words.Text("store.exported", about))
	if d.Partial {
		fmt.Fprintln(a.Err, a.words.Text("store.partial", nil))
	}
	return nil
}

// unreadable reports whether a line is not what was written.
func unreadable(err error) bool {
	for _, bad := range []error{events.ErrSum, events.ErrPrivate, events.ErrNotARecord, events.ErrUnknownType, events.ErrChain} {
		if errors.Is(err, bad) {
			return true
		}
	}
	return false
}

// source is where the records are read: a copy, the state folder, or the service.
func (a *app) source(ctx context.Context) (func() iter.Seq2[store.Line, error], error) {
	path := a.file
	if path == "" {
		path = a.state()
		_, err := os.ReadDir(filepath.Join(path, "journal"))
		if errors.Is(err, fs.ErrPermission) {
			if lines := a.served(ctx); lines != nil {
				return lines, nil
			}
		}
		if err != nil {
			return nil, fmt.Errorf("cannot export: %w", err)
		}
	}
	return func() iter.Seq2[store.Line, error] { return store.ReadLog(path) }, nil
}

// served reads the records from the service; nil if none runs.
func (a *app) served(ctx context.Context) func() iter.Seq2[store.Line, error] {
	c, err := a.daemon()
	if err != nil {
		return nil
	}
	if _, err := c.Status(ctx); errors.Is(err, localclient.ErrNotRunning) {
		return nil
	}
	return func() iter.Seq2[store.Line, error] {
		return func(yield func(store.Line, error) bool) {
			n := 0
			enough := errors.New("enough")
			err := c.Log(ctx, localclient.LogQuery{}, func(line []byte) error {
				n++
				l := store.Line{File: c.Path(), Number: n, Raw: slices.Clone(line)}
				var err error
				if l.Record, err = events.DecodeRecord(l.Raw); err != nil {
					err = fmt.Errorf("%s:%d: %w", l.File, n, err)
				}
				if !yield(l, err) {
					return enough
				}
				return nil
			})
			if err != nil && !errors.Is(err, enough) {
				yield(store.Line{File: c.Path()}, err)
			}
		}
	}
}
