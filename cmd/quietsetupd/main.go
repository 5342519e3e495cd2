// SPDX-License-Identifier: Apache-2.0

// Command quietsetupd is the service: it installs software while people work at
// the machine.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/quietsetup/quietsetup/internal/daemon"
)

var version = "dev"

func main() {
	if code, done := daemon.Hidden(os.Args[1:]); done {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	code := daemon.Command(ctx, version, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
