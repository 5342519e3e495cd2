// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// table is a list of sessions as some machine showed it.
type table struct {
	rows []logon
	err  error
}

func (f *table) list() ([]logon, error) { return f.rows, f.err }

// conform is what every source of sessions must keep. With somebody at the
// machine it is run against the system itself too.
func conform(t *testing.T, l logons) {
	t.Helper()
	rows, err := l.list()
	if err != nil {
		if len(rows) != 0 {
			t.Errorf("%d sessions beside the error %v: whom a half-read list leaves out is there too", len(rows), err)
		}
		return
	}
	if len(rows) == 0 {
		t.Error("no session and no error: then nobody would be there")
	}
	ids := map[uint32]bool{}
	for _, r := range rows {
		switch {
		case ids[r.id]:
			t.Errorf("session %d is there twice", r.id)
		case r.state > windows.WTSInit:
			t.Errorf("session %d has the state %d", r.id, r.state)
		case r.user == "" && r.owner != "":
			t.Errorf("session %d has an owner and no user", r.id)
		case r.owner != "" && !strings.HasPrefix(r.owner, "sid:S-1-"):
			t.Errorf("session %d belongs to %q", r.id, r.owner)
		case r.idleMS < unknown:
			t.Errorf("session %d is idle for %d ms", r.id, r.idleMS)
		case strings.ContainsAny(r.user, `\`):
			t.Errorf("session %d: the domain is in the name", r.id)
		}
		ids[r.id] = true
	}
	for _, s := range sessionsOf(rows) {
		if !validSession(s.ID) || s.User.IsZero() {
			t.Errorf("%+v", s)
		}
	}
}

func TestLogonsConform(t *testing.T) {
	t.Run("system", func(t *testing.T) { conform(t, terminalServices{}) })
	t.Run("office", func(t *testing.T) { conform(t, office()) })
	t.Run("failing", func(t *testing.T) { conform(t, &table{err: errors.New("no list")}) })
}

// office is a machine with everything that there is.
func office() *table {
	const ann, bob, eve = "sid:S-1-5-21-1-2-3-1001", "sid:S-1-5-21-1-2-3-1002", "sid:S-1-5-21-1-2-3-1003"
	return &table{rows: []logon{
		{id: 0, state: windows.WTSDisconnected, lock: lockUnknown, idleMS: unknown},                                                         // services
		{id: 1, state: windows.WTSActive, domain: "FIRM", user: "ann", owner: ann, lock: lockUnlocked, idleMS: unknown},                     // at the screen
		{id: 2, state: windows.WTSActive, domain: "FIRM", user: "bob", owner: bob, remote: true, lock: lockLocked, idleMS: 90_000},          // by remote desktop
		{id: 3, state: windows.WTSDisconnected, domain: "FIRM", user: "eve", owner: eve, lock: lockUnknown, idleMS: unknown},                // switched away
		{id: 4, state: windows.WTSConnected, lock: lockUnknown, idleMS: unknown},                                                            // a screen that waits for a password
		{id: 5, state: windows.WTSReset, domain: "FIRM", user: "joe", owner: "sid:S-1-5-21-1-2-3-1004", lock: lockUnknown, idleMS: unknown}, // is ending
		{id: 65536, state: windows.WTSListen, user: "", lock: lockUnknown, idleMS: unknown},                                                 // waits for connections
	}}
}

func TestPeopleOfTheOffice(t *testing.T) {
	m := machine()
	m.logons = office()
	m.options.Agents = func() []Agent {
		return []Agent{{Session: "1", Owner: "sid:S-1-5-21-1-2-3-1001"}, {Session: "2", Owner: "sid:S-1-5-21-1-2-3-1001"}, {Session: "9", Owner: me(t)}, {Session: "../x", Owner: me(t)}}
	}
	people, err := m.People(context.Background())
	if err != nil || !people.Known || people.Leaving || len(people.Sessions) != 4 {
		t.Fatalf("%+v, %v", people, err)
	}
	for i, want := range []events.Session{
		{ID: "1", Owner: "sid:S-1-5-21-1-2-3-1001", Kind: checks.KindGraphical, Agent: true, IdleMS: unknown, UnlockedMS: unknown},
		{ID: "2", Owner: "sid:S-1-5-21-1-2-3-1002", Kind: checks.KindRemote, Locked: true, IdleMS: 90_000, UnlockedMS: unknown}, // the agent is another's
		{ID: "3", Owner: "sid:S-1-5-21-1-2-3-1003", Kind: checks.KindGraphical, Away: true, IdleMS: unknown, UnlockedMS: unknown},
		{ID: "9", Owner: me(t), Kind: checks.KindGraphical, Agent: true, IdleMS: unknown, UnlockedMS: unknown}, // proven by its agent
	} {
		got := people.Sessions[i]
		name := got.User.String()
		if got.User = (events.Text{}); got != want {
			t.Errorf("session %+v, want %+v", got, want)
		}
		if i < 3 && name != `FIRM\`+[]string{"ann", "bob", "eve"}[i] {
			t.Errorf("user %q", name)
		}
	}
}

// A session that was locked at one look and is not at the next was unlocked just now.
func TestUnlocked(t *testing.T) {
	m, o := machine(), office()
	m.logons = o
	look := func() events.Session {
		p, err := m.People(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return p.Sessions[1]
	}
	if s := look(); !s.Locked || s.UnlockedMS != unknown {
		t.Errorf("%+v", s)
	}
	o.rows[2].lock = lockUnlocked
	if s := look(); s.Locked || s.UnlockedMS < 0 || s.UnlockedMS > 5000 {
		t.Errorf("%+v", s)
	}
}

func TestLockFlag(t *testing.T) {
	for _, c := range []struct {
		flag     lockFlag
		inverted bool
		want     bool
	}{{lockLocked, false, true}, {lockUnlocked, false, false}, {lockLocked, true, false}, {lockUnlocked, true, true}, {lockUnknown, false, false}, {lockUnknown, true, false}, {2, true, false}} {
		if got := (logon{lock: c.flag, inverted: c.inverted}).locked(); got != c.want {
			t.Errorf("flag %d, inverted %v: locked %v", c.flag, c.inverted, got)
		}
	}
}

func TestPeopleUnknown(t *testing.T) {
	m := machine()
	m.logons = &table{err: errors.New("no list")}
	if p, err := m.People(context.Background()); err == nil || p.Known {
		t.Errorf("without a source: %+v, %v", p, err)
	}
	m.options.Agents = func() []Agent { return []Agent{{Session: "1", Owner: me(t)}} }
	if p, err := m.People(context.Background()); err != nil || !p.Known || len(p.Sessions) != 1 {
		t.Errorf("with an agent: %+v, %v", p, err)
	}
	m.logons = &table{rows: []logon{{id: 0, lock: lockUnknown, idleMS: unknown}}}
	m.options.Agents = nil
	if p, err := m.People(context.Background()); err != nil || !p.Known || len(p.Sessions) != 0 {
		t.Errorf("nobody is logged on: %+v, %v", p, err)
	}
}

// Whoever runs this test is there, also where the system lists no sessions.
func TestPeopleHere(t *testing.T) {
	m := machine()
	id, owner, tty, err := m.SessionOf(os.Getpid())
	if err != nil || owner != me(t) || tty != "" {
		t.Fatalf("%q, %q, %q, %v", id, owner, tty, err)
	}
	people, err := m.People(context.Background())
	if err != nil || !people.Known {
		t.Fatalf("%+v, %v", people, err)
	}
	i := slices.IndexFunc(people.Sessions, func(s events.Session) bool { return s.ID == id })
	if n, _ := strconv.Atoi(id); n == 0 {
		return // run by a service: nobody need be there
	}
	if i < 0 || people.Sessions[i].Owner != owner || people.Sessions[i].User.IsZero() {
		t.Errorf("session %s of %s is not among %+v", id, owner, people.Sessions)
	}
	if _, _, _, err := m.SessionOf(0); err == nil {
		t.Error("process 0 has a session")
	}
}
