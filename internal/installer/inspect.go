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

// State is what an attempt's file and its processes show.
type State struct {
	Kind Kind
	// Alive: the supervisor, the installer or a process of its session runs. Only
	// with KindClaimed, KindStarted and KindLost.
	Alive   bool
	Started events.InstallerStarted // from KindClaimed on; without an installer until KindStarted
	Ended   events.InstallerEnded   // KindEnded only
	Left    []Leftover              // KindEnded: what lived on; KindStarted: what lives of the session
	// Waiting is what a running installer seems to wait for: input in a window that
	// nobody sees. "" = it works, as far as can be told.
	Waiting string
	// Restarted: the machine was restarted since the file was written. Only with
	// KindClaimed, KindStarted and KindEnded.
	Restarted bool
	linger    time.Duration
}

// Inspect shows how far an attempt came. It changes nothing. A file that cannot
// be understood is KindLost. An error means that the state is not known.
func Inspect(stateDir, token string) (State, error) {
	if err := checkToken(token); err != nil {
		return State{}, err
	}
	f, err := openFolder(stateDir, false)
	if errors.Is(err, fs.ErrNotExist) {
		return State{Kind: KindNone}, nil
	}
	if err != nil {
		return State{}, err
	}
	defer f.close()
	return f.inspect(token)
}

// Alive reports whether anything of the attempt runs: its supervisor, its
// installer or a process of the installer's session.
func Alive(stateDir, token string) (bool, error) {
	s, err := Inspect(stateDir, token)
	return s.Alive, err
}

// inspect reads the file, looks at the processes, and reads the file again if
// they are gone: a supervisor may have written its last word between the two.
func (f *folder) inspect(token string) (State, error) {
	return f.inspectWith(token, outcome.look)
}

func (f *folder) inspectWith(token string, look func(outcome, string) (State, error)) (State, error) {
	for {
		o, broken, err := f.loadOrLost(token)
		if err != nil {
			return State{}, err
		}
		s, err := look(o, token)
		if err != nil {
			return State{}, fmt.Errorf("cannot tell whether attempt %s runs: %w", token, err)
		}
		if s.Alive && s.Kind == KindStarted {
			s.Waiting = f.waiting(token)
		}
		if s.Alive || s.Kind != KindClaimed && s.Kind != KindStarted && !broken {
			return s, nil
		}
		again, _, err := f.loadOrLost(token)
		if err != nil {
			return State{}, err
		}
		if again.State == o.State && again.Sum == o.Sum {
			return s, nil
		}
	}
}

// loadOrLost reads the file; a broken one reads as lost.
func (f *folder) loadOrLost(token string) (o outcome, broken bool, err error) {
	o, err = f.load(token)
	if errors.Is(err, errBroken) {
		return outcome{State: KindLost}, true, nil
	}
	return o, false, err
}

// look adds to a file's state what its processes show. Pids of another boot are
// those of dead processes.
func (o outcome) look(token string) (State, error) {
	s := State{Kind: o.State, Left: o.Left, linger: o.linger()}
	switch o.State {
	case KindLost:
		// The file tells nothing; a living supervisor will write it anew.
		id, err := supervisorOf(token)
		s.Alive = !id.IsZero()
		s.Started = events.InstallerStarted{Token: token, Supervisor: id}
		return s, err
	case KindClaimed, KindStarted, KindEnded:
		s.Started = o.begun()
	default:
		return s, nil
	}
	boot, err := bootID()
	if err != nil {
		return s, err
	}
	s.Restarted = boot != o.Boot
	switch {
	case o.State == KindEnded:
		s.Ended = o.input()
		s.Ended.Restarted = s.Restarted
		return s, nil
	case s.Restarted:
		return s, nil
	}
	s.Alive, s.Left, err = running(o.Supervisor, o.Installer)
	return s, err
}

// running reports whether the supervisor or anything of the installer's session
// lives. The members of the session are listed only when the supervisor is gone.
func running(supervisor, installer events.ProcessID) (bool, []Leftover, error) {
	if lives, err := alive(supervisor); err != nil || lives {
		return lives, nil, err
	}
	members, err := group(installer)
	return len(members) > 0, members, err
}

// pause waits, but not longer than ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// now is the time for people in the file.
func now() time.Time { return time.Now().UTC() }
