// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/prompts"
)

// newMachine is the machine without our own programs among what may be closed.
func newMachine(stateDir, supervisor string, desk func() *prompts.Broker, log zerolog.Logger) *host.Machine {
	own := []string{supervisor, filepath.Join(stateDir, "supervisor")}
	if exe, err := os.Executable(); err == nil {
		for _, name := range []string{"quietsetupd", "quietsetup", "quietsetup-prompt"} {
			if runtime.GOOS == "windows" {
				name += ".exe"
			}
			own = append(own, filepath.Join(filepath.Dir(exe), name))
		}
	}
	return host.New(host.Options{
		OwnUserOnly: !privileged(),
		Own:         own,
		Agents: func() []host.Agent {
			var out []host.Agent
			for _, a := range desk().Agents() {
				out = append(out, host.Agent{Session: a.Session, Owner: a.Owner, TTY: a.TTY,
					Told: a.Presence.Known, Idle: a.Presence.Idle(), Locked: a.Presence.Locked})
			}
			return out
		},
		AskToClose: func(ctx context.Context, session string, ids []events.ProcessID) error {
			err := desk().CloseWindows(ctx, session, ids)
			if err != nil && !errors.Is(err, context.Canceled) { // cancelled: they have ended meanwhile
				log.Warn().Err(err).Str("session", session).Msg("programs were not asked to close")
			}
			return err
		},
	})
}

// looker looks at the machine for the effects.
type looker struct{ host checks.Host }

func (l looker) Look(ctx context.Context, p events.Package) events.Observation {
	return checks.Look(ctx, l.host, p)
}

// Alive reports whether the very process runs.
func (l looker) Alive(id events.ProcessID) bool { return !id.IsZero() && host.Alive(id) }

func (l looker) LookAtPeople(ctx context.Context) events.Observation {
	return checks.LookAtPeople(ctx, l.host)
}

// clock is the machine's time with Go's timers.
type clock struct{ *host.Clock }

func (clock) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// timer waits for the effects.
type timer struct {
	until func(events.Moment) events.Span
}

func (t timer) Until(m events.Moment) events.Span { return t.until(m) }

func (timer) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
