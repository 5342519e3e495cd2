// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/replay"
	"github.com/quietsetup/quietsetup/internal/storecheck"
	"github.com/quietsetup/quietsetup/internal/view"
	"github.com/quietsetup/quietsetup/store"
)

// reader is where a command that only reads gets what it shows: the daemon
// (*localclient.Client) or a copied log.
type reader interface {
	Status(context.Context) (apitypes.Status, error)
	Products(context.Context) (apitypes.Products, error)
	Product(ctx context.Context, id string) (apitypes.ProductDoc, error)
	Log(ctx context.Context, q localclient.LogQuery, emit func(line []byte) error) error
}

// reader opens what the flags name.
func (a *app) reader(ctx context.Context) (reader, error) {
	if a.file == "" {
		return a.daemon()
	}
	if h, ok := store.ReadExcerptHead(a.file); ok {
		return nil, (&excerpt{a.file, h}).refuse()
	}
	return openCopy(ctx, a.file)
}

// recordReader is reader for a command that needs no state, but records alone.
func (a *app) recordReader(ctx context.Context) (reader, error) {
	if h, ok := store.ReadExcerptHead(a.file); ok {
		return &excerpt{a.file, h}, nil
	}
	return a.reader(ctx)
}

// copied is a log that was copied from somewhere, folded.
type copied struct {
	path string
	c    *fsm.Client
}

// openCopy folds a copied log. Of a state folder with its checkpoints the last
// segment is enough, so that a long log is not read from its beginning.
func openCopy(ctx context.Context, path string) (*copied, error) {
	if last := lastSegment(path); last != "" {
		if c, err := replay.Fold(logLines(ctx, last), nil); err == nil {
			return &copied{path: path, c: c}, nil
		} // damaged or without checkpoint: the whole log tells more
	}
	c, err := replay.Fold(logLines(ctx, path), nil)
	if err != nil {
		if foreign(ctx, path, err) {
			return nil, noLog(path)
		}
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return &copied{path: path, c: c}, nil
}

// lastSegment is the newest segment of a state folder, "" if path is none or it
// has only one.
func lastSegment(path string) string {
	names, err := filepath.Glob(filepath.Join(path, "journal", "*.ndjson"))
	if err != nil || len(names) < 2 {
		return ""
	}
	return slices.Max(names)
}

// logLines reads a log for package replay. The end of ctx ends the reading with
// its cause.
func logLines(ctx context.Context, path string) iter.Seq2[replay.Line, error] {
	return storecheck.Lines(ctx, store.ReadLog(path))
}

// errNoLog is about a file in which not a single line is a record.
var errNoLog = errors.New("is not a log of quietsetup")

func noLog(path string) error { return fmt.Errorf("%s %w", path, errNoLog) }

// foreign reports whether what failed with err is no log at all, as opposed to
// a log with damage: it holds text, and nothing of it is a record or the torn
// beginning of one.
func foreign(ctx context.Context, path string, err error) bool {
	var d *replay.Divergence
	if !errors.Is(err, replay.ErrEmpty) && !(errors.As(err, &d) && d.Code == replay.CodeNotRecord) {
		return false
	}
	text := false
	for l, err := range logLines(ctx, path) {
		text = text || len(l.Raw) > 0
		torn := errors.Is(err, replay.ErrTornTail)
		if !torn && !errors.Is(err, events.ErrNotARecord) || torn && bytes.HasPrefix(l.Raw, []byte("{")) {
			return false
		}
	}
	return text
}

func (c *copied) Status(context.Context) (apitypes.Status, error) {
	return view.AtLast(c.c).Status(), nil
}

func (c *copied) Products(context.Context) (apitypes.Products, error) {
	return view.AtLast(c.c).Products(), nil
}

func (c *copied) Product(_ context.Context, id string) (apitypes.ProductDoc, error) {
	doc, ok := view.AtLast(c.c).Product(id)
	if !ok {
		return doc, notFound(fmt.Errorf("no product %q in %s", id, c.path))
	}
	return doc, nil
}

func (c *copied) Log(ctx context.Context, q localclient.LogQuery, emit func([]byte) error) error {
	if q.Follow {
		return usage(errors.New("a copy does not grow: --follow needs the running daemon"))
	}
	for l, err := range logLines(ctx, c.path) {
		if errors.Is(err, replay.ErrTornTail) {
			return nil
		}
		if err != nil {
			return err
		}
		if l.Record.Seq < q.From || q.Product != "" && !slices.Contains(l.Record.Products, q.Product) {
			continue
		}
		if err := emit(l.Raw); err != nil {
			return err
		}
	}
	return nil
}

// resolve finds the product that an id or the unique beginning of one means.
func resolve(ctx context.Context, r reader, id string) (string, error) {
	ps, err := r.Products(ctx)
	if err != nil {
		return "", err
	}
	var fits []string
	for _, p := range ps.Products {
		if p.ID == id {
			return id, nil
		}
		if id != "" && strings.HasPrefix(p.ID, id) {
			fits = append(fits, p.ID)
		}
	}
	switch len(fits) {
	case 0:
		return "", notFound(fmt.Errorf("no product %q was ever requested here", id))
	case 1:
		return fits[0], nil
	}
	return "", usage(fmt.Errorf("%q is not unique: %s", id, strings.Join(fits, ", ")))
}

// completeID offers the ids of known products to the shell, for the first argument.
func (a *app) completeID(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Second) // a shell does not wait
	defer cancel()
	r, err := a.reader(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ps, err := r.Products(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, p := range ps.Products {
		if strings.HasPrefix(p.ID, typed) {
			out = append(out, p.ID+"\t"+p.Phase)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// exists reports whether a file is there, for a clear message before reading.
func exists(path string) error {
	_, err := os.Stat(path)
	return err
}
