// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// Exit codes that zenity is told to use.
const (
	zenityOK  = 10
	zenityEsc = 12
)

// dialogWidth is the least width of a dialog, in pixels: a title of a usual length
// has room in its bar. Three buttons can make it wider.
const dialogWidth = 700

// Zenity finds zenity in PATH and asks it once for its version.
func Zenity(ctx context.Context, environ []string) (*Program, error) {
	path, err := exec.LookPath("zenity")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	environ, v, err := speaking(ctx, path, environ)
	if err != nil {
		return nil, err
	}
	major := major(v)
	environ = append(environ, "ZENITY_OK="+strconv.Itoa(zenityOK), "ZENITY_ESC="+strconv.Itoa(zenityEsc))
	return &Program{
		Name: "zenity", Live: true, path: path, environ: environ,
		args:    func(d Dialog) []string { return zenityArgs(d, major) },
		pressed: zenityPressed,
		line: func(percent int, text string) string {
			return strconv.Itoa(percent) + "\n#" + zenityText(text, major) + "\n"
		},
	}, nil
}

// speaking asks for the version under the first locale in which zenity takes
// texts beyond ASCII: the person's, or else one that most systems have. A dash in
// a title is enough to make it refuse all its arguments under "C", or under a
// locale that is not installed.
func speaking(ctx context.Context, path string, environ []string) (env []string, v string, err error) {
	for _, locale := range []string{"", "LC_ALL=C.UTF-8", "LC_ALL=en_US.UTF-8"} {
		env = environ[:len(environ):len(environ)]
		if locale != "" {
			env = append(env, locale) // the last one counts
		}
		if v, err = version(ctx, path, env, "--title=ä – “"); err == nil {
			return env, v, nil
		}
	}
	return nil, "", err
}

// major is the first number of a version; 4, the newest known, if there is none.
func major(version string) int {
	first, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(first); err == nil && n > 0 {
		return n
	}
	return 4
}

func zenityArgs(d Dialog, major int) []string {
	// "--title=T" in one word: a title that begins with a dash stays one.
	args := []string{"--progress", "--no-cancel", "--title=" + d.Title, "--width=" + strconv.Itoa(dialogWidth), "--ok-label=" + label(d.OK)}
	// Always as markup: what it shows is replaced at once by what is written.
	args = append(args, "--text="+zenityText(d.Text, 4))
	for _, o := range d.Others {
		args = append(args, "--extra-button="+label(o))
	}
	if d.Icon != "" && major == 3 {
		args = append(args, "--window-icon="+d.Icon)
	}
	return args
}

// label is a button's text in which nothing is underlined for a key.
func label(s string) string { return strings.ReplaceAll(s, "_", " ") }

func zenityPressed(d Dialog, code int, out string) Button {
	if out = strings.TrimSuffix(out, "\n"); out != "" { // an extra button, whatever the code
		for _, o := range d.Others {
			if out == label(o) {
				return d.other(o)
			}
		}
		return Lost
	}
	switch code {
	case zenityOK:
		return OK
	case zenityEsc:
		return Closed
	}
	return Lost
}

var pango = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// zenityText is a text as zenity reads it from its input, in one line.
func zenityText(text string, major int) string {
	if major >= 4 {
		text = pango.Replace(text)
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), "\n", `\n`)
}
