// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/effects"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/source/opsi/depotfiles"
	"github.com/quietsetup/quietsetup/internal/source/packages"
)

// fakeFiles are files of a depot that are asked for and never come.
type fakeFiles struct {
	files
	asked int
	look  error
}

func (f *fakeFiles) Metadata(context.Context, string) error       { f.asked++; return errors.New("no depot") }
func (f *fakeFiles) Look(context.Context, string, []string) error { f.asked++; return f.look }

// TestGlanceIsAside: who only wants to know touches no tree that an installer may be
// run from. It is looked at while others work, so no look at them would help.
func TestGlanceIsAside(t *testing.T) {
	own, aside := &fakeFiles{}, &fakeFiles{}
	s := &server{files: own, aside: aside, packages: packages.Reader{Policy: func(metadata.Package) (events.Policy, []string) { return events.Policy{}, nil }}}
	if _, _, _, err := s.glance(t.Context(), events.Request{Row: events.Report{ProductID: "p"}}); err == nil || own.asked != 0 || aside.asked != 1 {
		t.Errorf("%v, %d and %d times", err, own.asked, aside.asked)
	}
}

// TestAsBrought: a command is not started from files that were changed since they were
// brought; that they cannot be looked at is only waited for.
func TestAsBrought(t *testing.T) {
	w := fsm.RunInstaller{Token: "t", Action: events.ActionSetup, Package: events.Package{Product: "p", Command: []string{"./setup.sh"}}}
	for _, c := range []struct {
		err    error
		notNow bool
	}{{depotfiles.ErrChanged, true}, {depotfiles.ErrNotHere, true}, {context.DeadlineExceeded, false}} {
		s := scripts{files: &fakeFiles{look: c.err}}
		if _, err := s.Start(t.Context(), w); !errors.Is(err, c.err) || errors.Is(err, effects.ErrNotNow) != c.notNow {
			t.Errorf("%v: %v", c.err, err)
		}
	}
}
