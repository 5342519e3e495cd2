// SPDX-License-Identifier: Apache-2.0

// Command rigs runs every reliability rig with its full number, prints one table
// and writes rigs.json. It ends with 1 if a rig found a fault, counted less than
// its target, or did not run.
//
// With -planted it runs the tests that build a fault in on purpose instead, and
// writes planted.json: which fault, and what found it. It ends with 1 if one was
// not found.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/quietsetup/quietsetup/internal/rig"
)

// line is one figure of rigs.json.
type line struct {
	Figure string `json:"figure"`
	Count  int    `json:"count"`
	Target int    `json:"target"`
	Faults int    `json:"faults"`
}

func main() {
	out := flag.String("o", "", "where the result is written; default rigs.json, or planted.json")
	bugs := flag.Bool("planted", false, "run the tests of planted bugs instead of the rigs")
	times := flag.Int("times", 1, "how many times the target each rig tries")
	packages := flag.String("packages", "./...", "which packages' rigs run")
	limit := flag.Duration("limit", time.Hour, "after which a rig counts as hanging")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	work := func() error { return run(ctx, cmp.Or(*out, "rigs.json"), *packages, *times, *limit, os.Stdout) }
	if *bugs {
		work = func() error { return planted(ctx, ".", cmp.Or(*out, "planted.json"), os.Stdout) }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "rigs:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out, packages string, times int, limit time.Duration, table io.Writer) error {
	dir, err := os.MkdirTemp("", "quietsetup-rigs")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rows := filepath.Join(dir, "rows")
	began := time.Now()
	test := exec.CommandContext(ctx, "go", "test", "-count=1", "-run", "^TestRig", "-timeout", limit.String(), packages)
	test.Cancel = func() error { return test.Process.Signal(os.Interrupt) }
	test.Env = append(os.Environ(), "QUIETSETUP_RIGS=1", "QUIETSETUP_RIGS_OUT="+rows, fmt.Sprintf("QUIETSETUP_RIGS_TIMES=%d", times))
	var said bytes.Buffer
	test.Stdout, test.Stderr = &said, &said
	failed := test.Run()
	lines, err := sum(rows)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "figure\tcount\ttarget\tfaults\t")
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t\n", l.Figure, l.Count, l.Target, l.Faults)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(table, "%s on this machine\n", time.Since(began).Round(time.Second))
	if err := write(out, lines); err != nil {
		return err
	}
	if failed != nil {
		io.Copy(table, &said)
		return fmt.Errorf("a rig has failed: %w", failed)
	}
	return judge(lines)
}

// sum adds up what the rigs reported.
func sum(path string) ([]line, error) {
	counted := map[string]rig.Row{}
	f, err := os.Open(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) { // not there: no rig has reported
		return nil, err
	}
	if err == nil {
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			var r rig.Row
			if err := json.Unmarshal(s.Bytes(), &r); err != nil {
				return nil, fmt.Errorf("cannot read what a rig reported: %w", err)
			}
			c := counted[r.Figure]
			counted[r.Figure] = rig.Row{Figure: r.Figure, Count: c.Count + r.Count, Faults: c.Faults + r.Faults}
		}
	}
	var out []line
	for _, f := range rig.Figures() {
		out = append(out, line{f.Name, counted[f.Name].Count, f.Target, counted[f.Name].Faults})
	}
	return out, nil
}

// judge returns an error that names every figure that is not as it must be.
func judge(lines []line) error {
	var errs []error
	for _, l := range lines {
		if l.Faults > 0 {
			errs = append(errs, fmt.Errorf("%s: %d faults", l.Figure, l.Faults))
		}
		if l.Count < l.Target {
			errs = append(errs, fmt.Errorf("%s: %d counted, %d wanted", l.Figure, l.Count, l.Target))
		}
	}
	return errors.Join(errs...)
}

func write(path string, lines []line) error {
	text, err := json.MarshalIndent(struct {
		Figures []line `json:"figures"`
	}{lines}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
