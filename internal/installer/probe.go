// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// ErrTaken is returned when an attempt has a file already, so that it cannot be
// voided or started.
var ErrTaken = errors.New("the attempt has a file already")

// Verdict is what a probe found out about an attempt.
type Verdict string

// The verdicts.
const (
	NeverStarted Verdict = "never_started" // certain, and certain for ever
	Running      Verdict = "running"
	Over         Verdict = "over"    // it left an outcome
	Unknown      Verdict = "unknown" // it may have run, in part or whole
)

// Probed is the answer of Probe.
type Probed struct {
	Verdict Verdict
	Started events.InstallerStarted // Running and Over; the installer's id is zero if it could not be started
	Ended   events.InstallerEnded   // Over only
	// Restarted: the machine was restarted since the installer began. Unknown only.
	Restarted bool
}

// Void makes sure that an attempt without a file never runs: it creates the
// file. It returns ErrTaken if there is one.
func Void(stateDir, token string) error {
	if err := checkToken(token); err != nil {
		return err
	}
	boot, err := bootID()
	if err != nil {
		return err
	}
	f, err := openFolder(stateDir, true)
	if err != nil {
		return err
	}
	defer f.close()
	return f.void(token, boot)
}

func (f *folder) void(token, boot string) error {
	err := f.create(outcome{Token: token, State: KindVoid, Boot: boot, At: now(), Exit: -1})
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot void %s: %w", token, ErrTaken)
	}
	return err
}

// Probe finds out what became of an attempt. It never runs it. It waits while a
// living supervisor has claimed the attempt and not yet released the installer,
// which takes milliseconds.
//
// NeverStarted is said in three cases, and each is certain:
//
//  1. There was no file, and Probe created it as void. A supervisor that was
//     forked but is late fails to create it and ends. A supervisor that is to
//     come fails as well. Creation is exclusive and durable before Probe returns.
//  2. The file was void already: the same, said again.
//  3. The file says claimed and its supervisor is dead (pid and start time, or
//     another boot). The installer's process goes on only after "started" has
//     replaced "claimed", durable: by a byte that the supervisor writes after
//     that, or, at the end of the pipe of a supervisor that died in between, by
//     finding itself in the file and syncing it. Nobody else ever replaces a
//     claim, so as long as the file of a dead supervisor says claimed, the
//     blocked process ends. A started file cannot fall back to claimed by a loss
//     of power, because it went on after the sync.
//
// Unknown is said when the file says started (or cannot be read) and nothing of
// the attempt runs.
func Probe(ctx context.Context, stateDir, token string) (Probed, error) {
	if err := checkToken(token); err != nil {
		return Probed{}, err
	}
	boot, err := bootID()
	if err != nil {
		return Probed{}, err
	}
	f, err := openFolder(stateDir, true)
	if err != nil {
		return Probed{}, err
	}
	defer f.close()
	for {
		s, err := f.inspect(token)
		if err != nil {
			return Probed{}, err
		}
		if s.Kind == KindNone {
			err := f.void(token, boot)
			if errors.Is(err, ErrTaken) {
				continue // it lost the race: the file tells more now
			}
			if err != nil {
				return Probed{}, err
			}
			return Probed{Verdict: NeverStarted}, nil
		}
		if s.Kind == KindClaimed && s.Alive {
			waitGone(ctx, s.Started.Supervisor, 20*time.Millisecond)
			if ctx.Err() != nil {
				return Probed{}, fmt.Errorf("attempt %s is about to start: %w", token, ctx.Err())
			}
			continue
		}
		return f.judge(s, token, boot)
	}
}

// judge turns a settled state into a verdict.
func (f *folder) judge(s State, token, boot string) (Probed, error) {
	switch s.Kind {
	case KindVoid, KindClaimed:
		return Probed{Verdict: NeverStarted}, nil
	case KindEnded:
		return Probed{Verdict: Over, Started: s.Started, Ended: s.Ended}, nil
	}
	if s.Alive {
		return Probed{Verdict: Running, Started: s.Started}, nil
	}
	if s.Kind == KindLost {
		return Probed{Verdict: Unknown}, f.keepBroken(token, boot)
	}
	return Probed{Verdict: Unknown, Started: s.Started, Restarted: s.Restarted}, nil
}

// keepBroken quarantines the file if it is still the broken one.
func (f *folder) keepBroken(token, boot string) error {
	if _, broken, err := f.loadOrLost(token); err != nil || !broken {
		return err
	}
	return f.quarantine(token, boot)
}
