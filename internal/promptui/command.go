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
	"slices"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

// Exit codes of the agent, the same as those of the command line.
const (
	exitDone       = 0
	exitFailed     = 1
	exitUsage      = 2
	exitNotTrusted = 9
	exitNoScreen   = 11 // of the agent alone
)

const helpCodes = `
Exit codes:

   0  ended by the person or with the session, or another agent took over
   1  failed
   2  wrong usage
   9  the service is not trusted
  11  nothing can be shown here
`

// Streams are the standard streams and the environment of a program.
type Streams struct {
	In       *os.File
	Out, Err *os.File
	Getenv   func(string) string
}

// Main is the agent as a program: it reads the arguments (without the program's
// name), runs until ctx ends or the person ends it, and returns the exit code.
func Main(ctx context.Context, args []string, s Streams) int {
	if len(args) == 1 && args[0] == wordsCommand {
		return putIntoWords(s)
	}
	said, done := complaints(s.Err)
	defer done()
	s.Err = said
	flags := flag.NewFlagSet("quietsetup-prompt", flag.ContinueOnError)
	flags.SetOutput(s.Err)
	flags.Usage = func() {
		fmt.Fprint(s.Err, help)
		flags.PrintDefaults()
		fmt.Fprint(s.Err, helpCodes)
	}
	kind := flags.String("front", frontAuto, "`how` questions are shown: "+strings.Join(fronts(), ", "))
	terminal := flags.Bool("terminal", false, "the same as --front terminal")
	socket := flags.String("socket", localclient.DefaultSocket, "the service's `path`")
	lang := flags.String("lang", "", "`language` of the questions: en or de (by itself that of the environment)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitDone
		}
		return exitUsage
	}
	if *terminal {
		*kind = frontTerminal
	}
	if flags.NArg() > 0 || !slices.Contains(fronts(), *kind) {
		fmt.Fprintf(s.Err, "quietsetup-prompt: --front is one of %s, and there are no arguments; see --help\n", strings.Join(fronts(), ", "))
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
	front, err := pick(ctx, *kind, s, texts)
	if err != nil {
		fmt.Fprintf(s.Err, "quietsetup-prompt: %s (%s)\n", texts.Text(noScreen, nil), i18n.Clean(err.Error(), 300))
		return exitNoScreen
	}
	config := Config{Daemon: client, Front: front, Texts: texts, Languages: languages, Socket: path}
	if d, ok := front.(*Desktop); ok {
		defer d.Close()
		if config.Session = inSession(d); config.Session != nil {
			config.Reports = client
		}
		var end context.CancelFunc
		ctx, end = context.WithCancel(ctx)
		defer end()
		go func() {
			if over(ctx, s.Getenv) {
				end()
			}
		}()
	}
	front.Report(texts.Text("agent.keep_open", nil))
	err = Run(ctx, config)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, ErrReplaced):
		front.Report(texts.Text("agent.replaced", nil))
		return exitDone
	case errors.Is(err, localclient.ErrNotTrusted):
		fmt.Fprintln(s.Err, texts.Text("agent.not_trusted", i18n.Data{"Socket": path, "Error": i18n.Clean(err.Error(), 300)}))
		return exitNotTrusted
	case errors.Is(err, ErrNoScreen):
		fmt.Fprintf(s.Err, "quietsetup-prompt: %s (%s)\n", texts.Text(noScreen, nil), i18n.Clean(err.Error(), 300))
		return exitNoScreen
	}
	fmt.Fprintln(s.Err, texts.Text("agent.failed", i18n.Data{"Error": i18n.Clean(err.Error(), 300)}))
	return exitFailed
}

// putIntoWords is the program as the service's dictionary.
func putIntoWords(s Streams) int {
	texts, err := i18n.New(i18n.Wanted("", s.Getenv)...)
	if err == nil {
		err = words(s.In, s.Out, texts, time.Now())
	}
	if err != nil {
		fmt.Fprintln(s.Err, "quietsetup-prompt:", err)
		return exitFailed
	}
	return exitDone
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
