// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
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

// What the stand-in is told by its environment.
const (
	envGo      = "QUIETSETUP_MUTATION_GO"
	envMemory  = "QUIETSETUP_MUTATION_MEMORY"
	envTree    = "QUIETSETUP_MUTATION_TREE"
	envSlow    = "QUIETSETUP_MUTATION_SLOW"
	envLeftOut = "QUIETSETUP_MUTATION_LEFT_OUT"
	envSample  = "QUIETSETUP_MUTATION_SAMPLE"
	envBelieve = "QUIETSETUP_MUTATION_BELIEVE"
)

// endless is how long a stage of tests that take seconds may run. A mutant in which
// they go on for ever is noticed: a build would stop there too. gremlins' own limit
// is a multiple of a whole run, and far too patient.
const endless = 90 * time.Second

// How gremlins reads the end of "go test".
const (
	codeLived     = 0
	codeNoticed   = 1
	codeNotViable = 2 // what go test gave for what does not compile; since Go 1.20 it gives 1
)

// standIn puts this program in front of the go command and returns the
// environment in which gremlins finds it.
func standIn(dir string, o options, r room) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	real, err := exec.LookPath("go")
	if err != nil {
		return nil, err
	}
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return nil, err
	}
	if err := os.Symlink(self, filepath.Join(bin, "go")); err != nil {
		return nil, err
	}
	memory, err := filepath.Abs(o.memory)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(memory, 0o755); err != nil {
		return nil, err
	}
	tree, err := hashTree(".")
	if err != nil {
		return nil, err
	}
	return append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), envGo+"="+real,
		envMemory+"="+memory, envTree+"="+tree+r.slow+r.leftOut, envSlow+"="+r.slow, envLeftOut+"="+r.leftOut,
		fmt.Sprintf("%s=%d", envSample, o.sample), fmt.Sprintf("%s=%v", envBelieve, o.believe)), nil
}

// goCommand is what gremlins runs as "go". It asks for the coverage once and for
// the test of each mutant, in a copy of the tree in which it changed one file.
func goCommand(args []string) int {
	runtime.LockOSThread() // a child is ended with the thread that started it
	if len(args) == 0 || args[0] != "test" {
		return code(command(os.Getenv(envGo), args...).Run())
	}
	if i := slices.Index(args, "-coverprofile"); i >= 0 && i+1 < len(args) {
		return coverage(args, args[i+1])
	}
	c, err := judgeMutant(".", endless)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		return 125 // gremlins reads it as lived: nobody noticed
	}
	return c
}

// coverage runs the tests once, unchanged, and says that every line is covered.
// gremlins tries only what is covered, but a profile knows neither constants nor
// the conditions of a case nor what a child process runs. A mutant that no test
// reaches is a survivor.
func coverage(args []string, profile string) int {
	more := []string{"test", "-count=1", "-vet=off"} // a remembered result would take no time, and so leave none to mutants
	if skip := os.Getenv(envLeftOut); skip != "" {
		more = append(more, "-skip", skip)
	}
	cmd := command(os.Getenv(envGo), append(more, args[1:]...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if c := code(cmd.Run()); c != 0 {
		return c
	}
	text, err := os.ReadFile(profile)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		return 1
	}
	if err := os.WriteFile(profile, coverAll(text), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, "mutation:", err)
		return 1
	}
	return 0
}

// coverAll makes one covered block of each file of a profile.
func coverAll(profile []byte) []byte {
	var out bytes.Buffer
	out.WriteString("mode: set\n")
	seen := map[string]bool{}
	for line := range strings.Lines(string(profile)) {
		file, _, ok := strings.Cut(line, ".go:")
		if !ok || seen[file] {
			continue
		}
		seen[file] = true
		fmt.Fprintf(&out, "%s.go:1.1,1000000.1 1 1\n", file)
	}
	return out.Bytes()
}

// judgeMutant runs the tests of the package in dir: first the one that noticed
// this very mutant before, then the quick ones, then the slow ones.
func judgeMutant(dir string, limit time.Duration) (int, error) {
	source, err := hashSource(dir)
	if err != nil {
		return 0, err
	}
	if !drawn(source, os.Getenv(envSample)) {
		return codeNotViable, nil // the only word gremlins has for what does not count
	}
	m := memory{dir: os.Getenv(envMemory), tree: os.Getenv(envTree)}
	if m.lived(source) {
		return codeLived, nil
	}
	if os.Getenv(envBelieve) == "true" && m.noticedBy(source) != "" {
		return codeNoticed, nil
	}
	tmp, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(tmp)
	program := filepath.Join(tmp, "mutant.test")
	build := command(os.Getenv(envGo), "test", "-c", "-vet=off", "-gcflags=-N -l", "-ldflags=-s -w", "-o", program, ".")
	build.Dir, build.Env = dir, append(os.Environ(), "GOGC=800") // built for one run: quickly, not well
	if text, err := build.CombinedOutput(); err != nil {
		if !bytes.Contains(text, []byte(".go:")) {
			return 0, fmt.Errorf("cannot build the tests: %w: %s", err, text)
		}
		return codeNotViable, nil
	}
	slow, leftOut := os.Getenv(envSlow), os.Getenv(envLeftOut)
	var stages [][]string
	if test := m.noticedBy(source); test != "" {
		stages = append(stages, []string{"-test.run=^" + regexp.QuoteMeta(test) + "$"})
	}
	stages = append(stages, []string{"-test.skip=" + either(slow, leftOut)})
	if slow != "" {
		stages = append(stages, []string{"-test.run=" + slow})
	}
	for _, stage := range stages {
		var watch lastTest
		cmd := command(program, append(stage, "-test.v", "-test.failfast", "-test.timeout="+limit.String())...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &watch, &watch
		cmd.Env = append(os.Environ(), "GOGC=400")
		if err := cmd.Run(); err != nil {
			return codeNoticed, m.keepNoticed(source, watch.name())
		}
	}
	return codeLived, m.keepLived(source)
}

// drawn reports whether a mutant belongs to the sample of one in so many.
func drawn(source, sample string) bool {
	of, err := strconv.ParseUint(sample, 10, 32)
	if err != nil || of < 2 {
		return true
	}
	n, err := strconv.ParseUint(source[:8], 16, 32)
	return err != nil || n%of == 0
}

func either(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + "|" + b
}

func command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	endWithParent(cmd)
	return cmd
}

func code(err error) int {
	if err == nil {
		return 0
	}
	if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() > 0 {
		return exit.ExitCode()
	}
	return 1
}

// lastTest reads the output of tests and knows which one failed, or ran last.
type lastTest struct {
	rest        []byte
	ran, failed string
}

func (l *lastTest) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 {
			break
		}
		line := string(l.rest[:i])
		l.rest = l.rest[i+1:]
		if name, ok := strings.CutPrefix(line, "=== RUN   "); ok {
			l.ran, _, _ = strings.Cut(name, "/")
		}
		if name, ok := strings.CutPrefix(line, "--- FAIL: "); ok && l.failed == "" {
			l.failed, _, _ = strings.Cut(name, " ")
		}
	}
	if len(l.rest) > 1<<16 {
		l.rest = nil // a line that long is not of the test's frame
	}
	return len(p), nil
}

func (l *lastTest) name() string {
	if l.failed != "" {
		return l.failed
	}
	return l.ran
}
