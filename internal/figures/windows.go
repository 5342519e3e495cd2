// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// The packages of figures of the Windows programs, run by Wine.
const (
	windowsHost    = "windows/host"
	windowsService = "windows/service"
)

// windows measures the Windows programs where Wine is there to run them: the search
// for programs as a benchmark of its package, the service as a whole machine has it.
// Elsewhere the rows say "not measured yet".
func windows(ctx context.Context, count int, into values) (err error) {
	for _, tool := range []string{"wine", "Xvfb", "openbox", "x86_64-w64-mingw32-gcc"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil
		}
	}
	dir, err := os.MkdirTemp("", "quietsetup-figures-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	testexec := filepath.Join(dir, "testexec")
	if text, err := exec.CommandContext(ctx, "go", "build", "-o", testexec, "./internal/wine/testexec").CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build what runs a test by Wine: %w\n%s", err, text)
	}
	common := []string{"test", "-run", "^$", "-count", strconv.Itoa(count), "-timeout", "20m"}
	host := exec.CommandContext(ctx, "go", append(common, "-bench", "^BenchmarkFind$", "-exec", testexec, "./internal/host")...)
	host.Env = append(host.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	service := exec.CommandContext(ctx, "go", append(common, "-bench", "^BenchmarkService$", "-benchtime", "1x", "-tags", "wine", "./internal/e2ewindows")...)
	for pkg, cmd := range map[string]*exec.Cmd{windowsHost: host, windowsService: service} {
		cmd.Stderr = os.Stderr
		text, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("the benchmarks of %s failed: %w\n%s", pkg, err, text)
		}
		if into[pkg], err = parse(bytes.NewReader(text)); err != nil {
			return fmt.Errorf("cannot read the benchmarks of %s: %w", pkg, err)
		}
	}
	return nil
}
