// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/actionprocessor"
)

// ready is a package that can be used at once.
type ready struct{ asked int }

func (r *ready) Prepare(context.Context, events.Request) (events.Policy, events.Package, *events.Problem, error) {
	r.asked++
	return events.Policy{}, events.Package{}, nil, nil
}

// TestOneAtATime: while somebody has the machine alone no round goes on, and it goes on
// as soon as that is over.
func TestOneAtATime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "state")
	lock, err := TakeAlone(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := TakeAlone(dir); !errors.Is(err, actionprocessor.ErrBusy) {
		t.Errorf("taken twice: %v", err)
	}
	pkg := &ready{}
	if _, _, problem, err := (oneAtATime{pkg, dir, 0}).Prepare(t.Context(), events.Request{}); err != nil || problem == nil || problem.Code != "occupied" {
		t.Errorf("%+v, %v", problem, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, _, err := (oneAtATime{pkg, dir, time.Hour}).Prepare(ctx, events.Request{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	go func() { _ = lock.Close() }()
	if _, _, problem, err := (oneAtATime{pkg, dir, time.Hour}).Prepare(t.Context(), events.Request{}); err != nil || problem != nil || pkg.asked != 3 {
		t.Errorf("%+v, %v", problem, err)
	}
}
