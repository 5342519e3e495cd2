// SPDX-License-Identifier: Apache-2.0

// Command figures measures what the design promises and says for each figure
// what came out, what was wanted and whether it was reached. It runs the
// repository's benchmarks, measures the size of the service and the memory and
// processor time of an idle one, and the Windows programs where Wine is there, prints a table and writes it to a file with
// the machine and the date.
//
//	go run ./internal/figures -o docs/figures.md
//
// What "make rigs" counted is taken from rigs.json, if that is there, and what
// "make planted" found from planted.json.
//
// A figure without a benchmark is "not measured yet", never left out. Figures
// are no test: a missed target does not fail the program, a broken benchmark does.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.out, "o", "", "file to write, besides printing")
	flag.DurationVar(&o.idle, "idle", time.Minute, "how long to watch the idle service; 0 = not at all")
	flag.IntVar(&o.count, "count", 3, "how often each benchmark runs; the median counts")
	flag.Parse()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

type options struct {
	out   string
	idle  time.Duration
	count int
}

func run(ctx context.Context, o options, stdout io.Writer) error {
	values := values{}
	if err := benchmarks(ctx, o.count, values); err != nil {
		return err
	}
	if err := rigs("rigs.json", values); err != nil {
		return err
	}
	if err := service(ctx, o.idle, values); err != nil {
		return err
	}
	if err := windows(ctx, o.count, values); err != nil {
		return err
	}
	bugs, err := planted("planted.json")
	if err != nil {
		return err
	}
	page := render(rows(), values, machine(), time.Now()) + bugs
	fmt.Fprint(stdout, page)
	if o.out == "" {
		return nil
	}
	if err := os.WriteFile(o.out, []byte(page), 0o644); err != nil {
		return fmt.Errorf("cannot write the figures: %w", err)
	}
	return nil
}
