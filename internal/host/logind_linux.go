// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// busWait is how long logind may take to answer a whole look.
const busWait = 3 * time.Second

const (
	loginName    = "org.freedesktop.login1"
	loginPath    = dbus.ObjectPath("/org/freedesktop/login1")
	loginManager = "org.freedesktop.login1.Manager"
	loginSession = "org.freedesktop.login1.Session"
	loginUser    = "org.freedesktop.login1.User"
	busGet       = "org.freedesktop.DBus.Properties.Get"
	busGetAll    = "org.freedesktop.DBus.Properties.GetAll"
)

// logind is the way to the session manager.
type logind struct {
	// running reports whether there is a session manager at all; nil = no.
	running func() bool
	// dial opens a connection that is closed after each look: looks are rare,
	// and a connection that is kept goes stale unseen.
	dial func(ctx context.Context) (objects, io.Closer, error)
}

// objects is the part of a bus connection that is used.
type objects interface {
	Object(dest string, path dbus.ObjectPath) dbus.BusObject
}

func systemLogind() logind {
	return logind{
		running: func() bool {
			_, err := os.Stat("/run/systemd/seats") // the documented sign, elogind's too
			return err == nil
		},
		dial: func(ctx context.Context) (objects, io.Closer, error) {
			conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
			if err != nil {
				return nil, nil, err
			}
			return conn, conn, nil
		},
	}
}

func (l logind) there() bool { return l.running != nil && l.running() }

// loginView is what logind shows.
type loginView struct {
	sessions []events.Session
	ttys     map[string]string // session id -> terminal, where it has one
	leaders  []int
	leaving  bool
}

// listedSession is a row of ListSessions.
type listedSession struct {
	ID   string
	UID  uint32
	User string
	Seat string
	Path dbus.ObjectPath
}

// look asks logind for all sessions of people.
func (l logind) look(ctx context.Context, nowMonotonic time.Duration) (loginView, error) {
	ctx, cancel := context.WithTimeout(ctx, busWait)
	defer cancel()
	bus, conn, err := l.dial(ctx)
	if err != nil {
		return loginView{}, fmt.Errorf("cannot reach logind: %w", err)
	}
	defer conn.Close()
	manager := bus.Object(loginName, loginPath)
	var rows []listedSession
	if err := manager.CallWithContext(ctx, loginManager+".ListSessions", 0).Store(&rows); err != nil {
		return loginView{}, fmt.Errorf("cannot list logind's sessions: %w", err)
	}
	view := loginView{ttys: map[string]string{}}
	var leaving dbus.Variant
	if err := manager.CallWithContext(ctx, busGet, 0, loginManager, "PreparingForShutdown").Store(&leaving); err == nil {
		view.leaving, _ = leaving.Value().(bool)
	}
	for _, row := range rows {
		var props map[string]dbus.Variant
		err := bus.Object(loginName, row.Path).CallWithContext(ctx, busGetAll, 0, loginSession).Store(&props)
		if endedMeanwhile(err) {
			continue
		}
		if err != nil {
			return loginView{}, fmt.Errorf("cannot read a logind session: %w", err)
		}
		if !validSession(row.ID) {
			return loginView{}, fmt.Errorf("cannot read logind's sessions: one has an id that is none")
		}
		view.add(row, props, nowMonotonic)
	}
	return view, nil
}

// endedMeanwhile reports whether the session went away after it was listed.
func endedMeanwhile(err error) bool {
	var e dbus.Error
	if !errors.As(err, &e) {
		return false
	}
	return e.Name == "org.freedesktop.DBus.Error.UnknownObject" || e.Name == loginName+".NoSuchSession"
}

// value reads a property, whatever type it turns out to have.
func value[T any](props map[string]dbus.Variant, name string) T {
	v, _ := props[name].Value().(T)
	return v
}

func (v *loginView) add(row listedSession, props map[string]dbus.Variant, nowMonotonic time.Duration) {
	if leader := value[uint32](props, "Leader"); leader > 1 {
		v.leaders = append(v.leaders, int(leader))
	}
	class := value[string](props, "Class")
	if class != "" && !strings.HasPrefix(class, "user") || value[string](props, "State") == "closing" {
		return // a greeter, a lock screen or a service's session; or the person has left
	}
	s := events.Session{ID: row.ID, Owner: "uid:" + strconv.FormatUint(uint64(row.UID), 10), User: secret(row.User),
		Locked: value[bool](props, "LockedHint"), IdleMS: unknown, UnlockedMS: unknown}
	if active, ok := props["Active"].Value().(bool); ok {
		s.Away = !active
	}
	tty := value[string](props, "TTY")
	switch typ := value[string](props, "Type"); {
	case value[bool](props, "Remote"):
		s.Kind = checks.KindRemote
	case typ == "tty" || typ == "" && tty != "":
		s.Kind = checks.KindTerminal
	default:
		s.Kind = checks.KindGraphical
	}
	if s.Kind != checks.KindGraphical && validSession(tty) {
		v.ttys[s.ID] = tty
	}
	// The hint is given only after some minutes without input. Before that the
	// time is not known.
	if at := value[uint64](props, "IdleSinceHintMonotonic"); value[bool](props, "IdleHint") && at > 0 {
		s.IdleMS = max(0, (nowMonotonic - time.Duration(at)*time.Microsecond).Milliseconds())
	}
	v.sessions = append(v.sessions, s)
}

// display returns the session that a user's programs without a session of
// their own belong to: such are all that the user's service manager starts.
func (l logind) display(ctx context.Context, uid int) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, busWait)
	defer cancel()
	bus, conn, err := l.dial(ctx)
	if err != nil {
		return "", fmt.Errorf("cannot reach logind: %w", err)
	}
	defer conn.Close()
	var path dbus.ObjectPath
	if err := bus.Object(loginName, loginPath).CallWithContext(ctx, loginManager+".GetUser", 0, uint32(uid)).Store(&path); err != nil {
		return "", fmt.Errorf("cannot find user %d in logind: %w", uid, err)
	}
	var v dbus.Variant
	if err := bus.Object(loginName, path).CallWithContext(ctx, busGet, 0, loginUser, "Display").Store(&v); err != nil {
		return "", fmt.Errorf("cannot read the session of user %d from logind: %w", uid, err)
	}
	var ref struct {
		ID   string
		Path dbus.ObjectPath
	}
	if err := v.Store(&ref); err != nil {
		return "", fmt.Errorf("cannot read the session of user %d from logind: %w", uid, err)
	}
	if !validSession(ref.ID) {
		return "", fmt.Errorf("user %d has no session in logind", uid)
	}
	return ref.ID, nil
}
