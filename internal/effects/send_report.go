// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Reporter makes the source show a report.
type Reporter interface {
	// Report calls done when the source shows the report, and returns done's
	// error. Until done has returned it keeps everybody else from reading the
	// source: rows read before a report must not be brought in after it, or the
	// request it answers would be taken for a new one. An error that is
	// ErrRefused will not go away by itself; any other will be tried again.
	Report(ctx context.Context, r events.Report, req events.Request, done func() error) error
}

// ErrRefused: the source will not take this report.
var ErrRefused = errors.New("the source refuses the report")

// The conditions of reporting.
const (
	failing = "failing"
	refused = "refused"
)

// sendReport sends a report once. That it fails is recorded when it begins, not
// at each try.
func (w *Workers) sendReport(ctx context.Context, t events.Ticket, work fsm.SendReport, emit Emit) error {
	in := events.ReportAnswered{For: t, Report: work.Report}
	shown := false
	err := w.Reporter.Report(ctx, work.Report, work.Request, func() error {
		shown, in.Accepted = true, true
		return emit(in)
	})
	if err == nil || shown || ctx.Err() != nil {
		return err
	}
	in.Class, in.Reason = failing, err.Error()
	if errors.Is(err, ErrRefused) {
		in.Class = refused
	}
	if emitErr := emit(in); emitErr != nil && !errors.Is(emitErr, fsm.ErrNothing) {
		return emitErr
	}
	return err
}
