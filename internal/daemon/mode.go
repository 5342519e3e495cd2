// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// machine is what is settled for the machine as a whole: by the config file, and
// above it by what a server said, as far as that is known.
func (p parts) machine(server func() []policy.Layer) func() (policy.Machine, policy.Opinion) {
	return func() (policy.Machine, policy.Opinion) {
		return policy.MachineOf(append([]policy.Layer{p.config.Site()}, server()...)...)
	}
}

// mode is the input that tells the core in which mode it is to be. While nothing is
// known of the server, its word for observe mode may be what was forgotten: then
// the core stays in the mode it is in, unless the config file alone says observe.
func (d *depot) mode() (in events.ModeChosen, ok bool) {
	m, said := d.machine()
	if !m.Observe && d.known != nil && !d.known() {
		return in, false
	}
	why := "mode = " + said.Written + " (" + string(said.Origin) + ")"
	if said.Place != "" {
		why += ": " + said.Place
	}
	return events.ModeChosen{Observe: m.Observe, Reason: why}, true
}

// setMode brings the mode in, before anything else that a look brought: what is new
// must not be begun in the old one.
func (d *depot) setMode(ctx context.Context) error {
	in, ok := d.mode()
	if !ok {
		return nil
	}
	_, err := d.submit(ctx, fromSource, in)
	if err != nil && !errors.Is(err, fsm.ErrNothing) {
		return fmt.Errorf("cannot change the mode: %w", err)
	}
	return nil
}
