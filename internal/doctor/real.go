// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/quietsetup/quietsetup/internal/host"
)

// RealFiles are the files and programs of this machine.
type RealFiles struct{}

// Entry looks at one name.
func (RealFiles) Entry(path string) (Entry, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Entry{}, err
	}
	return Entry{Mode: info.Mode(), UID: ownerOf(info)}, nil
}

// Count counts the names in a folder, up to a thousand.
func (RealFiles) Count(path string) (int, error) {
	info, err := os.Stat(path) // a pipe would be waited for
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no folder", path)
	}
	if err != nil {
		return 0, err
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	names, err := f.Readdirnames(1000)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	return len(names), nil
}

// Program finds a program in PATH.
func (RealFiles) Program(name string) (string, error) { return exec.LookPath(name) }

// Run runs a program in the language of machines. Whoever does not end with ctx
// is not waited for.
func (RealFiles) Run(ctx context.Context, argv ...string) (string, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", argv[0], err)
	}
	return string(out), nil
}

// RealHost is this machine.
type RealHost struct{ *host.Machine }

// Notifications asks this session's bus.
func (RealHost) Notifications(ctx context.Context) (bool, error) { return host.Notifications(ctx) }

// Power asks the kernel.
func (RealHost) Power() (host.Power, error) { return host.PowerNow() }

// ClockSynced asks the kernel.
func (RealHost) ClockSynced() (bool, error) { return host.ClockSynced() }

// FreeSpace asks the file system.
func (RealHost) FreeSpace(path string) (uint64, error) { return host.FreeSpace(path) }
