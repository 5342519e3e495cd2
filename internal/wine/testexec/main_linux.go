// SPDX-License-Identifier: Apache-2.0

// Command testexec runs one Windows test program under Wine, with a machine and a
// screen of its own that end with it. It is what go test wants for -exec:
//
//	go build -o .ci/cache/wine-testexec ./internal/wine/testexec
//	GOOS=windows CGO_ENABLED=0 go test -exec $PWD/.ci/cache/wine-testexec ./checks
//
// With -base it only makes the first prefix, so that later ones are quick.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/quietsetup/quietsetup/internal/wine"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "testexec: %v\n", err)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	if len(args) == 0 {
		return 2, errors.New("cannot run nothing: testexec PROGRAM [ARGUMENT ...]")
	}
	if args[0] == "-base" {
		dir, err := wine.Base()
		if err != nil {
			return 1, err
		}
		fmt.Println(dir)
		return 0, nil
	}
	// go test ends a program that takes too long with SIGQUIT.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	defer stop()
	screen, err := wine.NewScreen()
	if err != nil {
		return 1, err
	}
	defer screen.End()
	dir, err := os.MkdirTemp("", "qswine")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	prefix, err := wine.New(filepath.Join(dir, "prefix"), screen.Display)
	if err != nil {
		return 1, err
	}
	defer func() {
		if e := prefix.Remove(); e != nil && err == nil {
			code, err = 1, e
		}
	}()
	forget, err := inMemory(prefix)
	if err != nil {
		return 1, err
	}
	defer func() {
		if e := forget(); e != nil && err == nil {
			code, err = 1, e
		}
	}()
	program, err := inside(prefix, args[0])
	if err != nil {
		return 1, err
	}
	cmd := prefix.CommandContext(ctx, program, args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, fmt.Errorf("cannot run %s: %w", args[0], err)
	}
	return 0, nil
}

// inMemory gives the machine a disk in memory, T:, for tests that write much and do
// not depend on how slow a disk is. The result ends that.
func inMemory(prefix *wine.Prefix) (forget func() error, err error) {
	const shm = "/dev/shm"
	if info, err := os.Stat(shm); err != nil || !info.IsDir() {
		return func() error { return nil }, nil // the disk does as well
	}
	memory, err := os.MkdirTemp(shm, "qswine")
	if err == nil {
		err = os.Symlink(memory, filepath.Join(prefix.Dir, "dosdevices", "t:"))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot give %s a disk in memory: %w", prefix.Dir, err)
	}
	return func() error { return os.RemoveAll(memory) }, nil
}

// inside copies a program onto the machine's own disk, into a folder that nobody else
// can write to, where a program of Windows lies. Here it lies in a folder of everybody.
func inside(prefix *wine.Prefix, program string) (string, error) {
	failed := func(err error) (string, error) {
		return "", fmt.Errorf("cannot put %s onto the machine: %w", program, err)
	}
	text, err := os.ReadFile(program)
	if err != nil {
		return failed(err)
	}
	path := prefix.Path(`C:\tests\` + filepath.Base(program))
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		return failed(err)
	}
	if err := os.WriteFile(path, text, 0o700); err != nil {
		return failed(err)
	}
	return path, nil
}
