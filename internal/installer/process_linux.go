// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/events"
)

// stat is what /proc/<pid>/stat says of a process.
type stat struct {
	id      events.ProcessID
	name    string
	state   byte
	parent  int
	session int
	threads int
}

// gone is true of a process that has ended and was not reaped yet. A leading
// thread that has ended before the others does not end the process.
func (s stat) gone() bool {
	return (s.state == 'Z' || s.state == 'X' || s.state == 'x') && s.threads <= 1
}

// readStat returns fs.ErrNotExist if there is no such process.
func readStat(pid int) (stat, error) {
	path := "/proc/" + strconv.Itoa(pid) + "/stat"
	text, err := os.ReadFile(path)
	if errors.Is(err, unix.ESRCH) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return stat{}, fmt.Errorf("cannot look at process %d: %w", pid, err)
	}
	s, ok := parseStat(text)
	if !ok || s.id.PID != pid {
		return stat{}, fmt.Errorf("cannot look at process %d: %s reads %.80q", pid, path, text)
	}
	return s, nil
}

// parseStat reads the line. The name is in parentheses and may hold any byte,
// so the last closing one counts.
func parseStat(text []byte) (stat, bool) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return stat{}, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:open])))
	f := strings.Fields(string(text[end+1:]))
	if err != nil || len(f) < 20 || len(f[0]) != 1 {
		return stat{}, false
	}
	s := stat{name: string(text[open+1 : end]), state: f[0][0]}
	var bad [4]error
	s.parent, bad[0] = strconv.Atoi(f[1])
	s.session, bad[1] = strconv.Atoi(f[3])
	s.threads, bad[2] = strconv.Atoi(f[17])
	s.id.PID = pid
	s.id.Start, bad[3] = strconv.ParseInt(f[19], 10, 64)
	return s, errors.Join(bad[:]...) == nil
}

// identify returns a living process's pid with its start time.
func identify(pid int) (events.ProcessID, error) {
	s, err := readStat(pid)
	return s.id, err
}

// alive reports whether exactly this process still runs. An error means that it
// is not known.
func alive(id events.ProcessID) (bool, error) {
	if id.PID <= 0 {
		return false, nil
	}
	s, err := readStat(id.PID)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return s.id == id && !s.gone(), nil
}

// processes lists what runs now. A process that ends meanwhile may be missing.
func processes() ([]stat, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("cannot list processes: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("cannot list processes: %w", err)
	}
	var all []stat
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		s, err := readStat(pid)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !s.gone() {
			all = append(all, s)
		}
	}
	return all, nil
}

// group lists what still runs of an installer's session. The installer leads a
// session of its own, and the kernel gives its pid to nobody else while a member
// lives; so if that pid is another process now, no member is left.
func group(installer events.ProcessID) ([]Leftover, error) {
	if installer.PID <= 0 {
		return nil, nil
	}
	all, err := processes()
	if err != nil {
		return nil, err
	}
	var members []Leftover
	for _, s := range all {
		if s.id.PID == installer.PID && s.id != installer {
			return nil, nil
		}
		if s.session == installer.PID && s.id.Start >= installer.Start {
			members = append(members, Leftover{s.id, s.name})
		}
	}
	return members, nil
}

// supervisorOf finds the living supervisor of a token by its arguments, 0 if
// there is none. It is for a file that cannot be read any more.
func supervisorOf(token string) (events.ProcessID, error) {
	all, err := processes()
	if err != nil {
		return events.ProcessID{}, err
	}
	want := strings.Join([]string{Entry, roleSupervise, token, ""}, "\x00")
	for _, s := range all {
		line, err := os.ReadFile("/proc/" + strconv.Itoa(s.id.PID) + "/cmdline")
		if err != nil {
			continue // it ended, or is another user's: a supervisor is ours
		}
		if _, args, ok := strings.Cut(string(line), "\x00"); ok && args == want {
			return s.id, nil
		}
	}
	return events.ProcessID{}, nil
}

// bootID names the time since the machine was last started.
func bootID() (string, error) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("cannot read the id of this boot: %w", err)
	}
	id := strings.TrimSpace(string(text))
	if id == "" {
		return "", errors.New("cannot read the id of this boot: it is empty")
	}
	return id, nil
}

// waitGone returns when the process has ended, the time is over or ctx is done.
// The kernel tells of the end where it can; a look in between costs nothing.
func waitGone(ctx context.Context, id events.ProcessID, most time.Duration) {
	deadline := time.Now().Add(most)
	fd, err := unix.PidfdOpen(id.PID, 0)
	if err == unix.ESRCH {
		return
	}
	if err == nil {
		defer unix.Close(fd)
		// The pid may have been given to another process before it was opened.
		if lives, err := alive(id); err != nil || !lives {
			return
		}
	}
	for ctx.Err() == nil {
		left := min(time.Until(deadline), 200*time.Millisecond)
		if left <= 0 {
			return
		}
		if fd < 0 {
			pause(ctx, left)
			return
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
		if n > 0 || err != nil && err != unix.EINTR {
			return
		}
	}
}
