// SPDX-License-Identifier: Apache-2.0

package fuzzrig

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// target is a fuzz target of a package.
type target struct {
	dir  string // of the package
	name string
}

// targets reads the targets below a folder that this machine can run.
func targets(root string) ([]target, error) {
	var out []target
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		if here, err := build.Default.MatchFile(filepath.Dir(path), d.Name()); err != nil || !here {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") {
				out = append(out, target{filepath.Dir(path), f.Name.Name})
			}
		}
		return nil
	})
	return out, err
}

// workshop builds the packages' tests for fuzzing, each once.
type workshop struct {
	root, work string
	built      map[string]string // package's folder -> its test binary
}

func newWorkshop(root, work string) *workshop {
	return &workshop{root: root, work: work, built: map[string]string{}}
}

// build builds the tests of every package that has one of the targets.
func (w *workshop) build(ctx context.Context, all []target) error {
	var dirs []string
	for _, t := range all {
		if !slices.Contains(dirs, t.dir) && w.built[t.dir] == "" {
			dirs = append(dirs, t.dir)
		}
	}
	errs := make(chan error, len(dirs))
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, dir := range dirs {
		bin := filepath.Join(w.work, fmt.Sprintf("%d.test", len(w.built)))
		w.built[dirs[i]] = bin
		go func() {
			places <- struct{}{}
			defer func() { <-places }()
			cmd := exec.CommandContext(ctx, "go", "test", "-c", "-fuzz=.", "-o", bin, ".")
			cmd.Dir = dir
			if said, err := cmd.CombinedOutput(); err != nil {
				errs <- fmt.Errorf("cannot build the targets of %s: %w\n%s", dir, err, said)
				return
			}
			errs <- nil
		}()
	}
	var failed []error
	for range dirs {
		failed = append(failed, <-errs)
	}
	return errors.Join(failed...)
}

// result is what a run of one target came to.
type result struct {
	execs int
	took  time.Duration
	fault string // what broke, and how to repeat it; "" = nothing did
}

// rate is how many inputs a second the target can take.
func (r result) rate() float64 { return float64(max(1, r.execs)) / max(0.05, r.took.Seconds()) }

var (
	counted = regexp.MustCompile(`execs: (\d+)`)
	written = regexp.MustCompile(`Failing input written to (\S+)`)
)

// run gives a target a number of inputs. keep is where what is new is kept.
func (w *workshop) run(ctx context.Context, t target, inputs int, keep string) (result, error) {
	dir, err := filepath.Rel(w.root, t.dir)
	if err != nil {
		return result{}, err
	}
	keep = filepath.Join(keep, dir, t.name)
	cmd := exec.CommandContext(ctx, w.built[t.dir], "-test.run=^$", "-test.fuzz=^"+t.name+"$", fmt.Sprintf("-test.fuzztime=%dx", inputs),
		"-test.fuzzminimizetime=10x", "-test.fuzzcachedir="+keep, fmt.Sprintf("-test.parallel=%d", runtime.GOMAXPROCS(0)))
	cmd.Dir = t.dir // as go test does it: a failing input lands in the package's testdata
	cmd.WaitDelay = 5 * time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	begin := time.Now()
	said, err := cmd.CombinedOutput()
	r := result{took: time.Since(begin)}
	if m := counted.FindAllSubmatch(said, -1); len(m) > 0 {
		if r.execs, err = strconv.Atoi(string(m[len(m)-1][1])); err != nil {
			return r, err
		}
	}
	if cmd.ProcessState == nil {
		return r, fmt.Errorf("cannot run %s of %s: %w", t.name, t.dir, err)
	}
	if cmd.ProcessState.Success() {
		if r.execs == 0 {
			return r, fmt.Errorf("%s of %s ran nothing: %s", t.name, t.dir, said)
		}
		return r, nil
	}
	if ctx.Err() != nil {
		return r, ctx.Err()
	}
	r.fault = fmt.Sprintf("%s\nrepeat it with: go test ./%s -run '^%s$'", short(said), filepath.ToSlash(dir), t.name)
	if m := written.FindSubmatch(said); m != nil {
		r.fault += fmt.Sprintf("/'^%s$'\nits input: %s", filepath.Base(string(m[1])), filepath.Join(dir, string(m[1])))
	}
	return r, nil
}

// short is the end of what a target said.
func short(said []byte) string {
	const most = 4000
	text := strings.TrimSpace(string(said))
	return text[max(0, len(text)-most):]
}

// shares divides inputs among targets by the square of what each can take in a
// second, so that the fast ones use most of the time they need; each has had
// some already.
func shares(rates []float64, inputs int) []int {
	sum := 0.0
	for _, r := range rates {
		sum += r * r
	}
	out := make([]int, len(rates))
	for i, r := range rates {
		out[i] = int(float64(inputs)*r*r/sum) + 1
	}
	return out
}
