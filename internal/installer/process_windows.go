// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/events"
)

// stat is what the system's list of processes says of one.
type stat struct {
	id      events.ProcessID
	name    string
	parent  int
	threads uint32
	busy    int64 // processor time used so far, in units of 100 ns
	moved   int64 // reads, writes and other operations so far
}

// gone is true of a process that has ended while somebody still has it open.
func (s stat) gone() bool { return s.threads == 0 }

// console is true of the process that stands behind a console.
func (s stat) console() bool { return strings.EqualFold(s.name, "conhost.exe") }

// processes lists what runs now. One question tells all of it without opening a
// process, so nothing has to be left out for want of rights.
func processes() ([]stat, error) {
	size := uint32(256 << 10)
	for {
		list := make([]uint64, size/8) // aligned for the structures in it
		var need uint32
		err := windows.NtQuerySystemInformation(windows.SystemProcessInformation, unsafe.Pointer(&list[0]), size, &need)
		if errors.Is(err, windows.STATUS_INFO_LENGTH_MISMATCH) && size < 256<<20 {
			size = max(2*size, need+need/8)
			size -= size % 8
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot list processes: %w", err)
		}
		return readProcesses(unsafe.Pointer(&list[0])), nil
	}
}

func readProcesses(at unsafe.Pointer) []stat {
	var all []stat
	for {
		p := (*windows.SYSTEM_PROCESS_INFORMATION)(at)
		s := stat{
			id:      events.ProcessID{PID: int(p.UniqueProcessID), Start: p.CreateTime},
			name:    p.ImageName.String(),
			parent:  int(p.InheritedFromUniqueProcessID),
			threads: p.NumberOfThreads,
			busy:    p.UserTime + p.KernelTime,
			moved:   p.ReadOperationCount + p.WriteOperationCount + p.OtherOperationCount,
		}
		if s.id.PID != 0 && !s.gone() {
			all = append(all, s)
		}
		if p.NextEntryOffset == 0 {
			return all
		}
		at = unsafe.Add(at, p.NextEntryOffset)
	}
}

// startOf returns when an opened process started, in units of 100 ns since 1601.
func startOf(process windows.Handle) (int64, error) {
	var created, exited, kernel, user windows.Filetime
	err := windows.GetProcessTimes(process, &created, &exited, &kernel, &user)
	return int64(created.HighDateTime)<<32 | int64(created.LowDateTime), err
}

// identify returns a living process's pid with its start time.
func identify(pid int) (events.ProcessID, error) {
	id := events.ProcessID{PID: pid}
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err == nil {
		id.Start, err = startOf(process)
		_ = windows.CloseHandle(process)
	}
	if err != nil {
		return events.ProcessID{}, fmt.Errorf("cannot look at process %d: %w", pid, err)
	}
	return id, nil
}

// open opens exactly this process; 0 if it has ended. While it is open, nobody
// else gets its pid.
func open(id events.ProcessID, access uint32) (windows.Handle, error) {
	if id.PID <= 0 {
		return 0, nil
	}
	process, err := windows.OpenProcess(access|windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, uint32(id.PID))
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) { // no process has this pid
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("cannot open process %d: %w", id.PID, err)
	}
	start, err := startOf(process)
	if err != nil || start != id.Start || ended(process) {
		_ = windows.CloseHandle(process)
		if err != nil {
			err = fmt.Errorf("cannot look at process %d: %w", id.PID, err)
		}
		return 0, err
	}
	return process, nil
}

// ended reports whether an opened process has ended. Its exit code does not tell:
// 259 means "still active" and is a code that a program may end with.
func ended(process windows.Handle) bool {
	state, err := windows.WaitForSingleObject(process, 0)
	return err == nil && state == windows.WAIT_OBJECT_0
}

// alive reports whether exactly this process still runs. An error means that it
// is not known.
func alive(id events.ProcessID) (bool, error) {
	process, err := open(id, 0)
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return listed(id)
	}
	if process != 0 {
		_ = windows.CloseHandle(process)
	}
	return process != 0, err
}

// listed is alive for a process that may not be opened.
func listed(id events.ProcessID) (bool, error) {
	all, err := processes()
	return slices.ContainsFunc(all, func(s stat) bool { return s.id == id }), err
}

// group lists what still runs of an installer: the members of its job. A job loses
// its name with its last handle, though processes live on in it; that is so when
// the supervisor and the process that started the installer are both gone. Then
// the parents tell, as far as they are known.
func group(installer events.ProcessID) ([]Leftover, error) {
	if installer.PID <= 0 {
		return nil, nil
	}
	job, err := openJob(installer)
	if err != nil {
		return nil, err
	}
	all, err := processes()
	if err != nil {
		return nil, err
	}
	if job == 0 {
		return family(all, installer), nil
	}
	defer windows.CloseHandle(job)
	left, err := members(all, job)
	if err != nil {
		return nil, err
	}
	for _, l := range family(all, installer) { // a job of that name may be a stranger's by now
		if !slices.ContainsFunc(left, func(m Leftover) bool { return m.ProcessID == l.ProcessID }) {
			left = append(left, l)
		}
	}
	return left, nil
}

// family lists the installer and what descends from it. A pid that belongs to
// another process by now is not its parent.
func family(all []stat, installer events.ProcessID) []Leftover {
	known := map[int]int64{installer.PID: installer.Start} // parents, and since when they had their pid
	var left []Leftover
	for grown := true; grown; {
		grown = false
		for _, s := range all {
			if slices.ContainsFunc(left, func(l Leftover) bool { return l.ProcessID == s.id }) {
				continue
			}
			since, child := known[s.parent]
			child = child && s.id.Start >= since && !reused(all, s.parent, since, s.id.Start)
			if s.id == installer || child && !s.console() {
				left, grown = append(left, Leftover{s.id, s.name}), true
				known[s.id.PID] = s.id.Start
			}
		}
	}
	return left
}

// reused reports whether a pid had gone from the parent that had it since a time
// to another process before a child of it started.
func reused(all []stat, pid int, since, born int64) bool {
	return slices.ContainsFunc(all, func(s stat) bool {
		return s.id.PID == pid && s.id.Start != since && s.id.Start <= born
	})
}

// supervisorOf finds the living supervisor of a token by its arguments, 0 if
// there is none. It is for a file that cannot be read any more.
func supervisorOf(token string) (events.ProcessID, error) {
	all, err := processes()
	if err != nil {
		return events.ProcessID{}, err
	}
	want := " " + strings.Join([]string{Entry, roleSupervise, token}, " ")
	for _, s := range all {
		line, err := commandLineOf(s.id)
		if err == nil && strings.HasSuffix(line, want) && isOurs(s.id) { // a supervisor is ours and can be read
			return s.id, nil
		}
	}
	return events.ProcessID{}, nil
}

// commandLineOf reads a process's command line where it keeps it itself ("PEB
// structure"): Windows tells it by a question of its own only since 8.1.
func commandLineOf(id events.ProcessID) (string, error) {
	process, err := open(id, windows.PROCESS_VM_READ)
	if err != nil || process == 0 {
		return "", err
	}
	defer windows.CloseHandle(process)
	var basic windows.PROCESS_BASIC_INFORMATION
	err = windows.NtQueryInformationProcess(process, windows.ProcessBasicInformation, unsafe.Pointer(&basic), uint32(unsafe.Sizeof(basic)), nil)
	if err != nil {
		return "", fmt.Errorf("cannot look at process %d: %w", id.PID, err)
	}
	var block windows.PEB
	err = peek(process, unsafe.Pointer(basic.PebBaseAddress), unsafe.Pointer(&block), unsafe.Sizeof(block))
	if err != nil || block.ProcessParameters == nil {
		return "", err
	}
	var parameters windows.RTL_USER_PROCESS_PARAMETERS
	err = peek(process, unsafe.Pointer(block.ProcessParameters), unsafe.Pointer(&parameters), unsafe.Sizeof(parameters))
	if err != nil || parameters.CommandLine.Length < 2 {
		return "", err
	}
	text := make([]uint16, parameters.CommandLine.Length/2)
	err = peek(process, unsafe.Pointer(parameters.CommandLine.Buffer), unsafe.Pointer(&text[0]), uintptr(len(text))*2)
	return windows.UTF16ToString(text), err
}

// peek reads another process's memory.
func peek(process windows.Handle, there, here unsafe.Pointer, size uintptr) error {
	var n uintptr
	return windows.ReadProcessMemory(process, uintptr(there), (*byte)(here), size, &n)
}

// timeOfDay is SYSTEM_TIMEOFDAY_INFORMATION.
type timeOfDay struct {
	Boot, Now, Zone  int64
	ZoneID, reserved uint32
	BootBias         uint64
	SleepBias        uint64
}

const systemTimeOfDayInformation = 3

// systemPID is the pid of the process that is the kernel itself.
const systemPID = 4

// bootID names the time since the machine was last started: the moment at which
// the kernel's own process began. It is kept as it was when the clock is set later.
// A start from the image of "fast startup" is none: the system's processes, ours
// among them, live on. Where the kernel shows no process of its own, the time of
// the start that it tells is taken.
func bootID() (string, error) {
	all, err := processes()
	if err != nil {
		return "", fmt.Errorf("cannot read the id of this boot: %w", err)
	}
	for _, s := range all {
		if s.id.PID == systemPID && s.id.Start > 0 {
			return "system-" + strconv.FormatInt(s.id.Start, 10), nil
		}
	}
	var t timeOfDay
	err = windows.NtQuerySystemInformation(systemTimeOfDayInformation, unsafe.Pointer(&t), uint32(unsafe.Sizeof(t)), nil)
	if err == nil && t.Boot == 0 {
		err = errors.New("the system tells no time of its start")
	}
	if err != nil {
		return "", fmt.Errorf("cannot read the id of this boot: %w", err)
	}
	return "boot-" + strconv.FormatInt(t.Boot, 10), nil
}

// waitGone returns when the process has ended, the time is over or ctx is done.
func waitGone(ctx context.Context, id events.ProcessID, most time.Duration) {
	deadline := time.Now().Add(most)
	process, err := open(id, 0)
	if err != nil {
		pause(ctx, most)
		return
	}
	if process == 0 {
		return
	}
	defer windows.CloseHandle(process)
	for ctx.Err() == nil {
		left := min(time.Until(deadline), 200*time.Millisecond)
		if left <= 0 {
			return
		}
		state, err := windows.WaitForSingleObject(process, uint32(left.Milliseconds())+1)
		if err != nil || state != uint32(windows.WAIT_TIMEOUT) {
			return
		}
	}
}

// isOurs reports whether a process runs as the user that this one runs as. Anybody
// may start a program with the words of a supervisor.
func isOurs(id events.ProcessID) bool {
	process, err := open(id, 0)
	if err != nil || process == 0 {
		return false
	}
	defer windows.CloseHandle(process)
	var token windows.Token
	if err := windows.OpenProcessToken(process, windows.TOKEN_QUERY, &token); err != nil {
		return false
	}
	defer token.Close()
	its, err := token.GetTokenUser()
	if err != nil {
		return false
	}
	ours, err := windows.GetCurrentProcessToken().GetTokenUser()
	return err == nil && its.User.Sid.Equals(ours.User.Sid)
}
