// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/needs"
)

// row is a utmp record of this machine's layout.
func row(kind uint16, pid int, line, name, host string) []byte {
	b := make([]byte, utmpSize(runtime.GOARCH))
	binary.NativeEndian.PutUint16(b, kind)
	binary.NativeEndian.PutUint32(b[utmpPID:], uint32(pid))
	copy(b[utmpLine:utmpLine+32], line)
	copy(b[utmpName:utmpName+32], name)
	copy(b[utmpHost:utmpHostEnd], host)
	return b
}

func writeUtmp(t testing.TB, rows ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "utmp")
	if err := os.WriteFile(path, slices.Concat(rows...), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// nobody is this machine without logind and utmp.
func nobody() *Machine {
	m := machine()
	m.logind, m.utmp = logind{}, nil
	return m
}

func people(t testing.TB, m *Machine) checks.People {
	t.Helper()
	p, err := m.People(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPeopleFromUtmp(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	live := os.Getpid()
	m := nobody()
	m.utmp = []string{"/no/such/file", writeUtmp(t), writeUtmp(t,
		row(2, 0, "~", "reboot", "6.1"),
		row(utmpUser, live, "pts/12345", me.Username, "192.0.2.1"),
		row(utmpUser, live, "tty2", "no-such-user-here", ":0"),
		row(utmpUser, live, "/dev/tty3", me.Username, ""),
		row(utmpUser, live, ":1", me.Username, ":1"),
		row(utmpUser, 1<<22+5, "pts/2", me.Username, ""), // its process is gone
		row(utmpUser, live, "../../etc/passwd", me.Username, ""),
		row(utmpUser, live, "pts/\x1b[2J", me.Username, ""),
		row(utmpUser, live, "pts/3", "", ""),
		row(8, live, "pts/4", me.Username, ""),
		[]byte("torn"),
	)}
	p := people(t, m)
	var got []string
	for _, s := range p.Sessions {
		got = append(got, strings.Join([]string{s.ID, s.Kind, s.Owner, fmt.Sprint(s.User.IsSecret(), s.UnlockedMS)}, " "))
	}
	owner := "uid:" + me.Uid
	want := []string{"pts/12345 remote " + owner + " true -1", "tty2 graphical  true -1", "tty3 terminal " + owner + " true -1", ":1 graphical " + owner + " true -1"}
	// A terminal's owner stands in for a user that is not listed on this machine.
	if uid, ok := ttyOwner("tty2"); ok {
		want[1] = "tty2 graphical uid:" + strconv.Itoa(uid) + " true -1"
	}
	if !p.Known || !slices.Equal(got, want) {
		t.Errorf("known %v\n%s\nwant\n%s", p.Known, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Contains(p.Leaders, live) {
		t.Errorf("leaders %v", p.Leaders)
	}
	m.utmp = []string{writeUtmp(t, row(2, 0, "~", "reboot", ""))}
	if p := people(t, m); !p.Known || len(p.Sessions) != 0 {
		t.Errorf("a kept utmp without people: %+v", p)
	}
}

func TestPeopleUnknown(t *testing.T) {
	m := nobody()
	if p := people(t, m); p.Known || len(p.Sessions) != 0 {
		t.Errorf("no source at all: %+v", p)
	}
	m.utmp = []string{writeUtmp(t), writeUtmp(t, make([]byte, 4*utmpSize(runtime.GOARCH)))}
	if p := people(t, m); p.Known {
		t.Errorf("a utmp nobody keeps: %+v", p)
	}
	o := checks.LookAtPeople(context.Background(), m)
	if o.SessionsKnown || o.Scanned || o.ResumedMS != -1 {
		t.Errorf("observation %+v", o)
	}
}

func TestPeopleFromAgents(t *testing.T) {
	var agents []Agent
	m := New(Options{OwnUserOnly: os.Geteuid() != 0, Agents: func() []Agent { return agents }})
	m.logind, m.utmp = logind{}, nil
	if p := people(t, m); p.Known {
		t.Errorf("no agent: %+v", p)
	}
	agents = []Agent{
		{Session: "pts/99999", Owner: "uid:0", TTY: "pts/99999"},
		{Session: "uid:54321", Owner: "uid:54321"},
		{Session: "bad\nid", Owner: "uid:0"},
		{Session: "pts/99999", Owner: "uid:0"},
	}
	p := people(t, m)
	if !p.Known || len(p.Sessions) != 2 {
		t.Fatalf("agents: %+v", p)
	}
	if s := p.Sessions[0]; s.ID != "pts/99999" || s.Kind != checks.KindTerminal || !s.Agent || s.IdleMS != -1 || s.UnlockedMS != -1 {
		t.Errorf("%+v", s)
	}
	if s := p.Sessions[1]; s.ID != "uid:54321" || s.Kind != checks.KindGraphical || s.User.IsSecret() {
		t.Errorf("%+v", s)
	}
	m.utmp = []string{writeUtmp(t, row(utmpUser, os.Getpid(), "pts/99999", "root", ""), row(utmpUser, os.Getpid(), "pts/8", "root", ""))}
	p = people(t, m)
	if len(p.Sessions) != 3 || !p.Sessions[0].Agent || p.Sessions[1].Agent {
		t.Errorf("joined: %+v", p.Sessions)
	}
	agents = []Agent{{Session: "pts/8", Owner: "uid:54321"}}
	if p = people(t, m); p.Sessions[1].Agent {
		t.Error("another user's agent speaks for a session")
	}
}

// fakeLogin is logind as far as it is asked.
type fakeLogin struct{ rows []listedSession }

func (f *fakeLogin) ListSessions() ([]listedSession, *dbus.Error) { return f.rows, nil }
func (f *fakeLogin) GetUser(uid uint32) (dbus.ObjectPath, *dbus.Error) {
	if uid != uint32(os.Getuid()) {
		return "", dbus.NewError(loginName+".NoSuchUser", nil)
	}
	return "/user", nil
}

// fakeProps are the properties of one object.
type fakeProps map[string]dbus.Variant

func (p fakeProps) GetAll(string) (map[string]dbus.Variant, *dbus.Error) {
	if p == nil {
		return nil, dbus.NewError("org.freedesktop.DBus.Error.UnknownObject", nil)
	}
	return p, nil
}
func (p fakeProps) Get(_, name string) (dbus.Variant, *dbus.Error) {
	v, ok := p[name]
	if !ok {
		return v, dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
	}
	return v, nil
}

// serve makes a logind of objects, reached over a connection of the real
// protocol without a bus between.
func serve(t *testing.T, login *fakeLogin, tree map[dbus.ObjectPath]fakeProps) logind {
	return logind{running: func() bool { return true }, dial: func(context.Context) (objects, io.Closer, error) {
		clientEnd, clientFar := net.Pipe()
		serverEnd, serverFar := net.Pipe()
		go func() {
			welcome(clientFar)
			welcome(serverFar)
			go io.Copy(clientFar, serverFar)
			io.Copy(serverFar, clientFar)
			clientFar.Close()
			serverFar.Close()
		}()
		client, err1 := dbus.NewConn(clientEnd)
		server, err2 := dbus.NewConn(serverEnd)
		errs := []error{err1, err2, server.Export(login, loginPath, loginManager)}
		for path, p := range tree {
			errs = append(errs, server.Export(p, path, "org.freedesktop.DBus.Properties"))
		}
		for _, c := range []*dbus.Conn{client, server} {
			errs = append(errs, c.Auth([]dbus.Auth{dbus.AuthExternal("0")}))
		}
		t.Cleanup(func() { server.Close() })
		return client, client, errors.Join(errs...)
	}}
}

// welcome lets a peer in that says who it is, as a bus does.
func welcome(c net.Conn) {
	line := ""
	for b := make([]byte, 1); ; {
		if _, err := c.Read(b); err != nil {
			return
		}
		if line += string(b); !strings.HasSuffix(line, "\r\n") {
			continue
		}
		switch line = strings.Trim(line, "\x00\r\n"); {
		case line == "BEGIN":
			return
		case line == "AUTH":
			io.WriteString(c, "REJECTED EXTERNAL\r\n")
		default:
			io.WriteString(c, "OK 0123456789abcdef0123456789abcdef\r\n")
		}
		line = ""
	}
}

func v(x any) dbus.Variant { return dbus.MakeVariant(x) }

func TestPeopleFromLogind(t *testing.T) {
	session := func(more fakeProps) fakeProps {
		p := fakeProps{"Class": v("user"), "State": v("active"), "Active": v(true), "Remote": v(false), "Type": v("wayland"), "TTY": v(""), "Leader": v(uint32(777)),
			"LockedHint": v(false), "IdleHint": v(false), "IdleSinceHintMonotonic": v(uint64(0))}
		for k, x := range more {
			p[k] = x
		}
		return p
	}
	tree := map[dbus.ObjectPath]fakeProps{
		loginPath: {"PreparingForShutdown": v(true)},
		"/s/2":    session(nil),
		"/s/3":    session(fakeProps{"Type": v("tty"), "TTY": v("pts/99999"), "Remote": v(true), "Leader": v(uint32(778))}),
		"/s/c1":   session(fakeProps{"Class": v("greeter"), "Leader": v(uint32(779))}),
		"/s/4":    session(fakeProps{"State": v("closing")}),
		"/s/5":    session(fakeProps{"LockedHint": v(true), "Active": v(false), "IdleHint": v(true), "IdleSinceHintMonotonic": v(uint64(1))}),
		"/s/6":    session(fakeProps{"Class": v(int32(7)), "Leader": v("x"), "LockedHint": v("yes"), "Type": v("tty"), "TTY": v("../../x")}),
		"/s/gone": nil,
		"/s/m":    session(fakeProps{"Class": v("manager")}),
		"/user": {"Display": v(struct {
			ID   string
			Path dbus.ObjectPath
		}{"2", "/s/2"})},
	}
	login := &fakeLogin{rows: []listedSession{
		{"2", 1000, "ann", "seat0", "/s/2"}, {"3", 1001, "bob", "", "/s/3"}, {"c1", 42, "gdm", "seat0", "/s/c1"}, {"4", 1000, "ann", "", "/s/4"},
		{"5", 1002, "cyd", "seat0", "/s/5"}, {"6", 1000, "ann", "", "/s/6"}, {"m", 1000, "ann", "", "/s/m"}, {"9", 1000, "ann", "", "/s/gone"}}}
	m := nobody()
	m.logind = serve(t, login, tree)
	p := people(t, m)
	var got []string
	for _, s := range p.Sessions {
		got = append(got, fmt.Sprint(s.ID, " ", s.Owner, " ", s.Kind, " ", s.Locked, s.Away, " ", s.IdleMS >= 0))
		if !s.User.IsSecret() {
			t.Errorf("the user of %s is not private", s.ID)
		}
	}
	want := []string{"2 uid:1000 graphical false false false", "3 uid:1001 remote false false false", "5 uid:1002 graphical true true true", "6 uid:1000 terminal false false false"}
	if !p.Known || !p.Leaving || !slices.Equal(got, want) {
		t.Errorf("known %v, leaving %v\n%s\nwant\n%s", p.Known, p.Leaving, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, leader := range []int{777, 778, 779} {
		if !slices.Contains(p.Leaders, leader) {
			t.Errorf("leaders %v lack %d", p.Leaders, leader)
		}
	}
	if id, owner, _, err := m.SessionOf(os.Getpid()); err != nil || id != "2" || owner != "uid:"+strconv.Itoa(os.Getuid()) {
		// Unless this test itself runs in a logind session.
		if _, _, scoped := scopeSession(cgroupOf(int32(os.Getpid()), cgroupRoot())); !scoped {
			t.Errorf("SessionOf = %q, %q, %v", id, owner, err)
		}
	}
	login.rows = append(login.rows, listedSession{"../x", 1, "x", "", "/s/2"})
	if p, err := m.People(context.Background()); err == nil || p.Known {
		t.Errorf("a hostile id: %+v, %v", p, err)
	}
}

func TestPeopleWhenLogindFails(t *testing.T) {
	broken := errors.New("broken")
	m := nobody()
	m.logind = logind{running: func() bool { return true }, dial: func(context.Context) (objects, io.Closer, error) { return nil, nil, broken }}
	if p, err := m.People(context.Background()); !errors.Is(err, broken) || p.Known {
		t.Errorf("%+v, %v", p, err)
	}
	m.utmp = []string{writeUtmp(t, row(utmpUser, os.Getpid(), "pts/8", "root", ""))}
	if p := people(t, m); !p.Known || len(p.Sessions) != 1 {
		t.Errorf("with utmp: %+v", p)
	}
	m.utmp = nil
	m.options.Agents = func() []Agent { return []Agent{{Session: "2", Owner: "uid:0"}} }
	if p := people(t, m); !p.Known || len(p.Sessions) != 1 {
		t.Errorf("with an agent: %+v", p)
	}
}

func TestFollowLocks(t *testing.T) {
	m := nobody()
	for i, step := range []struct {
		nowMS  int64
		locked bool
		want   int64
	}{{0, false, -1}, {10, false, -1}, {20, true, -1}, {30, true, -1}, {40, false, 0}, {100, false, 60}, {110, true, -1}, {120, false, 0}, {121, false, 1}} {
		s := []events.Session{{ID: "2", Locked: step.locked}, {ID: "3"}}
		m.followLocks(s, step.nowMS)
		if s[0].UnlockedMS != step.want || s[1].UnlockedMS != -1 {
			t.Errorf("step %d: %d, %d, want %d, -1", i, s[0].UnlockedMS, s[1].UnlockedMS, step.want)
		}
	}
	m.followLocks(nil, 130)
	if len(m.locks) != 0 {
		t.Error("sessions that ended are kept")
	}
}

func TestFollowSleep(t *testing.T) {
	m := nobody()
	for i, step := range []struct{ bootMS, awakeMS, want int64 }{
		{5000, 1000, -1}, {6000, 2000, -1}, {6500, 2499, -1}, {20000, 3000, 0}, {21000, 4000, 1000}, {60000, 5000, 0}, {60010, 5010, 10}} {
		if got := m.followSleep(step.bootMS, step.awakeMS); got != step.want {
			t.Errorf("step %d: %d, want %d", i, got, step.want)
		}
	}
}

func TestShutdownSoon(t *testing.T) {
	now := time.Now()
	path := filepath.Join(t.TempDir(), "scheduled")
	for text, want := range map[string]bool{
		"":                false,
		"MODE=poweroff\n": false,
		"USEC=x\n":        false,
		fmt.Sprintf("USEC=%d\nMODE=poweroff\n", now.Add(time.Minute).UnixMicro()): true,
		fmt.Sprintf("USEC=%d\n", now.Add(-time.Minute).UnixMicro()):               true,
		fmt.Sprintf("USEC=%d\n", now.Add(time.Hour).UnixMicro()):                  false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := shutdownSoon(path, now); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if shutdownSoon(path+"none", now) {
		t.Error("no file")
	}
}

func TestSessionOfTerminal(t *testing.T) {
	ptmx, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		needs.Missing(t, "needs pseudo terminals: "+err.Error())
	}
	defer ptmx.Close()
	n, err := unix.IoctlGetInt(int(ptmx.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(ptmx.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	name := "pts/" + strconv.Itoa(n)
	tty, err := os.OpenFile("/dev/"+name, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	dir, m := room(t), nobody()
	proc, err := os.StartProcess(sleeper(t, dir, "app", "busy"), []string{"busy", "100"}, &os.ProcAttr{
		Files: []*os.File{tty, tty, tty}, Sys: &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proc.Kill(); proc.Wait() })
	id, owner, gotTTY, err := m.SessionOf(proc.Pid)
	if _, _, scoped := scopeSession(cgroupOf(int32(proc.Pid), cgroupRoot())); !scoped && id != name {
		t.Errorf("id %q, want %q", id, name)
	}
	if err != nil || gotTTY != name || owner != "uid:"+strconv.Itoa(os.Getuid()) {
		t.Errorf("SessionOf = %q, %q, %v", owner, gotTTY, err)
	}
	if idle := ttyIdle(name); idle < 0 || idle > time.Hour {
		t.Errorf("idle for %v", idle)
	}
	// The program is put down to the session of its agent's terminal.
	m.options.Agents = func() []Agent { return []Agent{{Session: id, Owner: owner, TTY: gotTTY}} }
	o := checks.Look(context.Background(), m, events.Package{Dirs: []string{filepath.Join(dir, "app")}})
	if len(o.Programs) != 1 || o.Programs[0].Session != id || len(o.Sessions) != 1 || o.Sessions[0].IdleMS < 0 {
		t.Errorf("observation %+v", o)
	}
}

func TestSessionOfNobody(t *testing.T) {
	m := nobody()
	if id, _, _, err := m.SessionOf(1<<22 + 7); err == nil {
		t.Errorf("a process that is not there has session %q", id)
	}
	st, err := readStat(int32(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	id, owner, tty, err := m.SessionOf(os.Getpid())
	if _, _, scoped := scopeSession(cgroupOf(int32(os.Getpid()), cgroupRoot())); err != nil || !scoped && tty == "" && id != owner || tty != ttyName(st.tty) {
		t.Errorf("SessionOf = %q, %q, %q, %v", id, owner, tty, err)
	}
}
