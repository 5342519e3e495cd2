// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// logons tells which sessions there are. It is the system's, and a table in tests:
// what it tells of locks and of several sessions no test can bring about.
type logons interface {
	// list returns all sessions, also those that nobody has logged on to. Without
	// any it returns an error.
	list() ([]logon, error)
}

// logon is a session as the system describes it.
type logon struct {
	id           uint32
	state        uint32 // WTS_CONNECTSTATE_CLASS
	domain, user string // empty while nobody has logged on
	owner        string // "sid:S-1-5-…", "" if not known
	remote       bool   // somebody sits elsewhere
	lock         lockFlag
	inverted     bool  // lock says the opposite, see lockFlag
	idleMS       int64 // -1 = not known
}

// lockFlag is SessionFlags of WTSINFOEX_LEVEL1. On Windows 7 and Windows Server
// 2008 R2 the first two are confused, "due to a code defect" (Microsoft,
// WTSINFOEX_LEVEL1_W).
type lockFlag uint32

const (
	lockLocked   lockFlag = 0
	lockUnlocked lockFlag = 1
	lockUnknown  lockFlag = 0xffffffff
)

// locked reports whether the session is known to be locked.
func (l logon) locked() bool {
	switch l.lock {
	case lockLocked:
		return !l.inverted
	case lockUnlocked:
		return l.inverted
	}
	return false
}

var (
	wtsapi                     = windows.NewLazySystemDLL("wtsapi32.dll")
	wtsQuerySessionInformation = wtsapi.NewProc("WTSQuerySessionInformationW")
)

// terminalServices is what every Windows has, with or without remote desktops.
type terminalServices struct{}

// What is asked of a session (WTS_INFO_CLASS).
const (
	askUser     = 5
	askDomain   = 7
	askProtocol = 16
	askTimes    = 24
	askDetails  = 25
)

// noConsole is what WTSGetActiveConsoleSessionId returns while no session is at
// the machine's own screen.
const noConsole = 0xffffffff

func (t terminalServices) list() ([]logon, error) {
	var first *windows.WTS_SESSION_INFO
	var count uint32
	if err := windows.WTSEnumerateSessions(0, 0, 1, &first, &count); err != nil {
		return nil, fmt.Errorf("cannot list sessions: %w", err)
	}
	defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(first)))
	if count == 0 || first == nil {
		return t.console()
	}
	version := windows.RtlGetVersion()
	var out []logon
	for _, s := range unsafe.Slice(first, count) {
		l := logon{id: s.SessionID, state: s.State, lock: lockUnknown, idleMS: unknown, inverted: version.MajorVersion == 6 && version.MinorVersion == 1}
		if !somebodys(l.state) {
			out = append(out, l)
			continue
		}
		if err := t.describe(&l); err != nil {
			if errors.Is(err, windows.ERROR_FILE_NOT_FOUND) || errors.Is(err, windows.ERROR_CTX_WINSTATION_NOT_FOUND) {
				continue // it ended after it was listed
			}
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// somebodys reports whether somebody can be logged on to a session in this state.
// The others wait for a connection, begin or end.
func somebodys(state uint32) bool {
	switch state {
	case windows.WTSListen, windows.WTSReset, windows.WTSDown, windows.WTSInit:
		return false
	}
	return true
}

// console is for a system that keeps no list of sessions: Windows always lists
// its own, so an empty list says nothing. Then the session at the screen is asked
// for, which is there in any case.
func (t terminalServices) console() ([]logon, error) {
	id := windows.WTSGetActiveConsoleSessionId()
	if id == noConsole {
		return nil, errors.New("cannot list sessions: the system names none")
	}
	l := logon{id: id, state: windows.WTSActive, lock: lockUnknown, idleMS: unknown}
	err := t.describe(&l)
	return []logon{l}, err
}

// describe asks for what the list does not hold.
func (t terminalServices) describe(l *logon) error {
	user, err := sessionText(l.id, askUser)
	if err != nil {
		return fmt.Errorf("cannot read who is logged on in session %d: %w", l.id, err)
	}
	if l.user = user; user == "" {
		return nil
	}
	l.domain, _ = sessionText(l.id, askDomain) // the name alone will do
	l.owner = sessionOwner(l.id, l.domain, user)
	if b, free, err := sessionData(l.id, askProtocol, 2); err == nil {
		l.remote = *(*uint16)(b) != 0
		free()
	}
	if b, free, err := sessionData(l.id, askDetails, unsafe.Sizeof(sessionDetails{})); err == nil {
		if d := (*sessionDetails)(b); d.Level == 1 {
			l.lock = lockFlag(d.Flags)
		}
		free()
	}
	// At the machine's own screen nobody notes down when a key was pressed.
	if b, free, err := sessionData(l.id, askTimes, unsafe.Sizeof(sessionTimes{})); err == nil {
		if d := (*sessionTimes)(b); l.remote && d.LastInput > 0 && d.Now >= d.LastInput {
			l.idleMS = (d.Now - d.LastInput) / 10_000
		}
		free()
	}
	return nil
}

// sessionDetails is the beginning of WTSINFOEX with level 1.
type sessionDetails struct {
	Level, _  uint32
	SessionID uint32
	State     uint32
	Flags     uint32
}

// sessionTimes is WTSINFO.
type sessionTimes struct {
	State, SessionID                                     uint32
	BytesIn, BytesOut, FramesIn, FramesOut, SizeIn, Size uint32
	Station                                              [32]uint16
	Domain                                               [17]uint16
	User                                                 [21]uint16
	Connected, Disconnected, LastInput, LoggedOn, Now    int64
}

// sessionData asks for something of at least size bytes, which free gives back.
func sessionData(id, what uint32, size uintptr) (b unsafe.Pointer, free func(), err error) {
	var n uint32
	if err := wtsQuerySessionInformation.Find(); err != nil {
		return nil, nil, err
	}
	ok, _, err := wtsQuerySessionInformation.Call(0, uintptr(id), uintptr(what), uintptr(unsafe.Pointer(&b)), uintptr(unsafe.Pointer(&n)))
	if ok == 0 || b == nil {
		return nil, nil, err
	}
	free = func() { windows.WTSFreeMemory(uintptr(b)) }
	if uintptr(n) < size {
		free()
		return nil, nil, fmt.Errorf("%d bytes are too few", n)
	}
	return b, free, nil
}

func sessionText(id, what uint32) (string, error) {
	b, free, err := sessionData(id, what, 2)
	if err != nil {
		return "", err
	}
	defer free()
	return windows.UTF16PtrToString((*uint16)(b)), nil
}

// sessionOwner returns whose session it is. The token of the session tells the
// system alone; others look the name up, which may ask the domain.
func sessionOwner(id uint32, domain, user string) string {
	var token windows.Token
	if windows.WTSQueryUserToken(id, &token) == nil {
		defer token.Close()
		if owner := tokenOwner(token); owner != "" {
			return owner
		}
	}
	if domain != "" && !strings.Contains(user, `\`) {
		user = domain + `\` + user
	}
	sid, _, _, err := windows.LookupSID("", user)
	if err != nil {
		return ""
	}
	return "sid:" + sid.String()
}
