// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/actionprocessor"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/store"
)

// Outside is what a command line has around it.
type Outside struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	Version  string               // of the build
	Terminal bool                 // Out is one
	Program  string               // this program's file, to look at a log.db in a child; "" = without one
	Width    int                  // of that terminal, in columns; 0 = not known
	Take     actionprocessor.Take // the lock of who installs past the service; nil = without one
	Restart  func() error         // leaves the wish for a restart with opsi's agent
}

// app is one call of the command line: its surroundings and the global flags.
type app struct {
	Outside
	json     bool // JSON of some form goes out
	layout   layout
	rows     io.Writer // where rows go, also when Out is standard error
	headed   []string  // columns that CSV has a header of
	file     string    // "" = ask the daemon
	socket   string
	stateDir string
	lang     string
	utc      bool
	noColor  bool
	windows  bool // exit codes as installers on Windows have them

	words   *words.Words
	started bool // a command runs: an error from here on is not one of usage
}

// Run carries out one command line and returns the exit code.
func Run(ctx context.Context, o Outside, args []string) int {
	out := &output{to: o.Out}
	o.Out = out
	a := &app{Outside: o}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var own *coded
	if err != nil && !a.started && !errors.As(err, &own) {
		err = usage(err)
	}
	err = out.fault(err)
	if err != nil && !(errors.As(err, &own) && own.quiet) {
		fmt.Fprintln(o.Err, "quietsetup: "+i18n.Clean(err.Error(), 2000))
		if hint := hintOf(err); hint != "" {
			fmt.Fprintln(o.Err, "  "+hint)
		}
	}
	if a.windows && runtime.GOOS == "windows" {
		return windowsCode(exitCode(err))
	}
	return exitCode(err)
}

// Commands are all commands with their flags and help texts, for the manual
// pages. They are to be read, not to be run.
func Commands() *cobra.Command { return (&app{}).root() }

// hintOf says what to do about an error, "" if nothing is known.
func hintOf(err error) string {
	var e *apitypes.Error
	switch {
	case errors.As(err, &e) && e.Hint != "":
		return i18n.Clean(e.Hint, 300)
	case errors.Is(err, localclient.ErrNotRunning):
		return "start it (" + bySystem("systemctl start quietsetupd", "quietsetupd service start") + "), or read a copied log with --file"
	case errors.Is(err, store.ErrInUse):
		return "stop the service first (" + bySystem("systemctl stop quietsetupd", "quietsetupd service stop") + "), or take a copy: quietsetup store copy"
	case errors.Is(err, store.ErrUnclean):
		return "start the service and stop it again: it sees to what its last end left behind, and records that"
	case errors.Is(err, localclient.ErrSilent):
		return "see what it is doing (" + bySystem("systemctl status quietsetupd, journalctl -u quietsetupd", "service.log in its state folder, and the event log") +
			"), or read a copied log with --file"
	case errors.Is(err, fs.ErrPermission) && exitCode(err) == exitPrivileges:
		return bySystem("run it as root", "run it as an administrator")
	case exitCode(err) == exitServer:
		return "see what is wrong with the way there: quietsetup server check"
	case exitCode(err) == exitUsage:
		return "see quietsetup help"
	}
	return ""
}

// bySystem chooses what is said on Windows, and what elsewhere.
func bySystem(unix, windows string) string {
	if runtime.GOOS == "windows" {
		return windows
	}
	return unix
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "quietsetup",
		Short: "Installs software while people work: inspect, explain, replay",
		Long: `quietsetup shows what the daemon quietsetupd does on this machine and why,
gives it orders, and reads copied logs offline.

A product's id may be shortened as far as it stays unique.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			a.started = true
			return a.prepare(cmd)
		},
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	f := root.PersistentFlags()
	f.StringVar(&a.file, "file", "", "read a copied log instead of asking the daemon: a state folder, a journal\nsegment or a folder of them, an export, a copy of log.db")
	f.StringVar(&a.socket, "socket", "", "socket of the daemon (default "+localclient.DefaultSocket+")")
	f.StringVar(&a.stateDir, "state-dir", "", "state folder the daemon was started with; its socket is in there")
	f.StringVar(&a.lang, "lang", "", "language of the texts, de or en (default: that of the environment)")
	f.BoolVar(&a.utc, "utc", false, "tell times in UTC")
	f.BoolVar(&a.windows, "windows-exit-codes", false, "exit codes as installers on Windows have them: 1602, 3010, 1618")
	a.formatFlags(root)
	root.AddCommand(a.demoCommand(), a.statusCommand(), a.showCommand(), a.eventsCommand(), a.whyCommand(),
		a.runsCommand(), a.watchCommand(), a.diagramCommand(),
		a.requestCommand(), a.syncCommand(), a.holdCommand(), a.releaseCommand(), a.processesCommand(), a.replayCommand(),
		a.configCommand(), a.metaCommand(), a.sequenceCommand(), a.storeCommand(), a.doctorCommand(), a.serverCommand(),
		a.actionProcessorCommand(),
		a.versionCommand(), exitCodesTopic())
	for _, o := range orders() {
		root.AddCommand(a.orderCommand(o))
	}
	completion(root)
	return root
}

// completion is cobra's command, except that a shell it does not know is wrong usage.
func completion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args = cobra.ArbitraryArgs
			c.RunE = func(cmd *cobra.Command, args []string) error {
				if len(args) > 0 {
					return usage(fmt.Errorf("no completion for the shell %q: there is one for bash, zsh, fish and powershell", args[0]))
				}
				return cmd.Help()
			}
		}
	}
}

// prepare chooses language and form of the output once the flags are read.
func (a *app) prepare(cmd *cobra.Command) error {
	if a.lang != "" && a.lang != "de" && a.lang != "en" {
		return usage(fmt.Errorf("no texts in %q: --lang is de or en", a.lang))
	}
	zone := time.Local
	if a.utc {
		zone = time.UTC
	}
	w, err := words.New(zone, i18n.Wanted(a.lang, a.Getenv)...)
	if err != nil {
		return err
	}
	a.words = w
	if a.Getenv("NO_COLOR") != "" || !a.screen() {
		a.noColor = true
	}
	if a.windows && runtime.GOOS != "windows" {
		return usage(errors.New("--windows-exit-codes works on Windows only: elsewhere an exit code is at most 255"))
	}
	return a.chooseFormat(cmd)
}

// screen reports whether the output is a terminal that can be drawn on.
func (a *app) screen() bool { return a.Terminal && a.Getenv("TERM") != "dumb" }

// socketPath is where the daemon is asked.
func (a *app) socketPath() (string, error) {
	switch {
	case a.socket == "" && a.stateDir == "":
		return localclient.DefaultSocket, nil
	case a.socket == "":
		dir, err := filepath.Abs(a.stateDir)
		return localclient.SocketIn(dir), err
	case runtime.GOOS == "windows":
		return a.socket, nil // a pipe's name is no path
	}
	return filepath.Abs(a.socket)
}

// daemon is the client for orders, which no copy can take.
func (a *app) daemon() (*localclient.Client, error) {
	if a.file != "" {
		return nil, usage(errors.New("--file reads a copy; this needs the running daemon"))
	}
	path, err := a.socketPath()
	if err != nil {
		return nil, fmt.Errorf("cannot find the socket: %w", err)
	}
	return localclient.New(path), nil
}

// say prints a line of human output.
func (a *app) say(key string, d i18n.Data) { fmt.Fprintln(a.Out, a.words.Text(key, d)) }

// exact refuses arguments that a command does not take.
func exact(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(fmt.Errorf("%s takes %d argument(s), not %d: quietsetup %s", cmd.Name(), n, len(args), cmd.Use))
		}
		return nil
	}
}

// atMost is exact with arguments that may be left out.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return usage(fmt.Errorf("%s takes at most %d argument(s), not %d: quietsetup %s", cmd.Name(), n, len(args), cmd.Use))
		}
		return nil
	}
}

// long is the help of a command with what its exit codes mean beyond 0, 1 and 2.
func long(text string, codes ...string) string {
	text = strings.TrimSpace(text) + "\n\nExit codes: 0 done, 1 failed, 2 wrong usage"
	for _, c := range codes {
		text += ", " + c
	}
	return text + ".\nAll of them: quietsetup help exit-codes"
}
