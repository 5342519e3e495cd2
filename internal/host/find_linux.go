// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quietsetup/quietsetup/checks"
)

// search is one look through all processes.
type search struct {
	ctx   context.Context
	match *checks.Matcher
	rules checks.PathRules
	files inventory
	home  map[string]bool // mount namespaces
	known origins
	self  self
	own   []string          // paths of quietsetup's own programs
	up    map[int32]bool    // this process and what it was started by; nil = not looked up
	reals map[string]string // scripts with links followed
	found []checks.Program
	blind blind
}

func (m *Machine) newSearch(ctx context.Context, match *checks.Matcher) *search {
	s := &search{ctx: atProc(ctx), match: match, rules: m.Rules(), home: homeNamespaces(), self: m.self(), own: m.options.Own,
		reals: map[string]string{}, known: origins{fresh: map[int32]origin{}}}
	if match != nil {
		s.files.places = match.Places()
	}
	if known := m.known.Load(); known != nil {
		s.known.old = *known
	}
	return s
}

// Find returns every running program that match speaks of. The error says that
// not all programs could be seen.
func (m *Machine) Find(ctx context.Context, match *checks.Matcher) ([]checks.Program, error) {
	s := m.newSearch(ctx, match)
	list, err := pids(s.ctx)
	if err != nil {
		return nil, err
	}
	for i, pid := range list {
		if i%64 == 0 && ctx.Err() != nil {
			return s.found, fmt.Errorf("cannot look through all processes: %w", ctx.Err())
		}
		s.look(pid)
	}
	known := s.known.of(list)
	m.known.Store(&known)
	if m.options.OwnUserOnly {
		s.blind = blind{}
	} else if _, err := os.Lstat("/proc/1"); err != nil {
		s.blind.add(1, errors.New("/proc shows the processes of one user only"))
	}
	return s.found, errors.Join(s.blind.problem(), s.files.err)
}

// tries is how often a process is looked at that changes meanwhile.
const tries = 3

// look looks at one process. If it execs another program, or gives its pid to
// another process, while its details are read, it is looked at again.
func (s *search) look(pid int32) {
	for range tries {
		exe, err := s.exe(pid)
		switch {
		case err == nil:
		case gone(err):
			return
		default:
			s.unreadable(pid, err)
			return
		}
		path, rule, ok, err := s.rule(pid, exe)
		if err != nil && !gone(err) {
			s.unreadable(pid, err)
			return
		}
		if err != nil || !ok {
			return
		}
		p, err := s.describe(pid, exe, path)
		if err == nil {
			p.Rule = rule
			s.found = append(s.found, p)
			return
		}
		if !errors.Is(err, errChanged) && !gone(err) {
			s.unreadable(pid, err)
			return
		}
	}
}

// exe returns the path of a process's executable. It is fs.ErrNotExist for
// what runs none: a thread of the kernel, a zombie, a process that has ended.
func (s *search) exe(pid int32) (string, error) {
	exe, err := exeOf(s.ctx, pid)
	if err == nil || !gone(err) {
		return exe, err
	}
	if _, ok := s.known.get(pid, ""); ok { // kernel threads are many; each is asked once
		s.known.keep()
		return "", fs.ErrNotExist
	}
	st, err := readStat(pid)
	if err != nil {
		return "", err
	}
	if st.flags&flagKernelThread != 0 {
		s.known.set(pid, origin{})
	}
	return os.Readlink(threadFile(pid, "exe"))
}

// unreadable notes a process that may not be looked into. Threads of the
// kernel run no program, and process 1 is vital whatever it runs.
func (s *search) unreadable(pid int32, err error) {
	if pid == 1 {
		return
	}
	st, statErr := readStat(pid)
	if statErr != nil && gone(statErr) || statErr == nil && (st.flags&flagKernelThread != 0 || !st.alive()) {
		return
	}
	s.blind.add(pid, cause(err))
}

// rule finds the rule a process falls under, and the path it does so by: its
// executable, or the script it interprets.
func (s *search) rule(pid int32, exe string) (path, rule string, ok bool, err error) {
	o, ok := s.known.get(pid, exe)
	if !ok {
		if o, err = originOf(pid, exe, s.home); err != nil {
			return "", "", false, err
		}
		s.known.set(pid, o)
	} else {
		s.known.keep()
	}
	if o.foreign {
		rule, ok = s.foreignRule(exe, o.file)
	} else {
		rule, ok = s.match.Match(exe)
	}
	if ok {
		return exe, rule, true, nil
	}
	if !o.interprets {
		return "", "", false, nil
	}
	scripts, err := readScripts(pid, exe)
	if err != nil {
		return "", "", false, err
	}
	for _, script := range scripts {
		if rule, ok := s.scriptRule(pid, script, o.foreign); ok {
			return script, rule, true, nil
		}
	}
	return "", "", false, nil
}

func (s *search) scriptRule(pid int32, script string, foreign bool) (string, bool) {
	if foreign {
		file, err := identityOf(procFile(pid, "root") + script)
		if err != nil {
			return s.match.MatchName(script)
		}
		return s.foreignRule(script, file)
	}
	if rule, ok := s.match.Match(script); ok {
		return rule, true
	}
	if real := s.followed(script); real != script {
		return s.match.Match(real)
	}
	return "", false
}

// followed is a script's path without links. Many processes run the same few
// scripts, so each path is followed once in a look.
func (s *search) followed(script string) string {
	real, ok := s.reals[script]
	if !ok {
		var err error
		if real, err = filepath.EvalSymlinks(script); err != nil {
			real = script
		}
		s.reals[script] = real
	}
	return real
}
