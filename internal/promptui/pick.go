// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"runtime"

	"golang.org/x/term"

	"github.com/quietsetup/quietsetup/internal/i18n"
)

// Values of --front that every system has. Between them come those of windows.
const (
	frontAuto     = "auto"
	frontTerminal = "terminal"
)

func fronts() []string { return append(append([]string{frontAuto}, windowFronts()...), frontTerminal) }

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

// inTerminal is the front that fits the streams.
func inTerminal(s Streams, texts *i18n.Localizer) Front {
	if runtime.GOOS == "windows" || s.Getenv("TERM") == "dumb" || !term.IsTerminal(int(s.In.Fd())) || !term.IsTerminal(int(s.Out.Fd())) {
		return NewLine(s.In, s.Out, texts)
	}
	return NewTerminal(s.In, s.Out, texts, s.Getenv("NO_COLOR") == "")
}
