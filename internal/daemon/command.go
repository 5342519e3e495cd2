// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/engine"
	"github.com/quietsetup/quietsetup/internal/installer"
	"github.com/quietsetup/quietsetup/internal/localsock"
	"github.com/quietsetup/quietsetup/store"
)

// The exit codes, those of the command line's that a daemon can have.
const (
	exitOK         = 0
	exitFailed     = 1
	exitUsage      = 2
	exitInvalid    = 7
	exitDamaged    = 8
	exitPrivileges = 9
	exitInUse      = 10
	exitDeferred   = 75
)

// EntryProbe is the hidden command that looks at a store's file.
const EntryProbe = "probe-store"

const usage = `quietsetupd installs software while people work at the machine.

  quietsetupd run [--config FILE] [--state-dir DIR] [--once]
  quietsetupd version

run: works until it is asked to stop.
  --config FILE    config file (default ` + "%s" + `)
  --state-dir DIR  state folder, with the socket inside it (default %s)
  --once           work until nothing is left but to wait, then end
%s
Exit codes: 0 done, 1 failed, 2 wrong usage, 7 configuration not valid, 8 store
damaged or newer than this build, 9 needs privileges, 10 store in use, 75
something is deferred (with --once).
`

// help is how the command line is used on this system.
func help() string {
	return fmt.Sprintf(usage, config.DefaultPath(), defaultState(), serviceUsage)
}

// Hidden carries out the commands that the daemon starts itself by: the
// supervisor of an attempt and the probe of a store. A program that runs the
// daemon's code asks it before anything else; done is false for other commands.
func Hidden(args []string) (code int, done bool) {
	switch {
	case len(args) > 0 && args[0] == installer.Entry:
		return installer.Supervise(args[1:]), true
	case len(args) == 2 && args[0] == EntryProbe:
		if err := store.ProbeFile(args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return exitDamaged, true
		}
		return exitOK, true
	}
	return 0, false
}

// Command is the daemon's command line without the program's name.
func Command(ctx context.Context, version string, args []string, stdout, stderr io.Writer) int {
	if code, done := Hidden(args); done {
		return code
	}
	if len(args) == 0 {
		fmt.Fprint(stderr, help())
		return exitUsage
	}
	switch args[0] {
	case "run":
		return run(ctx, version, args[1:], stdout, stderr)
	case "service":
		return service(ctx, version, args[1:], stdout, stderr)
	case "version", "--version":
		fmt.Fprintln(stdout, "quietsetupd", version)
		return exitOK
	case "help", "-h", "--help":
		fmt.Fprint(stdout, help())
		return exitOK
	}
	fmt.Fprintf(stderr, "quietsetupd: no command %q; see quietsetupd help\n", args[0])
	return exitUsage
}

func run(ctx context.Context, version string, args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("quietsetupd run", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	file := f.String("config", "", "")
	state := f.String("state-dir", "", "")
	once := f.Bool("once", false, "")
	err := f.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, help())
		return exitOK
	case err == nil && f.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", f.Arg(0))
		fallthrough
	case err != nil:
		fmt.Fprintf(stderr, "quietsetupd run: %v; see quietsetupd help\n", err)
		return exitUsage
	}
	err = runWith(ctx, version, *file, *state, *once, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "quietsetupd: %v\n", err)
		if do := advice(err); do != "" {
			fmt.Fprintf(stderr, "  %s\n", do)
		}
	}
	return exitCode(err)
}

func runWith(ctx context.Context, version, file, state string, once bool, stderr io.Writer) error {
	o, err := options(version, file, state, func(c config.Log, _ string) (zerolog.Logger, error) { return logger(c, stderr) })
	if err != nil {
		return err
	}
	o.Once = once
	return Run(ctx, o)
}

// options reads the config file, finds the places and opens the log.
func options(version, file, state string, open func(c config.Log, dir string) (zerolog.Logger, error)) (Options, error) {
	c, err := config.Load(file)
	if err != nil {
		return Options{}, err
	}
	dir, socket, err := place(state)
	if err != nil {
		return Options{}, err
	}
	log, err := open(c.Log, dir)
	if err != nil {
		return Options{}, err
	}
	for _, w := range c.Warnings() {
		log.Warn().Msg(w.String())
	}
	return Options{Config: c, StateDir: dir, Socket: socket, Version: version, Log: log}, nil
}

// logger writes JSON for machines or lines for people.
func logger(c config.Log, w io.Writer) (zerolog.Logger, error) {
	level, err := zerolog.ParseLevel(c.Level)
	if err != nil {
		return zerolog.Logger{}, fmt.Errorf("%w: log level: %w", config.ErrInvalid, err)
	}
	return zerolog.New(lines(c, w)).Level(level).With().Timestamp().Logger(), nil
}

// lines writes the log's events to w in the form that the config wants.
func lines(c config.Log, w io.Writer) io.Writer {
	w = oneLine{w, c.Format != "console"}
	if c.Format == "console" {
		w = zerolog.ConsoleWriter{Out: w, NoColor: true, TimeFormat: time.DateTime}
	}
	return w
}

// exitCode tells a caller what to do about an error.
func exitCode(err error) int {
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, exitOK},
		{ErrDeferred, exitDeferred},
		{config.ErrInvalid, exitInvalid},
		{store.ErrInUse, exitInUse},
		{localsock.ErrInUse, exitInUse},
		{store.ErrNewer, exitDamaged},
		{engine.ErrNewer, exitDamaged},
		{store.ErrDamaged, exitDamaged},
		{fs.ErrPermission, exitPrivileges},
	} {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return exitFailed
}
