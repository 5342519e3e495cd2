// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/quietsetup/quietsetup/internal/promptui"
)

// asDaemon makes the test's own program play the daemon.
const asDaemon = "QUIETSETUP_TEST_DAEMON"

func TestMain(m *testing.M) {
	if code, done := Hidden(os.Args[1:]); done {
		os.Exit(code)
	}
	if dir := os.Getenv(asCrash); dir != "" {
		os.Exit(crash(dir))
	}
	if os.Getenv(asDaemon) == "1" || len(os.Args) > 2 && os.Args[1] == "service" && os.Args[2] == "run" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := Command(ctx, "test", os.Args[1:], os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	if len(os.Args) == 2 && os.Args[1] == "words" {
		os.Exit(promptui.Main(context.Background(), os.Args[1:], promptui.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}))
	}
	os.Exit(m.Run())
}
