// SPDX-License-Identifier: Apache-2.0

// Command mutation measures how much the tests of fsm and store notice. gremlins
// changes one operator of a package at a time (a mutant) and runs the package's
// tests. A mutant that no test notices has survived.
//
// It prints the score of each package, writes it and every survivor to a page,
// and ends with 1 below the wanted score, or where a survivor has no reason. The
// reasons are in survivors.toml, by function and changed expression, so that they
// outlive a change of line numbers.
//
// Under gremlins this program is also the go command (see goCommand): then a
// mutant that does not compile is told apart from one that a test has noticed,
// and the quick tests run first.
//
//	go run ./internal/mutation -gremlins PATH -o docs/mutation.md
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "go" {
		os.Exit(goCommand(os.Args[1:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.StringVar(&o.gremlins, "gremlins", "gremlins", "the program that makes mutants")
	flag.StringVar(&o.page, "o", "", "page to write, besides printing")
	flag.StringVar(&o.figures, "json", "", "file for the figures and the survivors")
	flag.StringVar(&o.reasons, "reasons", "internal/mutation/survivors.toml", "why each survivor may live")
	flag.StringVar(&o.memory, "memory", ".ci/cache/mutation", "folder that remembers which test noticed which mutant")
	flag.StringVar(&o.only, "only", "", "measure one package alone: fsm or store")
	flag.StringVar(&o.files, "files", "", "regular expression: mutate only these files; the score is of them alone")
	flag.Float64Var(&o.least, "least", 85, "the score in percent that each package must reach")
	flag.BoolVar(&o.quick, "quick", false, "leave the slow tests out: soon a score that is too low, never too high")
	flag.BoolVar(&o.again, "again", false, "measure nothing: the page and the verdict of what was measured last, with the reasons as they are now")
	flag.BoolVar(&o.believe, "believe", false, "do not try again what a test noticed in an earlier run: quick after tests were added, wrong after some were weakened")
	flag.IntVar(&o.sample, "sample", 1, "try one mutant of so many, drawn by its source; the score is an estimate")
	flag.IntVar(&o.workers, "workers", 2, "mutants tested at the same time")
	flag.Parse()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		os.Exit(1)
	}
}

type options struct {
	gremlins, page, figures, reasons, memory, only, files string
	least                                                 float64
	workers, sample                                       int
	quick, believe, again                                 bool
}

// room is a package whose tests are measured.
type room struct {
	name string
	// slow are tests that run only on mutants the others have not noticed.
	slow string
	// leftOut are tests that never run here. That can only lower the score.
	leftOut string
	// logical: "&&" and "||" are changed too, which doubles the time.
	logical bool
	// not are files that are no subject here: those of other platforms, of which
	// nothing is compiled, and suites that are tests themselves.
	not []string
}

func rooms() []room {
	return []room{
		{name: "fsm", slow: `^TestExplore$`, logical: true},
		{name: "store",
			slow: `^(TestFlippedBytes|TestKill|TestCrash.*|TestCompactCrash|TestCompactRefuses|TestExamineForetellsOpen|TestTruncated.*|TestFaultAtEveryCall|TestManyFaults|TestDuplicateWhileWriting|TestRollBack.*|TestFoundIdentity|TestExamineAFileOfHoles)$`,
			// The rigs mount file systems, which a mutant that hangs would leave
			// behind; a planted bug is a mutant of its own.
			leftOut: `^(TestRig.*|TestPlanted.*)$`,
			not:     []string{`_windows\.go$`, `_other\.go$`, `^storetest/`}},
	}
}

func run(ctx context.Context, o options, stdout io.Writer) error {
	reasons, err := readReasons(o.reasons)
	if err != nil {
		return err
	}
	var results []result
	for _, r := range rooms() {
		if o.only != "" && o.only != r.name {
			continue
		}
		if !o.again {
			if err := measure(ctx, o, r, stdout); err != nil {
				return err
			}
		}
		m, err := readMeasured(o.memory, r.name)
		if err != nil {
			return err
		}
		res, err := m.read(r.name)
		if err != nil {
			return err
		}
		results = append(results, res)
	}
	page := render(results, reasons)
	fmt.Fprint(stdout, table(results))
	if o.page != "" {
		if err := os.WriteFile(o.page, []byte(page), 0o644); err != nil {
			return err
		}
	}
	if o.figures != "" {
		if err := writeFigures(o.figures, results, reasons); err != nil {
			return err
		}
	}
	return judge(results, reasons, o.least)
}

// measure lets gremlins loose on one package, and keeps what it said.
func measure(ctx context.Context, o options, r room, stdout io.Writer) error {
	if o.quick {
		r.slow, r.leftOut = "", either(r.slow, r.leftOut)
	}
	dir, err := os.MkdirTemp("", "quietsetup-mutation")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	env, err := standIn(dir, o, r)
	if err != nil {
		return err
	}
	out := filepath.Join(dir, "gremlins.json")
	args := []string{"unleash", "--workers", fmt.Sprint(o.workers), "--timeout-coefficient", "12", fmt.Sprintf("--invert-logical=%v", r.logical), "-o", out}
	for _, not := range r.not {
		args = append(args, "-E", not)
	}
	if o.files != "" {
		rest, err := otherFiles(r.name, o.files)
		if err != nil {
			return err
		}
		args = append(args, rest...)
	}
	source, err := hashSource(r.name)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, o.gremlins, append(args, "./"+r.name)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, stdout, stdout
	endTogether(cmd)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cannot measure %s: %w", r.name, err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		return fmt.Errorf("gremlins wrote nothing of %s: %w", r.name, err)
	}
	m := measured{Source: source, Date: time.Now().Format("2 January 2006"), Sample: o.sample, Believed: o.believe, Gremlins: text}
	return m.keep(o.memory, r.name)
}
