// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package promptui

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/promptui/desktop"
)

// Values of --front that are windows.
const (
	frontZenity  = "zenity"
	frontKDialog = "kdialog"
)

func windowFronts() []string { return []string{frontZenity, frontKDialog} }

// help says what the agent does by itself.
const help = `Usage: quietsetup-prompt [--front auto|zenity|kdialog|terminal] [--socket PATH] [--lang en|de]

Shows the service's questions to the person in whose session it runs, and brings
the answers back. By itself it takes a window where there is a display and zenity
or else kdialog, and otherwise the terminal it runs in.

`

// noScreen is the sentence for a place where nothing can be shown.
const noScreen = "desktop.no_screen"

// onDesktop is a front of windows, by the programs that are there.
func onDesktop(ctx context.Context, kind string, s Streams, texts *i18n.Localizer) (*Desktop, error) {
	if _, there := desktop.Here(s.Getenv); !there {
		return nil, errors.New("there is no display")
	}
	var errs []error
	for _, c := range []struct {
		name string
		find func(context.Context, []string) (*desktop.Program, error)
	}{{frontZenity, desktop.Zenity}, {frontKDialog, desktop.KDialog}} {
		if kind != frontAuto && kind != c.name {
			continue
		}
		p, err := c.find(ctx, os.Environ())
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.name, err))
			continue
		}
		names := desktop.NewNames(s.Getenv, texts.Language())
		return newDesktop(texts, desktop.NewNotes(s.Getenv, texts.Text("desktop.app", nil)), names.Of, byProgram(p)), nil
	}
	return nil, errors.Join(errs...)
}

// byProgram shows dialogs by a program of the desktop.
func byProgram(p *desktop.Program) program {
	return program{p.Live, p.Hides, func(d desktop.Dialog) (dialog, error) {
		w, err := p.Open(d)
		if err != nil {
			return nil, err // not a dialog that is nil
		}
		return w, nil
	}}
}

// over waits until the session that the environment names is over; false if ctx
// ended first or there is none.
func over(ctx context.Context, getenv func(string) string) bool {
	place, there := desktop.Here(getenv)
	return there && place.Over(ctx)
}

// complaints is where the agent says why it ends.
func complaints(err *os.File) (*os.File, func()) { return err, func() {} }

// inSession is nothing: nobody needs a program in the session to close others.
func inSession(*Desktop) Session { return nil }
