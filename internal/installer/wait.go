// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// ErrVoided is returned for an attempt that was taken back before it ran.
var ErrVoided = errors.New("the attempt was voided")

// Result is how a started attempt ended.
type Result struct {
	// Lost: nothing of the attempt runs any more and it left no outcome. Ended is
	// zero then.
	Lost  bool
	Ended events.InstallerEnded
	Left  []Leftover // what the installer left running
}

// Wait returns when the attempt has an outcome, or when its supervisor, its
// installer and the installer's session are gone without one. supervisor and
// installer are the ids the log knows; they count where the file tells none.
//
// When the supervisor was killed and the installer has ended, processes of its
// session are waited for as long as the supervisor would have.
//
// stalled, if not nil, is called with what a running installer seems to wait for, "" =
// it works: first as soon as it runs, then whenever it begins or ceases to wait. Its
// error ends the wait.
func Wait(ctx context.Context, stateDir, token string, supervisor, installer events.ProcessID, stalled func(what string) error) (Result, error) {
	if err := checkToken(token); err != nil {
		return Result{}, err
	}
	boot, err := bootID()
	if err != nil {
		return Result{}, err
	}
	f, err := openFolder(stateDir, true)
	if err != nil {
		return Result{}, err
	}
	defer f.close()
	var orphaned time.Time // since when only the installer's session lives
	told, waits := false, false
	for {
		s, err := f.inspect(token)
		if err != nil {
			return Result{}, err
		}
		switch s.Kind {
		case KindEnded:
			return Result{Ended: s.Ended, Left: s.Left}, nil
		case KindVoid:
			return Result{}, fmt.Errorf("cannot wait for %s: %w", token, ErrVoided)
		case KindNone, KindLost:
			if !s.Alive {
				s.Started = events.InstallerStarted{Token: token, Supervisor: supervisor, Installer: installer}
				if s.Alive, s.Left, err = running(supervisor, installer); err != nil {
					return Result{}, fmt.Errorf("cannot wait for %s: %w", token, err)
				}
			}
		}
		if now := s.Waiting != ""; stalled != nil && s.Alive && s.Kind == KindStarted && (!told || now != waits) {
			if err := stalled(s.Waiting); err != nil {
				return Result{}, err
			}
			told, waits = true, now
		}
		over := !s.Alive
		if s.Alive {
			if over, err = f.await(ctx, s, &orphaned); err != nil {
				return Result{}, fmt.Errorf("cannot wait for %s: %w", token, err)
			}
		}
		if !over {
			continue
		}
		if s.Kind == KindLost {
			if err := f.keepBroken(token, boot); err != nil {
				return Result{}, err
			}
		}
		// The last word may have been written since the file was read.
		last, _, err := f.loadOrLost(token)
		if err != nil {
			return Result{}, err
		}
		if last.State == KindEnded {
			continue
		}
		return Result{Lost: true, Left: s.Left}, nil
	}
}

// await waits a while for a process of the attempt. It says over when only
// processes that the installer left behind have lived for the linger time.
func (f *folder) await(ctx context.Context, s State, orphaned *time.Time) (over bool, err error) {
	next := s.Started.Supervisor
	if len(s.Left) > 0 {
		next = s.Left[0].ProcessID
		leader := false
		for _, p := range s.Left {
			leader = leader || p.ProcessID == s.Started.Installer
		}
		switch {
		case leader:
			next, *orphaned = s.Started.Installer, time.Time{}
		case orphaned.IsZero():
			*orphaned = time.Now()
		case time.Since(*orphaned) >= s.linger:
			return true, nil
		}
	}
	waitGone(ctx, next, time.Second)
	return false, ctx.Err()
}
