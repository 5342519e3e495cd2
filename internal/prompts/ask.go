// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/fsm"
)

// Ask carries out one AskUsers effect: it keeps the session's window open until
// ctx ends and then returns nil. It calls shown when the window is on the screen
// and failed when it cannot be shown, also when the session has had no agent for
// Grace and the stand-in cannot show it either. Ask again with the same window and session, and what is shown changes;
// nothing is asked anew. An error means that the core could not be told; the
// effect can then be started again.
func (b *Broker) Ask(ctx context.Context, work fsm.AskUsers, shown func() error, failed func(reason string) error) error {
	if work.Window.ID == "" || work.Ask.Session == "" || work.Ask.Owner == "" || strings.Contains(work.Window.ID, "@") {
		return fmt.Errorf("cannot ask in session %q of %q about window %q: not a window", work.Ask.Session, work.Ask.Owner, work.Window.ID)
	}
	by := &effect{shown: shown, failed: failed}
	p := b.hold(by, work)
	defer b.drop(p, by)
	if err := b.tellShown(p); err != nil { // an agent may have had it on the screen before
		return err
	}
	grace := Grace
	if b.standsIn(p) {
		grace = 0 // only what it shows has changed
	}
	absent := time.NewTimer(grace)
	defer absent.Stop()
	var stood <-chan string
	dismiss := func() {}
	defer func() { dismiss() }()
	there, told := false, work.Ask.Lost != ""
	for {
		now, changed := b.present(p.at)
		if now != there {
			there = now
			absent.Stop()
			if now {
				told, stood = false, nil
				dismiss()
			} else {
				absent.Reset(Grace)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-absent.C:
			if there || told {
				continue
			}
			told = true
			stood, dismiss = b.standIn(ctx, p)
		case reason := <-stood:
			stood = nil
			if reason == "" {
				continue
			}
			if err := b.tellFailed(p, reason); err != nil {
				return err
			}
		}
	}
}

// present reports whether an agent speaks for the place, and when to look again.
func (b *Broker) present(at place) (bool, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.agents[at] != nil, b.changed
}

// tellShown tells the core that the window is on the screen, once per effect.
func (b *Broker) tellShown(p *prompt) error {
	b.mu.Lock()
	by := p.by
	due := p.open && p.shown && by != nil && p.told != by
	b.mu.Unlock()
	if !due {
		return nil
	}
	if err := stillDue(by.shown()); err != nil {
		return fmt.Errorf("cannot tell that the window %s is shown: %w", p.id, err)
	}
	b.mu.Lock()
	p.told = by
	b.mu.Unlock()
	return nil
}

// tellFailed tells the core that the window is on no screen.
func (b *Broker) tellFailed(p *prompt, reason string) error {
	b.mu.Lock()
	by := p.by
	p.shown, p.told = false, nil
	b.mu.Unlock()
	if by == nil {
		return nil
	}
	if err := stillDue(by.failed(reason)); err != nil {
		return fmt.Errorf("cannot tell that the window %s is not shown (%s): %w", p.id, reason, err)
	}
	return nil
}

// stillDue drops the core's word that it does not matter any more.
func stillDue(err error) error {
	if errors.Is(err, fsm.ErrStale) || errors.Is(err, fsm.ErrNothing) {
		return nil
	}
	return err
}
