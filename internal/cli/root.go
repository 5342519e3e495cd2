// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
	Version  string // of the build
	Terminal bool   // Out is one
	Program  string // this program's file, to look at a log.db in a child; "" = without one
}

// app is one call of the command line: its surroundings and the global flags.
type app struct {
	Outside
	json     bool
	file     string // "" = ask the daemon
	socket   string
	stateDir string
	lang     string
	utc      bool
	noColor  bool

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
	return exitCode(err)
}

// hintOf says what to do about an error, "" if nothing is known.
func hintOf(err error) string {
	var e *apitypes.Error
	switch {
	case errors.As(err, &e) && e.Hint != "":
		return i18n.Clean(e.Hint, 300)
	case errors.Is(err, localclient.ErrNotRunning):
		return "start it (systemctl start quietsetupd), or read a copied log with --file"
	case errors.Is(err, store.ErrInUse):
		return "stop the service first (systemctl stop quietsetupd), or take a copy: quietsetup store copy"
	case errors.Is(err, store.ErrUnclean):
		return "start the service and stop it again: it sees to what its last end left behind, and records that"
	case errors.Is(err, localclient.ErrSilent):
		return "see what it is doing (systemctl status quietsetupd, journalctl -u quietsetupd), or read a copied log with --file"
	case errors.Is(err, fs.ErrPermission) && exitCode(err) == exitPrivileges:
		return "run it as root"
	case exitCode(err) == exitUsage:
		return "see quietsetup help"
	}
	return ""
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
		PersistentPreRunE: func(*cobra.Command, []string) error {
			a.started = true
			return a.prepare()
		},
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	f := root.PersistentFlags()
	f.BoolVar(&a.json, "json", false, "print versioned JSON")
	f.StringVar(&a.file, "file", "", "read a copied log instead of asking the daemon: a state folder, a journal\nsegment or a folder of them, an export, a copy of log.db")
	f.StringVar(&a.socket, "socket", "", "socket of the daemon (default "+localclient.DefaultSocket+")")
	f.StringVar(&a.stateDir, "state-dir", "", "state folder the daemon was started with; its socket is in there")
	f.StringVar(&a.lang, "lang", "", "language of the texts, de or en (default: that of the environment)")
	f.BoolVar(&a.utc, "utc", false, "tell times in UTC")
	f.BoolVar(&a.noColor, "no-color", false, "no colours (NO_COLOR does the same)")
	root.AddCommand(a.demoCommand(), a.statusCommand(), a.showCommand(), a.eventsCommand(), a.whyCommand(),
		a.configCommand(), a.requestCommand(), a.holdCommand(), a.releaseCommand(), a.processesCommand(), a.replayCommand(),
		a.sequenceCommand(), a.storeCommand(), a.doctorCommand(),
		a.versionCommand(), exitCodesTopic())
	for _, o := range orders() {
		root.AddCommand(a.orderCommand(o))
	}
	return root
}

// prepare chooses the language once the flags are read.
func (a *app) prepare() error {
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
	if a.Getenv("NO_COLOR") != "" || !a.Terminal {
		a.noColor = true
	}
	return nil
}

// socketPath is where the daemon is asked.
func (a *app) socketPath() (string, error) {
	path := a.socket
	if path == "" && a.stateDir != "" && runtime.GOOS != "windows" {
		path = filepath.Join(a.stateDir, "api.sock")
	}
	if path == "" || runtime.GOOS == "windows" {
		return cmp.Or(path, localclient.DefaultSocket), nil // a pipe's name is no path
	}
	return filepath.Abs(path)
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

// document prints one JSON document.
func (a *app) document(v any) error {
	enc := json.NewEncoder(a.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

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
