// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/term"

	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/promptui/desktop"
)

// Values of --front.
const (
	frontAuto     = "auto"
	frontZenity   = "zenity"
	frontKDialog  = "kdialog"
	frontTerminal = "terminal"
)

func fronts() []string { return []string{frontAuto, frontZenity, frontKDialog, frontTerminal} }

// pick chooses the front. With auto that is a window where there is a display
// and a program that shows one, else the terminal, if this runs in one. An error
// says why nothing can be shown; then no agent may say hello: the service would
// believe that somebody can be asked.
func pick(ctx context.Context, kind string, s Streams, texts *i18n.Localizer) (Front, error) {
	if kind == frontTerminal {
		return inTerminal(s, texts), nil
	}
	front, err := onDesktop(ctx, kind, s, texts)
	if err == nil {
		return front, nil
	}
	if kind == frontAuto && term.IsTerminal(int(s.In.Fd())) && term.IsTerminal(int(s.Out.Fd())) {
		return inTerminal(s, texts), nil
	}
	return nil, err
}

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
		return newDesktop(texts, desktop.NewNotes(s.Getenv, texts.Text("desktop.app", nil)), names.Of, p), nil
	}
	return nil, errors.Join(errs...)
}

// inTerminal is the front that fits the streams.
func inTerminal(s Streams, texts *i18n.Localizer) Front {
	if runtime.GOOS == "windows" || s.Getenv("TERM") == "dumb" || !term.IsTerminal(int(s.In.Fd())) || !term.IsTerminal(int(s.Out.Fd())) {
		return NewLine(s.In, s.Out, texts)
	}
	return NewTerminal(s.In, s.Out, texts, s.Getenv("NO_COLOR") == "")
}
