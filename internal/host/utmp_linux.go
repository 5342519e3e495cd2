// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// The layout of a utmp record of glibc, which musl shares: the fields used have
// the same place everywhere, only the length differs.
const (
	utmpUser    = 7 // ut_type of a person's session
	utmpPID     = 4
	utmpLine    = 8
	utmpName    = 44
	utmpHost    = 76
	utmpHostEnd = 332
)

// maxUtmp bounds what is read of a utmp file.
const maxUtmp = 4 << 20

func utmpSize(arch string) int {
	if arch == "arm64" || arch == "loong64" || arch == "s390x" {
		return 400
	}
	return 384
}

// utmpRow is a person's session in utmp.
type utmpRow struct {
	pid              int32
	line, user, host string
}

// parseUtmp returns the sessions of people. used is false if the file holds
// nothing at all: then nobody keeps it, and it says nothing of who is there.
func parseUtmp(b []byte, size int) (rows []utmpRow, used bool) {
	text := func(b []byte) string { s, _, _ := bytes.Cut(b, []byte{0}); return string(s) }
	for ; len(b) >= size; b = b[size:] {
		kind := binary.NativeEndian.Uint16(b)
		if kind != 0 {
			used = true
		}
		row := utmpRow{
			pid:  int32(binary.NativeEndian.Uint32(b[utmpPID:])),
			line: strings.TrimPrefix(text(b[utmpLine:utmpLine+32]), "/dev/"),
			user: text(b[utmpName : utmpName+32]),
			host: text(b[utmpHost:utmpHostEnd]),
		}
		if kind == utmpUser && row.user != "" && validSession(row.line) {
			rows = append(rows, row)
		}
	}
	return rows, used
}

// readUtmp returns the sessions of the first of the files that is kept, and
// their leaders; known is false if none is.
func readUtmp(paths []string) (sessions []events.Session, leaders []int, known bool, err error) {
	for _, path := range paths {
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, false, fmt.Errorf("cannot read the sessions of %s: %w", path, cause(err))
		}
		b, err := io.ReadAll(io.LimitReader(f, maxUtmp))
		f.Close()
		if err != nil {
			return nil, nil, false, fmt.Errorf("cannot read the sessions of %s: %w", path, cause(err))
		}
		rows, used := parseUtmp(b, utmpSize(runtime.GOARCH))
		if !used {
			continue
		}
		for _, row := range rows {
			st, err := readStat(row.pid)
			if row.pid <= 1 || err != nil || !st.alive() {
				continue // left behind by a session that is over
			}
			sessions = append(sessions, row.session())
			leaders = append(leaders, int(row.pid))
		}
		return sessions, leaders, true, nil
	}
	return nil, nil, false, nil
}

func (r utmpRow) session() events.Session {
	s := events.Session{ID: r.line, User: secret(r.user), Kind: checks.KindTerminal, IdleMS: idleMS(ttyIdle(r.line)), UnlockedMS: unknown}
	switch {
	case strings.HasPrefix(r.line, ":") || strings.HasPrefix(r.host, ":") && strings.HasPrefix(r.line, "tty"):
		s.Kind = checks.KindGraphical
		s.IdleMS = unknown // nobody types on the terminal of a graphical session
	case r.host != "" && !strings.HasPrefix(r.host, ":") && !strings.HasPrefix(r.host, "tmux"):
		s.Kind = checks.KindRemote
	}
	if u, err := user.Lookup(r.user); err == nil {
		s.Owner = "uid:" + u.Uid
	} else if uid, ok := ttyOwner(r.line); ok { // a user of a directory service
		s.Owner = "uid:" + strconv.Itoa(uid)
	}
	return s
}

func ttyStat(tty string) (syscall.Stat_t, bool) {
	var st syscall.Stat_t
	if !validSession(tty) || tty[0] == '/' || tty[0] == ':' {
		return st, false
	}
	err := ignoringEINTR(func() error { return syscall.Stat("/dev/"+tty, &st) })
	return st, err == nil && st.Mode&syscall.S_IFMT == syscall.S_IFCHR
}

func ttyOwner(tty string) (int, bool) {
	st, ok := ttyStat(tty)
	return int(st.Uid), ok
}

// ttyIdle returns the time since somebody last typed on a terminal, exact to
// eight seconds; negative = not known.
func ttyIdle(tty string) time.Duration {
	st, ok := ttyStat(tty)
	if !ok {
		return unknown
	}
	return max(0, time.Since(time.Unix(st.Atim.Unix())))
}
