// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/term"

	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

// Exit codes of the agent, the same as those of the command line.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitNotTrusted = 9
)

// Streams are the standard streams and the environment of a program.
type Streams struct {
	In       *os.File
	Out, Err *os.File
	Getenv   func(string) string
}

// Main is the agent as a program: it reads the arguments (without the program's
// name), runs until ctx ends or the person ends it, and returns the exit code.
func Main(ctx context.Context, args []string, s Streams) int {
	flags := flag.NewFlagSet("quietsetup-prompt", flag.ContinueOnError)
	flags.SetOutput(s.Err)
	terminal := flags.Bool("terminal", false, "show the questions in this terminal")
	socket := flags.String("socket", localclient.DefaultSocket, "the service's `path`")
	lang := flags.String("lang", "", "`language` of the questions: en or de (by itself that of the environment)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitDone
		}
		return exitUsage
	}
	if flags.NArg() > 0 || !*terminal {
		fmt.Fprintln(s.Err, "quietsetup-prompt: this build shows questions in a terminal only: quietsetup-prompt --terminal [--socket PATH] [--lang en|de]")
		return exitUsage
	}
	path, err := socketPath(*socket)
	if err != nil {
		fmt.Fprintln(s.Err, "quietsetup-prompt:", err)
		return exitUsage
	}
	languages := i18n.Wanted(*lang, s.Getenv)
	texts, err := i18n.New(languages...)
	if err != nil {
		fmt.Fprintln(s.Err, "quietsetup-prompt:", err)
		return exitFailed
	}
	client := localclient.New(path)
	defer client.Close()
	front := pick(s, texts)
	front.Say(texts.Text("agent.keep_open", nil))
	err = Run(ctx, Config{
		Daemon: client, Front: front, Texts: texts, Languages: languages, Socket: path,
	})
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, ErrReplaced):
		front.Say(texts.Text("agent.replaced", nil))
		return exitDone
	case errors.Is(err, localclient.ErrNotTrusted):
		fmt.Fprintln(s.Err, texts.Text("agent.not_trusted", i18n.Data{"Socket": path, "Error": i18n.Clean(err.Error(), 300)}))
		return exitNotTrusted
	}
	fmt.Fprintln(s.Err, texts.Text("agent.failed", i18n.Data{"Error": i18n.Clean(err.Error(), 300)}))
	return exitFailed
}

// socketPath is the absolute path of what was named on the command line. A
// pipe's name, on Windows, is no path.
func socketPath(named string) (string, error) {
	if named == "" {
		return "", errors.New("--socket is empty: it is the path of the service's socket")
	}
	if runtime.GOOS == "windows" {
		return named, nil
	}
	path, err := filepath.Abs(named)
	if err != nil {
		return "", fmt.Errorf("--socket %s cannot be made an absolute path: %w", named, err)
	}
	return path, nil
}

// pick chooses the front that fits the streams.
func pick(s Streams, texts *i18n.Localizer) Front {
	if runtime.GOOS == "windows" || s.Getenv("TERM") == "dumb" || !term.IsTerminal(int(s.In.Fd())) || !term.IsTerminal(int(s.Out.Fd())) {
		return NewLine(s.In, s.Out, texts)
	}
	return NewTerminal(s.In, s.Out, texts, s.Getenv("NO_COLOR") == "")
}
