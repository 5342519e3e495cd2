// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// People returns who is at the machine: from logind, else from utmp, and from
// the connected agents.
func (m *Machine) People(ctx context.Context) (checks.People, error) {
	booted, awake := bootTime(), awakeTime()
	out := checks.People{
		ResumedMS: m.followSleep(booted.Milliseconds(), awake.Milliseconds()),
		Leaving:   shutdownSoon("/run/systemd/shutdown/scheduled", time.Now()),
	}
	err := m.sessions(ctx, &out, awake)
	var agents []Agent
	if m.options.Agents != nil {
		agents = m.options.Agents()
	}
	out.Sessions = joinAgents(out.Sessions, agents, userOf, ttyIdle)
	if len(agents) > 0 {
		out.Known, err = true, nil // whoever else is there, somebody is
	}
	m.followLocks(out.Sessions, booted.Milliseconds())
	return out, err
}

// sessions asks the machine's own sources.
func (m *Machine) sessions(ctx context.Context, out *checks.People, monotonic time.Duration) error {
	var loginErr error
	if m.logind.there() {
		view, err := m.logind.look(ctx, monotonic)
		if err == nil {
			for i, s := range view.sessions {
				if tty := view.ttys[s.ID]; tty != "" {
					view.sessions[i].IdleMS = idleMS(ttyIdle(tty))
				}
			}
			out.Known, out.Sessions, out.Leaders = true, view.sessions, view.leaders
			out.Leaving = out.Leaving || view.leaving
			return nil
		}
		loginErr = err
	}
	sessions, leaders, known, err := readUtmp(m.utmp)
	if known {
		out.Known, out.Sessions, out.Leaders = true, sessions, leaders
		return nil
	}
	if loginErr != nil {
		return loginErr
	}
	return err
}

// SessionOf returns the session a process belongs to, its owner ("uid:1000")
// and its terminal ("pts/3", "" for none), from the kernel's facts alone. The
// id is that of logind where it knows one: the session the process was started
// in, or for one that the user's service manager started the user's own. Else
// it is the terminal, else "uid:1000".
func (m *Machine) SessionOf(pid int) (id, owner, tty string, err error) {
	failed := func(err error) (string, string, string, error) {
		return "", "", "", fmt.Errorf("cannot find the session of process %d: %w", pid, cause(err))
	}
	st, err := readStat(int32(pid))
	if err == nil && !st.alive() {
		err = syscall.ESRCH
	}
	if err != nil {
		return failed(err)
	}
	uid, err := ownerOf(int32(pid))
	if err != nil {
		return failed(err)
	}
	owner, tty = "uid:"+strconv.Itoa(uid), ttyName(st.tty)
	if scope, _, ok := scopeSession(cgroupOf(int32(pid), cgroupRoot())); ok {
		id = scope
	}
	if id == "" && m.logind.there() {
		// A user without a session there is not an error: the terminal tells.
		if display, err := m.logind.display(context.Background(), uid); err == nil {
			id = display
		}
	}
	if id == "" && tty != "" {
		id = tty
	}
	if id == "" {
		id = owner
	}
	again, err := readStat(int32(pid))
	if err == nil && again.start != st.start {
		err = fs.ErrNotExist // the pid went to another process meanwhile
	}
	if err != nil {
		return failed(err)
	}
	return id, owner, tty, nil
}

// userOf returns the name of an owner, empty where the machine has none.
func userOf(owner string) events.Text {
	u, err := user.LookupId(strings.TrimPrefix(owner, "uid:"))
	if err != nil {
		return events.Plain("")
	}
	return secret(u.Username)
}

// soon is how long before a scheduled shutdown the machine counts as leaving.
const soon = 15 * time.Minute

// shutdownSoon reports whether systemd was told to shut down within minutes.
func shutdownSoon(path string, now time.Time) bool {
	b, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "USEC="); ok {
			usec, err := strconv.ParseInt(rest, 10, 64)
			return err == nil && time.UnixMicro(usec).Sub(now) < soon
		}
	}
	return false
}
