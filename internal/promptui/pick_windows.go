// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"fmt"

	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/promptui/desktop"
)

// Values of --front that are windows.
const (
	frontTaskDialog = "taskdialog"
	frontMessageBox = "messagebox"
)

func windowFronts() []string { return []string{frontTaskDialog, frontMessageBox} }

// help says what the agent does by itself.
const help = `Usage: quietsetup-prompt [--front auto|taskdialog|messagebox|terminal] [--socket PIPE] [--lang en|de]

Shows the service's questions to the person in whose session it runs, and brings
the answers back. By itself it shows task dialogs, or plain boxes where there are
none.

`

// noScreen is the sentence for a place where nothing can be shown.
const noScreen = "desktop.no_windows_here"

// onDesktop is a front of windows. There is always a desktop to show them on;
// whether anybody sees it, the dialog finds out.
func onDesktop(_ context.Context, kind string, _ Streams, texts *i18n.Localizer) (*Desktop, error) {
	var errs []error
	if kind == frontAuto || kind == frontTaskDialog {
		p, err := desktop.NewTaskDialogs()
		if err == nil {
			return newDesktop(texts, silent{}, unnamed, program{live: true, open: func(d desktop.Dialog) (dialog, error) { return p.Open(d) }}), nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", frontTaskDialog, err))
	}
	if kind == frontAuto || kind == frontMessageBox {
		p, err := desktop.NewMessageBoxes(texts.Text("desktop.yes", nil), texts.Text("desktop.no", nil), texts.Text("desktop.cancel", nil))
		if err == nil {
			return newDesktop(texts, silent{}, unnamed, program{hides: true, open: func(d desktop.Dialog) (dialog, error) { return p.Open(d) }}), nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", frontMessageBox, err))
	}
	return nil, errors.Join(errs...)
}

// unnamed knows no other name of a program than that of its file.
func unnamed(string) string { return "" }

// silent shows no notifications: those of the system are for programs that were
// installed with a shortcut, and nothing that must be read is said by them.
type silent struct{}

// Show shows nothing.
func (silent) Show(context.Context, desktop.Note) (uint32, error) { return 0, errors.ErrUnsupported }

// Hide has nothing to take away.
func (silent) Hide(context.Context, uint32) {}

// over waits for ctx: the system ends the agent with its session.
func over(ctx context.Context, _ func(string) string) bool {
	<-ctx.Done()
	return false
}
