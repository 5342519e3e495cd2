// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/cli"
	"github.com/quietsetup/quietsetup/internal/needs"
)

func writtenPages(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "man")
	err := run([]string{"-o", dir, "-version", "1.2.3", "-date", "2026-03-02", "-example", "../../examples/quietsetup.toml"}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestEveryCommandHasItsPage, with every flag that can be seen, and so have the
// other programs and the config file.
func TestEveryCommandHasItsPage(t *testing.T) {
	dir := writtenPages(t)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(text), `\-`, "-")
	}
	var each func(c *cobra.Command)
	each = func(c *cobra.Command) {
		text := read(dashed(c) + ".1")
		for line := range strings.Lines(c.LocalFlags().FlagUsages()) {
			if flag := strings.Fields(line)[0]; strings.HasPrefix(flag, "--") && !strings.Contains(text, flag) {
				t.Errorf("the page of %s does not name %s", c.CommandPath(), flag)
			}
		}
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() && sub.Name() != "help" {
				each(sub)
			}
		}
	}
	each(cli.Commands())
	for name, want := range map[string][]string{
		"quietsetup.1":        {"75  deferred", "NO_COLOR", `"quietsetup 1.2.3"`, `"2026-03-02"`},
		"quietsetupd.8":       {"--once", "api.sock"},
		"quietsetup-prompt.1": {"-terminal", "NO_COLOR"},
		"quietsetup.toml.5":   {"max_defer", "[policy.product"},
	} {
		text := read(name)
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s does not say %q", name, w)
			}
		}
		if strings.Contains(text, "@") {
			t.Errorf("%s has a place that was not filled", name)
		}
	}
}

// TestTheSameBytes: pages come from the source alone, and a page of a command
// that is gone goes.
func TestTheSameBytes(t *testing.T) {
	text, err := os.ReadFile("../../examples/quietsetup.toml")
	if err != nil {
		t.Fatal(err)
	}
	e := edition{version: "1.2.3", date: "2026-03-02", example: string(text)}
	first, err := pages(cli.Commands(), e)
	if err != nil {
		t.Fatal(err)
	}
	again, err := pages(cli.Commands(), e)
	if err != nil || !maps.EqualFunc(first, again, bytes.Equal) {
		t.Error("two calls give two results", err)
	}
	dir := t.TempDir()
	for _, name := range []string{"quietsetup-gone.1", "other.1"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(dir, first); err != nil {
		t.Fatal(err)
	}
	there, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(there) != len(first)+1 || slices.Contains(there, filepath.Join(dir, "quietsetup-gone.1")) {
		t.Errorf("%v %v", there, err)
	}
}

// TestNoDayNoPages: a date from the clock would make each build another one.
func TestNoDayNoPages(t *testing.T) {
	for _, args := range [][]string{{}, {"-date", "today"}, {"-date", "2026-03-02", "-example", "nothing"}} {
		if err := run(append(args, "-o", t.TempDir()), os.Stderr); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

// TestMandocReadsThem without a warning.
func TestMandocReadsThem(t *testing.T) {
	needs.Tool(t, "mandoc")
	names, err := filepath.Glob(filepath.Join(writtenPages(t), "*"))
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	said, err := exec.Command("mandoc", append([]string{"-Tlint", "-Wwarning"}, names...)...).CombinedOutput()
	if err != nil || len(said) > 0 {
		t.Errorf("%v\n%s", err, said)
	}
}

// TestProse: a help text stays what it is between the signs of two languages.
func TestProse(t *testing.T) {
	for in, want := range map[string]string{
		"a <id> in *stars*":       `a \<id\> in \*stars\*`,
		"first\nline\n\nsecond":   "first\nline\n\nsecond",
		"  0  done\n  1  failed":  "```\n  0  done\n  1  failed\n```",
		"\nbegins and ends\n\n\n": "begins and ends",
	} {
		if got := prose(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"Shows it": "shows it", "JSON of it": "JSON of it", "Ends": "ends"} {
		if got := small(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
