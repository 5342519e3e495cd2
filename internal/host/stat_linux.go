// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/quietsetup/quietsetup/events"
)

// Flags of a task, from the kernel's sched.h.
const flagKernelThread = 0x00200000

// stat is the part of /proc/PID/stat that is used.
type stat struct {
	state   byte
	parent  int32
	tty     int64 // device number of the controlling terminal, 0 = none
	flags   uint64
	threads int64
	start   int64 // clock ticks since boot
}

// alive reports whether the process still runs: a zombie has ended, unless it
// is only the first thread that has.
func (s stat) alive() bool { return s.state != 'X' && (s.state != 'Z' || s.threads > 1) }

func procFile(pid int32, name string) string {
	return "/proc/" + strconv.Itoa(int(pid)) + "/" + name
}

// readProc reads a small file of /proc. It spares the calls that files on a
// disk need: a look reads one for every shell that runs.
func readProc(path string) ([]byte, error) {
	var fd int
	if err := ignoringEINTR(func() (err error) { fd, err = syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0); return err }); err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer syscall.Close(fd)
	b := make([]byte, 0, 1024)
	for {
		if len(b) == cap(b) {
			b = append(b, make([]byte, len(b))...)[:len(b)]
		}
		var n int
		if err := ignoringEINTR(func() (err error) { n, err = syscall.Read(fd, b[len(b):cap(b)]); return err }); err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		// The kernel fills what it is given, so less than that is the end.
		full := n == cap(b)-len(b)
		b = b[:len(b)+n]
		if !full || len(b) > maxProc {
			return b, nil
		}
	}
}

// maxProc bounds what is read of one file of /proc. Environments and command
// lines are as long as their process wants them.
const maxProc = 1 << 20

// threadFile is a file of a process whose first thread may have ended while
// others go on: its own files tell nothing then, those of a thread still do.
func threadFile(pid int32, name string) string {
	st, err := readStat(pid)
	if err != nil || st.state != 'Z' || st.threads <= 1 {
		return procFile(pid, name)
	}
	threads, err := os.ReadDir(procFile(pid, "task"))
	if err != nil {
		return procFile(pid, name)
	}
	for _, t := range threads {
		if _, err := os.Readlink(procFile(pid, "task/"+t.Name()+"/exe")); err == nil {
			return procFile(pid, "task/"+t.Name()+"/"+name)
		}
	}
	return procFile(pid, name)
}

// gone reports whether an error of /proc means that the process has ended.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

func readStat(pid int32) (stat, error) {
	b, err := readProc(procFile(pid, "stat"))
	if err != nil {
		return stat{}, err
	}
	s, err := parseStat(b)
	if err != nil {
		return stat{}, fmt.Errorf("cannot read stat of process %d: %w", pid, err)
	}
	return s, nil
}

var errStat = errors.New("not the form of /proc/PID/stat")

// parseStat reads the fields behind the command, which may itself hold blanks
// and parentheses and is therefore ended by the last one.
func parseStat(b []byte) (stat, error) {
	end := bytes.LastIndexByte(b, ')')
	if end < 0 {
		return stat{}, errStat
	}
	f := strings.Fields(string(b[end+1:])) // f[0] is field 3
	if len(f) < 20 || len(f[0]) != 1 {
		return stat{}, errStat
	}
	var s stat
	var errs [5]error
	var parent int64
	s.state = f[0][0]
	parent, errs[0] = strconv.ParseInt(f[1], 10, 32)
	s.tty, errs[1] = strconv.ParseInt(f[4], 10, 64)
	s.flags, errs[2] = strconv.ParseUint(f[6], 10, 64)
	s.threads, errs[3] = strconv.ParseInt(f[17], 10, 64)
	s.start, errs[4] = strconv.ParseInt(f[19], 10, 64)
	s.parent = int32(parent)
	if err := errors.Join(errs[:]...); err != nil {
		return stat{}, fmt.Errorf("%w: %w", errStat, err)
	}
	return s, nil
}

// StartOf returns the time a running process started, in clock ticks since boot.
func StartOf(pid int) (int64, error) {
	s, err := readStat(int32(pid))
	if err == nil && !s.alive() {
		err = syscall.ESRCH
	}
	if err != nil {
		return 0, fmt.Errorf("cannot read when process %d started: %w", pid, err)
	}
	return s.start, nil
}

// Alive reports whether that very process still runs. Another process with its
// pid is not it, and a zombie does not run.
func Alive(id events.ProcessID) bool {
	if id.PID <= 0 {
		return false
	}
	start, err := StartOf(id.PID)
	return err == nil && start == id.Start
}

// ttyName returns the name of a terminal below /dev by its device number, ""
// for one that people do not sit at.
func ttyName(device int64) string {
	major, minor := device>>8&0xfff, device&0xff|device>>12&0xfff00
	switch {
	case major >= 136 && major <= 143:
		return "pts/" + strconv.FormatInt((major-136)<<8+minor, 10)
	case major == 4 && minor > 0 && minor < 64:
		return "tty" + strconv.FormatInt(minor, 10)
	case major == 4 && minor >= 64:
		return "ttyS" + strconv.FormatInt(minor-64, 10)
	}
	return ""
}

// ownerOf returns the uid that a process was started by. The folder /proc/PID
// tells at less cost, unless it is root's: so it is for programs that hide.
func ownerOf(pid int32) (uid int, err error) {
	var folder syscall.Stat_t
	if err := syscall.Stat(procFile(pid, ""), &folder); err == nil && folder.Uid != 0 {
		return int(folder.Uid), nil
	}
	b, err := readProc(procFile(pid, "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "Uid:"); ok {
			if f := strings.Fields(rest); len(f) > 0 {
				return strconv.Atoi(f[0])
			}
		}
	}
	return 0, fmt.Errorf("cannot read the owner of process %d: no line Uid", pid)
}

// ancestors returns this process and all it was started by.
func ancestors() map[int32]bool {
	out := map[int32]bool{}
	for pid := int32(os.Getpid()); pid > 0 && !out[pid]; {
		out[pid] = true
		s, err := readStat(pid)
		if err != nil {
			break
		}
		pid = s.parent
	}
	return out
}
