// SPDX-License-Identifier: Apache-2.0

// Command quietsetup is the command line: it shows what the service does and
// why, gives it orders, reads copied logs, and has a demo.
package main

import (
	"os"

	"github.com/quietsetup/quietsetup/internal/cli"
	"github.com/quietsetup/quietsetup/internal/daemon"
	"github.com/quietsetup/quietsetup/internal/demo"
)

var version = "dev"

func main() {
	// The demo runs the daemon's code from this program, and the daemon starts
	// its own program again as a supervisor and as a probe.
	if code, done := daemon.Hidden(os.Args[1:]); done {
		os.Exit(code)
	}
	if code, done := demo.Hidden(version, os.Args[1:]); done {
		os.Exit(code)
	}
	os.Exit(cli.Main(version, daemon.TakeAlone))
}
