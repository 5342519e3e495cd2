// SPDX-License-Identifier: Apache-2.0

//go:build unix

package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/actionprocessor"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/config"
)

// lockOf is a lock that tells what became of it.
type lockOf struct{ ran, freed *bool }

func (l lockOf) Runs(int) error { *l.ran = true; return nil }
func (l lockOf) Close() error   { *l.freed = true; return nil }

// TestSomebodyComesMeanwhile: who logs in while the lock is waited for is not
// overrun by opsi-script, and the lock is free again.
func TestSomebodyComesMeanwhile(t *testing.T) {
	script := filepath.Join(t.TempDir(), "opsi-script")
	if err := os.WriteFile(script, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	english, err := words.New(time.UTC, "en")
	if err != nil {
		t.Fatal(err)
	}
	var ran, freed bool
	there := 0
	take := func(string) (actionprocessor.Lock, error) {
		there = 1
		return lockOf{&ran, &freed}, nil
	}
	var says bytes.Buffer
	p := &processor{app: &app{Outside: Outside{Err: &says, Take: take}, words: english, stateDir: t.TempDir()},
		people: func(context.Context) (bool, int) { return true, there }, source: config.Source{OpsiScript: script}}
	err = p.without(t.Context(), errors.New("it is away"))
	if exitCode(err) != exitNotRunning || ran || !freed {
		t.Errorf("exit code %d, %v, ran %v, the lock is free %v:\n%s", exitCode(err), err, ran, freed, says.String())
	}
}
