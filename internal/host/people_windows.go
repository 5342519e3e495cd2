// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// People returns who is at the machine: from the system's list of sessions and
// from the connected agents. Windows announces a shutdown only when it begins,
// and then to the service, so Leaving is never set here.
func (m *Machine) People(context.Context) (checks.People, error) {
	booted, awake := bootTime(), awakeTime()
	out := checks.People{ResumedMS: m.followSleep(booted.Milliseconds(), awake.Milliseconds())}
	list, err := m.logons.list()
	if out.Known = err == nil; out.Known {
		out.Sessions = sessionsOf(list)
	}
	var agents []Agent
	if m.options.Agents != nil {
		agents = m.options.Agents()
	}
	out.Sessions = joinAgents(out.Sessions, agents, userOf, func(string) time.Duration { return unknown })
	if len(agents) > 0 {
		out.Known, err = true, nil // whoever else is there, somebody is
	}
	m.followLocks(out.Sessions, booted.Milliseconds())
	return out, err
}

// sessionsOf returns those sessions that somebody has logged on to. Session 0 is
// that of services, and one that listens or waits for a password has no user.
func sessionsOf(list []logon) []events.Session {
	var out []events.Session
	for _, l := range list {
		if l.user == "" || !somebodys(l.state) {
			continue
		}
		name := l.user
		if l.domain != "" {
			name = l.domain + `\` + name
		}
		s := events.Session{ID: strconv.FormatUint(uint64(l.id), 10), Owner: l.owner, User: secret(name), Kind: checks.KindGraphical,
			Locked: l.locked(), Away: l.state == windows.WTSDisconnected, IdleMS: l.idleMS, UnlockedMS: unknown}
		if l.remote {
			s.Kind = checks.KindRemote
		}
		out = append(out, s)
	}
	return out
}

// SessionOf returns the session a process belongs to and its owner
// ("sid:S-1-5-…"), from the kernel's facts alone. Windows has no terminals.
func (m *Machine) SessionOf(pid int) (id, owner, tty string, err error) {
	failed := func(err error) (string, string, string, error) {
		return "", "", "", fmt.Errorf("cannot find the session of process %d: %w", pid, err)
	}
	if pid <= 0 {
		return failed(errEnded)
	}
	// While the handle is open, the pid means this process.
	h, err := openToLook(int32(pid))
	if err != nil {
		return failed(err)
	}
	defer windows.CloseHandle(h)
	var session uint32
	if err := windows.ProcessIdToSessionId(uint32(pid), &session); err != nil {
		return failed(err)
	}
	if owner = ownerOf(h); owner == "" {
		return failed(windows.ERROR_ACCESS_DENIED)
	}
	if ended(h) {
		return failed(errEnded)
	}
	return strconv.FormatUint(uint64(session), 10), owner, "", nil
}

// userOf returns the name of an owner, empty where the machine has none.
func userOf(owner string) events.Text {
	sid, err := windows.StringToSid(strings.TrimPrefix(owner, "sid:"))
	if err != nil {
		return events.Plain("")
	}
	name, domain, _, err := sid.LookupAccount("")
	if err != nil {
		return events.Plain("")
	}
	if domain != "" {
		name = domain + `\` + name
	}
	return secret(name)
}
