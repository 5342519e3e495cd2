// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/atomicfile"
)

// Rows is the server, as far as a run needs it.
type Rows interface {
	// Row is what the server shows of a product now; false = it has no row.
	Row(ctx context.Context, product string) (events.Report, bool, error)
	// Mark sets progress and the result none, if the row still asks for the action;
	// if not, it writes nothing and returns an error.
	Mark(ctx context.Context, product string, a events.Action, progress string) error
	// Restore sets the request again, if the row wants nothing and tells that its script
	// put itself off.
	Restore(ctx context.Context, product string, a events.Action) error
}

// ErrChanged: the row asks for something else by now, so opsi-script would do that.
var ErrChanged = errors.New("the server asks for something else by now")

// Wishes is where opsi-script leaves what a script wants of the machine.
type Wishes interface {
	// Look returns what is wished.
	Look() (Wish, error)
	// Clear takes all wishes away.
	Clear() error
}

// Runner has opsi-script carry out products, one at a time.
type Runner struct {
	Program string // absolute; see Find
	System  string // as Go calls it
	Site    Site
	Key     func() string // the host key. It is written into the private file alone
	Folder  string        // a private folder of ours; what is needed after a restart stays there
	Rows    Rows
	Wishes  Wishes
}

// note is what must be known at the end of a run, also after a restart of ours.
type note struct {
	Product string        `json:"product"`
	Action  events.Action `json:"action"`
	Before  events.Report `json:"before"`
	Wish    Wish          `json:"wish"`  // the script's, taken and not recorded yet
	Other   Wish          `json:"other"` // of before the run, as told with its outcome
	// Restored: its request was set again after the script had put itself off. If it is
	// gone once more, somebody took it back.
	Restored bool `json:"restored,omitempty"`
}

// The names of a run's files.
const (
	endNote = ".run.json"
	endKey  = ".key"
	// wishFile holds a wish that was taken from its place and that no outcome in the log
	// tells of yet. It is no run's: the one before which it was found may never start.
	wishFile = "wish.json"
	// unfinished ends the name of what package atomicfile was writing; a dot begins it.
	unfinished = ".quietsetup-new"
	maxNote    = 64 << 10
)

// Prepare makes all ready for a run under a token and returns its command line.
// What it leaves behind Settle and Forget remove, or Sweep. After an error nothing
// ran, and it may be called again.
func (r Runner) Prepare(ctx context.Context, token, product string, a events.Action) ([]string, error) {
	wrong := func(err error) ([]string, error) {
		return nil, fmt.Errorf("cannot prepare opsi-script for %s: %w", product, err)
	}
	if !filepath.IsLocal(token) || strings.ContainsAny(token, `/\:`) {
		return wrong(fmt.Errorf("%w: token %.80q", ErrCommand, token))
	}
	argv, err := Command(r.System, r.Program, r.Site, filepath.Join(r.Folder, token+endKey), product)
	if err != nil {
		return wrong(err)
	}
	before, there, err := r.Rows.Row(ctx, product)
	switch {
	case err != nil:
		return wrong(err)
	case !there || wanted(before) != a:
		return wrong(ErrChanged)
	}
	root, err := os.OpenRoot(r.Folder)
	if err != nil {
		return wrong(err)
	}
	defer root.Close()
	if err := r.keepWish(root); err != nil {
		return wrong(err)
	}
	n, err := read[note](root, token+endNote)
	if errors.Is(err, fs.ErrNotExist) {
		n = note{Product: product, Action: a, Before: before}
	} else if err != nil {
		return wrong(err)
	}
	if err := write(root, token+endNote, n); err != nil {
		return wrong(err)
	}
	if err := r.Rows.Mark(ctx, product, a, Mark); err != nil {
		return wrong(err)
	}
	if err := writeKey(root, token+endKey, r.Site.ClientID, r.Key()); err != nil {
		return wrong(err)
	}
	return argv, nil
}

// writeKey writes the private file that opsi-script logs in by.
func writeKey(root *os.Root, name, user, key string) error {
	return atomicfile.Write(root, name, atomicfile.Options{Mode: 0o600}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "username=%s\npassword=%s\n", user, key)
		return err
	})
}

// keepWish takes away a wish that is there before a run. It is not that run's script's,
// and is kept, not lost.
func (r Runner) keepWish(root *os.Root) error {
	wish, err := r.Wishes.Look()
	if err != nil {
		return err
	}
	kept, err := keptWish(root)
	if err != nil {
		return err
	}
	if wish > kept {
		if err := write(root, wishFile, wish); err != nil {
			return err
		}
	}
	return r.Wishes.Clear() // not before it is kept
}

// keptWish is a wish that is kept, NoWish if none is.
func keptWish(root *os.Root) (Wish, error) {
	w, err := read[Wish](root, wishFile)
	if errors.Is(err, fs.ErrNotExist) {
		return NoWish, nil
	}
	return w, err
}

// Began reports whether Prepare was called for a token and Forget was not yet.
func (r Runner) Began(token string) (bool, error) {
	_, err := os.Lstat(filepath.Join(r.Folder, token+endNote))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot look whether opsi-script was to run: %w", err)
	}
	return true, nil
}

// Settle says what became of a run whose process is gone. It removes the key at
// once. An error means that it cannot be known now: it is asked again. It may be
// called again until Forget.
func (r Runner) Settle(ctx context.Context, token string, end End) (Outcome, error) {
	root, err := os.OpenRoot(r.Folder)
	if err != nil {
		return Outcome{}, fmt.Errorf("cannot read what opsi-script did: %w", err)
	}
	defer root.Close()
	if err := remove(root, token+endKey); err != nil {
		return Outcome{}, err
	}
	n, err := read[note](root, token+endNote)
	if errors.Is(err, fs.ErrNotExist) {
		return Outcome{Kind: Unknown, Detail: "nothing is known of how the run began"}, nil
	}
	if err != nil {
		return Outcome{}, err
	}
	wish, err := r.Wishes.Look()
	other, keptErr := keptWish(root)
	if err = errors.Join(err, keptErr); err != nil {
		return Outcome{}, fmt.Errorf("cannot read what the script of %s wants: %w", n.Product, err)
	}
	if wish > n.Wish || other != n.Other {
		n.Wish, n.Other = max(n.Wish, wish), other
		err = write(root, token+endNote, n)
	}
	if err == nil && wish != NoWish {
		err = r.Wishes.Clear() // not before it is kept; a crash in between left what was kept already
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("cannot take what the script of %s wants: %w", n.Product, err)
	}
	after, there, err := r.Rows.Row(ctx, n.Product)
	if err != nil {
		return Outcome{}, fmt.Errorf("cannot read what opsi-script did with %s: %w", n.Product, err)
	}
	end.Wish = n.Wish
	row := &after
	if !there {
		row = nil
	}
	o := Judge(n.Action, n.Before, row, end)
	if o.Kind == Deferred && wanted(*row) == events.ActionNone && !n.Restored {
		err := r.Rows.Restore(ctx, n.Product, n.Action)
		if err == nil {
			n.Restored = true
			err = write(root, token+endNote, n)
		}
		if err != nil {
			return Outcome{}, fmt.Errorf("cannot keep the request of %s, whose script put itself off: %w", n.Product, err)
		}
	}
	o.Wish = max(o.Wish, n.Other)
	return o, nil
}

// Forget removes what is kept of a run whose outcome is durable in the log.
func (r Runner) Forget(token string) error {
	root, err := os.OpenRoot(r.Folder)
	if err != nil {
		return fmt.Errorf("cannot forget a run of opsi-script: %w", err)
	}
	defer root.Close()
	if n, err := read[note](root, token+endNote); err == nil && n.Other != NoWish {
		if kept, err := keptWish(root); err == nil && kept <= n.Other { // the outcome told it
			if err := remove(root, wishFile); err != nil {
				return err
			}
		}
	}
	return errors.Join(remove(root, token+endKey), remove(root, token+endNote))
}

// Sweep removes the keys of runs that do not live. It is for a start: whoever was
// killed between making a key and the end of its run left it behind.
func (r Runner) Sweep(lives func(token string) bool) error {
	root, err := os.OpenRoot(r.Folder)
	if err != nil {
		return fmt.Errorf("cannot sweep the keys of opsi-script: %w", err)
	}
	defer root.Close()
	all, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return fmt.Errorf("cannot sweep the keys of opsi-script: %w", err)
	}
	var errs []error
	for _, e := range all {
		name := strings.TrimPrefix(strings.TrimSuffix(e.Name(), unfinished), ".") // a crash may have left one half made
		if token, ok := strings.CutSuffix(name, endKey); ok && !lives(token) {
			errs = append(errs, remove(root, e.Name()))
		}
	}
	return errors.Join(errs...)
}

func write(root *os.Root, name string, v any) error {
	return atomicfile.Write(root, name, atomicfile.Options{Mode: 0o600}, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(v)
	})
}

func read[T any](root *os.Root, name string) (T, error) {
	var n T
	f, err := root.Open(name)
	if err != nil {
		return n, fmt.Errorf("cannot read how a run began: %w", err)
	}
	defer f.Close()
	if err := json.NewDecoder(io.LimitReader(f, maxNote)).Decode(&n); err != nil {
		return n, fmt.Errorf("cannot read how a run began: %s: %w", name, err)
	}
	return n, nil
}

func remove(root *os.Root, name string) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove %s: %w", name, err)
	}
	return nil
}
