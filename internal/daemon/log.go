// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/engine"
	"github.com/quietsetup/quietsetup/store"
)

// openStore opens the log. A file that may be damaged is looked at by a child.
func openStore(dir string) (*store.Store, store.Findings, error) {
	return store.Open(store.Options{Dir: dir, Probe: probeInChild})
}

// probeInChild looks at log.db in a process of its own, because a damaged file
// can kill or hang whoever maps it.
func probeInChild(ctx context.Context, path string) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find the running program: %w", err)
	}
	cmd := exec.CommandContext(ctx, exe, EntryProbe, path)
	var said strings.Builder
	cmd.Stderr = &limited{w: &said, left: 1000}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s does not pass: %w: %s", path, err, strings.TrimSpace(said.String()))
	}
	return nil
}

// limited keeps the beginning of what is written.
type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	n := min(len(b), l.left)
	l.left -= n
	if _, err := l.w.Write(b[:n]); err != nil {
		return 0, err
	}
	return len(b), nil
}

// recordLog is the store as the engine sees it.
type recordLog struct {
	store *store.Store
	all   func() []string // every product the client knows
}

func (l *recordLog) Append(r *events.Record) error {
	err := l.store.Append(r)
	if err != nil && !errors.Is(err, store.ErrOutcomeUnknown) {
		return fmt.Errorf("%w: %w", engine.ErrUnfit, err)
	}
	return err
}

func (l *recordLog) Last() (uint64, string) { return l.store.Last() }

func (l *recordLog) SinceCheckpoint() iter.Seq2[events.Record, error] {
	return l.store.SinceCheckpoint()
}

func (l *recordLog) WantsCheckpoint() bool { return l.store.WantsCheckpoint() }

func (l *recordLog) Recover() ([]events.Input, error) {
	f, err := l.store.Recover()
	if err != nil {
		return nil, err
	}
	return inputsOf(f, l.all()), nil
}

// inputsOf tells the findings of the store in the vocabulary of the log. When
// records are lost, nobody knows which products they touched: all may be.
func inputsOf(f store.Findings, all []string) []events.Input {
	var out []events.Input
	for _, r := range f.Rebuilt {
		out = append(out, events.RebuildObserved{Store: r.Store, Reason: r.Reason, Kept: r.Kept})
	}
	if f.Fork == nil && f.Lost == nil {
		return out
	}
	var fork events.ForkObserved
	if f.Fork != nil {
		fork = events.ForkObserved{Common: f.Fork.Common, Products: f.Fork.Products, Kept: f.Fork.Kept}
	}
	if f.Lost != nil {
		before := max(f.Lost.From, 1) - 1
		if f.Fork == nil || before < fork.Common {
			fork.Common = before
		}
		fork.Products = slices.Concat(fork.Products, all)
		slices.Sort(fork.Products)
		fork.Products = slices.Compact(fork.Products)
	}
	return append(out, fork)
}
