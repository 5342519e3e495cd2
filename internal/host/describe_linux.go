// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"strconv"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// self is what this process is compared with; none of it changes while it runs.
type self struct {
	root  string // control group of the whole machine
	group string // our own control group
	start int64  // when this process started
}

func lookAtSelf() self {
	s := self{root: cgroupRoot(), start: math.MaxInt64} // not known: then anything may be older
	s.group = cgroupOf(int32(os.Getpid()), s.root)
	if start, err := StartOf(os.Getpid()); err == nil {
		s.start = start
	}
	return s
}

// above reports whether a process is this one or one that it was started by.
// Only what started before us can be.
func (s *search) above(pid int32, start int64) bool {
	if start > s.self.start {
		return false
	}
	if s.up == nil {
		s.up = ancestors()
	}
	return s.up[pid]
}

// errChanged says that a process became another one while it was looked at.
var errChanged = errors.New("the process changed")

// describe reads what is to be known of one process that runs exe.
func (s *search) describe(pid int32, exe, path string) (checks.Program, error) {
	st, err := readStat(pid)
	if err != nil {
		return checks.Program{}, err
	}
	if !st.alive() {
		return checks.Program{}, fs.ErrNotExist
	}
	uid, err := ownerOf(pid)
	if err != nil {
		return checks.Program{}, err
	}
	group := cgroupOf(pid, s.self.root)
	p := checks.Program{
		ID:      events.ProcessID{PID: int(pid), Start: st.start},
		Path:    s.rules.Clean(path),
		Owner:   "uid:" + strconv.Itoa(uid),
		Service: service(pid, group, s.self.group, uid, st),
		Kernel:  st.flags&flagKernelThread != 0,
		Own:     s.above(pid, st.start) || ownPath(s.rules, s.own, s.rules.Clean(exe)),
	}
	if id, _, ok := scopeSession(group); ok {
		p.Sessions = append(p.Sessions, id)
	}
	// A container has terminals of its own, with the same names.
	o, _ := s.known.get(pid, exe)
	if tty := ttyName(st.tty); tty != "" && !o.foreign {
		p.Sessions = append(p.Sessions, tty)
	}
	again, err := readStat(pid)
	if err != nil {
		return checks.Program{}, err
	}
	now, err := s.exe(pid)
	if err == nil && (now != exe || again.start != st.start) {
		err = errChanged
	}
	return p, err
}
