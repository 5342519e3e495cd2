// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/installer"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/order"
	"github.com/quietsetup/quietsetup/internal/source/local"
)

// fromSource is the actor of what the source shows.
const fromSource = "source"

// submit brings an input in; it is the engine's Submit.
type submit func(ctx context.Context, actor string, in events.Input) (uint64, error)

// depot is the source, held by one at a time.
type depot struct {
	local  *local.Source
	place  string
	submit submit
	held   chan struct{} // holds one token while somebody reads or writes

	mu   sync.Mutex
	last time.Time // of the last good answer
	why  error     // of the last bad one, nil if it was good
}

// openDepot opens the local source of a config.
func openDepot(c config.Config, stateDir string, eyes checks.Host, log zerolog.Logger) (*depot, error) {
	machine := metadata.ThisMachine()
	reader := metadata.Reader{Depot: c.Source.Depot, Overlay: c.Overlay, Machine: machine, Constants: metadata.MachineConstants(machine).WithFolders(metadata.Folders(host.SystemFolders())),
		CheckDir: func(dir string) error {
			if err := checks.CheckDir(eyes.Rules(), dir); err != nil {
				return err
			}
			real, err := eyes.Resolve(dir)
			if err != nil {
				return err
			}
			return checks.CheckDir(eyes.Rules(), real)
		},
		OldFolders: host.InstalledFolders, CheckOverlay: config.CheckOwner}
	src, err := local.Open(stateDir, local.Parts{
		Depot: reader,
		Policy: func(p metadata.Package) (events.Policy, []string) {
			effective, warnings := c.Policy(p.Product, p.Policy)
			var lines []string
			for _, w := range warnings {
				lines = append(lines, w.String())
			}
			return effective, lines
		},
		Algorithm:    order.Algorithm(c.Source.Algorithm),
		CheckCommand: installer.CheckCommand,
		Warn:         func(product, line string) { log.Warn().Str("product", product).Msg(line) },
	})
	if err != nil {
		return nil, err
	}
	return &depot{local: src, place: c.Source.Depot, held: make(chan struct{}, 1)}, nil
}

// hold keeps everybody else from the source until release is called.
func (d *depot) hold(ctx context.Context) (release func(), err error) {
	select {
	case d.held <- struct{}{}:
		return func() { <-d.held }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// poll brings in what the source shows.
func (d *depot) poll(ctx context.Context, trigger string) error {
	release, err := d.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	w, err := d.local.Requests(ctx)
	d.note(err)
	if err != nil || len(w.Requests) == 0 {
		return err
	}
	if _, err = d.submit(ctx, fromSource, events.RequestsObserved{Trigger: trigger, Requests: w.Requests, Order: w.Order}); errors.Is(err, fsm.ErrNothing) {
		return nil
	}
	return err
}

// request changes what the source wants, and brings that in.
func (d *depot) request(ctx context.Context, actor, product string, a events.Action, alone bool, reason string) (local.Asked, uint64, error) {
	release, err := d.hold(ctx)
	if err != nil {
		return local.Asked{}, 0, err
	}
	defer release()
	asked, failed := d.local.SetRequest(ctx, product, a, alone)
	if len(asked.Requests) == 0 {
		return asked, 0, failed
	}
	// After an error of the disk a part may be requested: then it is brought in, so
	// that nothing is done that is not in the log with its reason.
	seq, err := d.submit(ctx, actor, events.RequestsObserved{Trigger: "operator", Reason: reason, Requests: asked.Requests, Order: asked.Order})
	if failed != nil {
		return asked, seq, failed
	}
	return asked, seq, err
}

// Prepare reads a package and its policy.
func (d *depot) Prepare(ctx context.Context, req events.Request) (events.Policy, events.Package, *events.Problem, error) {
	return d.local.Prepare(ctx, req)
}

// Report makes the source show a report and has that recorded before anybody
// reads the source again.
func (d *depot) Report(ctx context.Context, r events.Report, req events.Request, done func() error) error {
	release, err := d.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := d.local.Report(ctx, r, req); err != nil {
		return err
	}
	return done()
}

func (d *depot) note(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.why = err; err == nil {
		d.last = time.Now().UTC()
	}
}

// state tells people how the source is.
func (d *depot) state() apitypes.Source {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := apitypes.Source{Kind: "local", Place: d.place, State: "ok"}
	if d.why != nil {
		s.State, s.Reason = "failing", d.why.Error()
	}
	if !d.last.IsZero() {
		last := d.last
		s.Last = &last
	}
	return s
}

// afterFailure is the longest pause after a look that failed: at the start of a
// machine the depot may only be late.
const afterFailure = 30 * time.Second

// pollEvery polls until ctx ends. The first look tells that it was made.
func (d *depot) pollEvery(ctx context.Context, every time.Duration, log zerolog.Logger, first func(error)) {
	trigger := "start"
	for {
		err := d.poll(ctx, trigger)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			log.Warn().Err(err).Msg("the source gave no answer")
		}
		if first != nil {
			first(err)
			first = nil
		}
		pause := min(every, afterFailure)
		if err == nil {
			trigger, pause = "poll", every
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// close ends the use of the source.
func (d *depot) close() error {
	if err := d.local.Close(); err != nil {
		return fmt.Errorf("cannot close the source: %w", err)
	}
	return nil
}
