// SPDX-License-Identifier: Apache-2.0

// Command quietsetup-prompt shows the service's questions to the person in whose
// session it runs, and brings the answers back.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/quietsetup/quietsetup/internal/promptui"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	code := promptui.Main(ctx, os.Args[1:], promptui.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv})
	stop()
	os.Exit(code)
}
