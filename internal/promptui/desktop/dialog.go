// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Button is how a dialog ended.
type Button int

const (
	Lost   Button = iota // not by the person: it crashed, was killed, lost its display
	Closed               // by Esc or the window's own button
	Hidden               // by the button that hides it for a moment
	OK                   // by that button
	First                // by the first of Others
	Second               // by the second
)

// Dialog is a question as a program of the desktop can show it. Its texts hold
// no control characters but the line ends of Text.
type Dialog struct {
	Title string
	Text  string
	// OK has the focus: Enter and the blank press it.
	OK string
	// Others are the labels of at most two more buttons, all different.
	Others []string
	// Hide is the label of the button that hides the window, for a program
	// whose Esc needs one.
	Hide string
	Icon string // absolute path of an image; "" = none

	// Keys are the letters that press the buttons together with Alt, that of OK
	// first; "" = none. For programs that have such keys.
	Keys []string
	// Details gives what can be unfolded below the text, by a control that is
	// labelled More; nil = nothing. For programs that can unfold.
	Details func() string
	More    string
	// Wanted: the person has just used the dialog before this one, so it may take
	// the keyboard. Without it a program that can do so leaves it where it is.
	Wanted bool
}

// Errors of Find and Open.
var (
	// ErrNone: there is no such program, or it cannot be started.
	ErrNone = errors.New("the program is not there")
	// ErrNoDisplay: the program does not come to the display.
	ErrNoDisplay = errors.New("the program does not reach the display")
)

// Program is a program that shows dialogs.
type Program struct {
	Name string // zenity, kdialog
	// Live: the text of an open dialog can change.
	Live bool
	// Hides: it needs a button that hides the dialog.
	Hides bool

	path    string
	environ []string // of the program
	args    func(d Dialog) []string
	pressed func(d Dialog, code int, out string) Button
	line    func(percent int, text string) string // what is written for a text
}

// versionFor is how long a program may take to tell its version. It has to come
// to the display for it.
const versionFor = 10 * time.Second

// version asks a program for its version, with arguments that it has to take.
func version(ctx context.Context, path string, environ []string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionFor)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append(args, "--version")...)
	cmd.Env = environ
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return strings.TrimSpace(string(out)), nil
	case errors.As(err, &exit) || ctx.Err() != nil:
		return "", fmt.Errorf("%w: %s: %w", ErrNoDisplay, path, err)
	}
	return "", fmt.Errorf("%w: %w", ErrNone, err)
}

// other finds which of the other buttons has the label.
func (d Dialog) other(label string) Button {
	for i, o := range d.Others {
		if o == label && i < 2 {
			return First + Button(i)
		}
	}
	return Lost
}
