// SPDX-License-Identifier: Apache-2.0

// Command manpages writes the manual pages of the three programs and of the
// config file.
//
// The pages of the command line, quietsetup.1 and one quietsetup-COMMAND.1 for
// each command, come from the commands themselves, so that they cannot say
// anything else than --help does. The other pages are written by hand, in
// Markdown, in the folder pages. The same input gives the same bytes: date and
// version are named by the caller.
//
// It is a program of its own so that what makes manual pages is in no program
// that is shipped.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/quietsetup/quietsetup/internal/cli"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(1)
	}
}

func run(args []string, stderr io.Writer) error {
	f := flag.NewFlagSet("manpages", flag.ContinueOnError)
	f.SetOutput(stderr)
	dir := f.String("o", "dist/man", "the `folder` the pages go to")
	version := f.String("version", "dev", "the version that the pages are about")
	date := f.String("date", "", "the `day` of that version, 2026-03-02; nothing is taken from a clock")
	example := f.String("example", "examples/quietsetup.toml", "the commented config `file` that its page shows")
	if err := f.Parse(args); err != nil {
		return err
	}
	if _, err := time.Parse(time.DateOnly, *date); err != nil {
		return fmt.Errorf("cannot use -date: %w", err)
	}
	text, err := os.ReadFile(*example)
	if err != nil {
		return fmt.Errorf("cannot read the example of the config file: %w", err)
	}
	pages, err := pages(cli.Commands(), edition{version: *version, date: *date, example: string(text)})
	if err != nil {
		return err
	}
	return write(*dir, pages)
}

// write puts the pages into a folder and removes what an earlier call put there
// for a command that is gone.
func write(dir string, pages map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot make the folder of the pages: %w", err)
	}
	old, err := filepath.Glob(filepath.Join(dir, "quietsetup*.[158]"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("cannot remove an old page: %w", err)
		}
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return fmt.Errorf("cannot write a page: %w", err)
		}
	}
	return nil
}
