// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// search is one look through all processes.
type search struct {
	match    *checks.Matcher
	rules    checks.PathRules
	own      []string
	ownOnly  bool // programs that may not be opened are passed over
	rows     []row
	up       map[int32]bool // this process and what it was started by; nil = not looked up
	drives   drives
	services func() (map[int32]bool, error)
	service  map[int32]bool // nil = not asked for yet
	found    []checks.Program
	blind    blind
	err      error // why services are not known
}

func (m *Machine) newSearch(match *checks.Matcher) (*search, error) {
	rows, err := snapshot()
	if err != nil {
		return nil, err
	}
	return &search{match: match, rules: m.Rules(), own: m.options.Own, ownOnly: m.options.OwnUserOnly, rows: rows, services: m.platform.services}, nil
}

// Find returns every running program that match speaks of. The error says that
// not all programs could be seen.
func (m *Machine) Find(ctx context.Context, match *checks.Matcher) ([]checks.Program, error) {
	s, err := m.newSearch(match)
	if err != nil {
		return nil, err
	}
	for i, r := range s.rows {
		if i%64 == 0 && ctx.Err() != nil {
			return s.found, fmt.Errorf("cannot look through all processes: %w", ctx.Err())
		}
		s.look(r)
	}
	s.addHolders(ctx, m.holders)
	m.displays(ctx, s.found)
	if m.options.OwnUserOnly {
		s.blind = blind{}
	}
	return s.found, errors.Join(s.blind.problem(), s.err)
}

// look looks at one process of the list.
func (s *search) look(r row) {
	if r.pid <= systemPID {
		return // idle, and the kernel
	}
	h, err := openToLook(r.pid)
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		s.lookFromOutside(r)
		return
	}
	if err != nil {
		if !gone(err) {
			s.blind.add(r.pid, err)
		}
		return
	}
	defer windows.CloseHandle(h)
	exe, err := imageOf(h)
	if err != nil {
		// Of a process that has ended no executable is told.
		if !ended(h) && !imageless(r, err) {
			s.blind.add(r.pid, err)
		}
		return
	}
	exe = s.known(exe)
	rule, ok := s.match.Match(exe)
	if !ok {
		return
	}
	p, err := s.describe(h, r.pid, exe)
	switch {
	case err == nil:
		p.Rule = rule
		s.found = append(s.found, p)
	case !gone(err):
		s.blind.add(r.pid, err)
	}
}

// lookFromOutside looks at a process that may not be opened: the kernel tells
// everybody what it runs, and the list when it started. Whom it runs as is not
// known, so it is not known whether it may be closed either; a look that finds
// one did not see everything.
func (s *search) lookFromOutside(r row) {
	if s.ownOnly {
		return
	}
	exe, err := imageInList(r.pid)
	if err != nil {
		if !gone(err) && !imageless(r, err) {
			s.blind.add(r.pid, windows.ERROR_ACCESS_DENIED)
		}
		return
	}
	if exe == "" {
		return
	}
	exe = s.known(exe)
	rule, ok := s.match.Match(exe)
	if !ok {
		return
	}
	p := s.program(r.pid, r.start, exe, "")
	p.Rule = rule
	s.found = append(s.found, p)
	if !p.Service && !p.Own && checks.Classify(s.rules, p).Blocks() {
		s.blind.add(r.pid, windows.ERROR_ACCESS_DENIED)
	}
}

// imageless reports whether a process runs no executable: parts of the kernel
// and of virtual machines are listed as processes (Registry, Memory Compression,
// vmmem). Asked for its executable, Windows says that a device does not work.
func imageless(r row, err error) bool {
	return errors.Is(err, windows.ERROR_GEN_FAILURE) || r.session == 0 && !hasExtension(r.name)
}

func hasExtension(name string) bool {
	for i := len(name) - 1; i > 0; i-- {
		if name[i] == '.' {
			return i < len(name)-1
		}
	}
	return false
}

// known returns a path as rules can know it: with a drive and without short names.
func (s *search) known(exe string) string { return longName(s.drives.withLetter(s.rules.Clean(exe))) }

// describe reads what is to be known of the process behind a handle.
func (s *search) describe(h windows.Handle, pid int32, exe string) (checks.Program, error) {
	start, err := startOf(h)
	if err != nil {
		return checks.Program{}, err
	}
	p := s.program(pid, start, exe, ownerOf(h))
	if ended(h) {
		return p, errEnded
	}
	return p, nil
}

func (s *search) program(pid int32, start int64, exe, owner string) checks.Program {
	p := checks.Program{
		ID:      events.ProcessID{PID: int(pid), Start: start},
		Path:    s.rules.Clean(exe),
		Owner:   owner,
		Service: s.isService(pid) || machineAccount(owner),
		Own:     s.above(pid) || ownPath(s.rules, s.own, exe),
	}
	if session := sessionOf(pid); session != "" {
		p.Sessions = []string{session}
	}
	return p
}

// isService asks the service manager once in a look, and only if something was
// found. Without its answer a service may be taken for a person's program, so
// the look is not complete.
func (s *search) isService(pid int32) bool {
	if s.service == nil {
		if s.service, s.err = s.services(); s.service == nil {
			s.service = map[int32]bool{}
		}
	}
	return s.service[pid]
}

// above reports whether a process is this one or one that it was started by.
func (s *search) above(pid int32) bool {
	if s.up == nil {
		s.up = ancestors(s.rows)
	}
	return s.up[pid]
}
