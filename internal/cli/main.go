// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/quietsetup/quietsetup/internal/actionprocessor"
	"github.com/quietsetup/quietsetup/internal/opsiscript"
)

// Main runs the command line of this process and returns its exit code. version
// is that of the build; take is the lock of who installs past the service.
func Main(version string, take actionprocessor.Take) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second one ends also what waits for a disk or a person
	screen := int(os.Stdout.Fd())
	o := Outside{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv, Version: version, Terminal: term.IsTerminal(screen),
		Take: take, Restart: opsiscript.LeaveForAgent}
	if width, _, err := term.GetSize(screen); err == nil {
		o.Width = width
	}
	if program, err := os.Executable(); err == nil {
		o.Program = program // else what needs a child does without
	}
	return Run(ctx, o, os.Args[1:])
}
