// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package daemon

import (
	"context"
	"fmt"
	"io"
)

// serviceUsage is empty: elsewhere the system's own tools handle services.
const serviceUsage = ""

func service(_ context.Context, _ string, _ []string, _, stderr io.Writer) int {
	fmt.Fprintln(stderr, "quietsetupd: the command service is there on Windows only; here the service manager has a command of its own (systemctl)")
	return exitUsage
}
