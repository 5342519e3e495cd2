// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !windows

package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// platform is empty: nothing is kept between looks.
type platform struct{}

// New returns the machine. It opens nothing and starts nothing.
func New(o Options) *Machine {
	if exe, err := os.Executable(); err == nil {
		o.Own = append([]string{exe}, o.Own...)
	}
	return &Machine{options: o}
}

// Find returns every running program that match speaks of. The error says that
// not all programs could be seen.
func (m *Machine) Find(ctx context.Context, match *checks.Matcher) ([]checks.Program, error) {
	ctx = atProc(ctx)
	list, err := pids(ctx)
	if err != nil {
		return nil, err
	}
	var found []checks.Program
	var unseen blind
	for _, pid := range list {
		if ctx.Err() != nil {
			return found, fmt.Errorf("cannot look through all processes: %w", ctx.Err())
		}
		exe, err := exeOf(ctx, pid)
		if err != nil {
			if programless(pid, err) || m.options.OwnUserOnly {
				continue
			}
			unseen.add(pid, err)
			continue
		}
		rule, ok := match.Match(exe)
		if !ok {
			continue
		}
		p, err := describe(pid, exe)
		if err != nil {
			unseen.add(pid, err)
			continue
		}
		p.Rule, p.Own = rule, pid == int32(os.Getpid()) || ownPath(rules(), m.options.Own, p.Path)
		found = append(found, p)
	}
	return found, unseen.problem()
}

// describe reads what is to be known of one process that runs exe.
func describe(pid int32, exe string) (checks.Program, error) {
	start, err := StartOf(int(pid))
	if err != nil {
		return checks.Program{}, err
	}
	owner, session := belongs(pid)
	p := checks.Program{ID: events.ProcessID{PID: int(pid), Start: start}, Path: rules().Clean(exe), Owner: owner}
	if session != "" {
		p.Sessions = []string{session}
	}
	return p, nil
}

// Rules returns the rules of this system's paths.
func (m *Machine) Rules() checks.PathRules { return rules() }

// Resolve follows all links of a path that exists, and returns another one as
// it stands.
func (m *Machine) Resolve(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if os.IsNotExist(err) {
		return filepath.Clean(path), nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot follow the links of %s: %w", path, err)
	}
	return real, nil
}

// Alive reports whether that very process still runs. Another process with its
// pid is not it.
func Alive(id events.ProcessID) bool {
	if id.PID <= 0 {
		return false
	}
	start, err := StartOf(id.PID)
	return err == nil && start == id.Start
}
