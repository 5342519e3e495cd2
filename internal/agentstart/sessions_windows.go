// SPDX-License-Identifier: Apache-2.0

package agentstart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
)

// AgentName is the file of the agent, beside the service's.
const AgentName = "quietsetup-prompt.exe"

// Agent is the installed agent: the program beside this one. Its path is as the
// system names programs that run, so that a caller's can be compared with it: links
// are followed, whatever this one was started by.
func Agent() (string, error) {
	name := make([]uint16, windows.MAX_LONG_PATH)
	n := uint32(len(name))
	if err := windows.QueryFullProcessImageName(windows.CurrentProcess(), 0, &name[0], &n); err != nil {
		return "", fmt.Errorf("cannot find the running program: %w", err)
	}
	path := filepath.Join(filepath.Dir(windows.UTF16ToString(name[:n])), AgentName)
	info, err := os.Lstat(path)
	if err != nil {
		return "", fmt.Errorf("cannot find the agent: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("cannot start %s: it is no regular file", path)
	}
	return path, nil
}

// Real are the sessions of this machine and the agent that is started in them.
type Real struct {
	Exe  string // absolute
	Args []string
}

// noConsole is what WTSGetActiveConsoleSessionId says while no session is at the
// machine's screen.
const noConsole = 0xFFFFFFFF

// List lists the sessions in which somebody may be logged on, also those that are
// disconnected: who comes back to one is asked at once.
func (Real) List() ([]string, error) {
	var first *windows.WTS_SESSION_INFO
	var n uint32
	if err := windows.WTSEnumerateSessions(0, 0, 1, &first, &n); err != nil {
		return nil, fmt.Errorf("cannot list the sessions: %w", err)
	}
	if first != nil {
		defer windows.WTSFreeMemory(uintptr(unsafe.Pointer(first)))
	}
	var out []string
	for _, s := range unsafe.Slice(first, n) {
		if s.SessionID != 0 && (s.State == windows.WTSActive || s.State == windows.WTSDisconnected) {
			out = append(out, strconv.FormatUint(uint64(s.SessionID), 10))
		}
	}
	// Wine lists no session, but knows the one at the screen.
	if id := windows.WTSGetActiveConsoleSessionId(); len(out) == 0 && id != noConsole && id != 0 {
		out = append(out, strconv.FormatUint(uint64(id), 10))
	}
	return out, nil
}

// Start starts the agent in a session, as the user who is logged on there. Only
// the system's user may do that.
func (r Real) Start(session string) (Process, error) {
	id, err := strconv.ParseUint(session, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("cannot start the agent: %q is no session", session)
	}
	failed := func(what string, err error) (Process, error) {
		return nil, fmt.Errorf("cannot %s session %d: %w", what, id, err)
	}
	var user windows.Token
	err = windows.WTSQueryUserToken(uint32(id), &user)
	if errors.Is(err, windows.ERROR_NO_TOKEN) || errors.Is(err, windows.ERROR_FILE_NOT_FOUND) || errors.Is(err, windows.ERROR_CTX_WINSTATION_NOT_FOUND) {
		return failed("start the agent in", fmt.Errorf("%w: %w", ErrNobody, err))
	}
	if err != nil {
		return failed("take the rights of the user of", err)
	}
	defer user.Close()
	var env *uint16
	if err := windows.CreateEnvironmentBlock(&env, user, false); err != nil {
		return failed("make the environment of", err)
	}
	defer windows.DestroyEnvironmentBlock(env)
	dir, err := windows.GetSystemDirectory() // a folder that nobody minds being used
	if err != nil {
		return failed("find a folder for the agent in", err)
	}
	h, err := create(user, r.Exe, append([]string{r.Exe}, r.Args...), env, dir)
	if err != nil {
		return failed("start the agent in", err)
	}
	return &process{h}, nil
}

// create starts a program on the desktop that the user sees, without a console.
func create(user windows.Token, exe string, argv []string, env *uint16, dir string) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(exe)
	if err != nil {
		return 0, err
	}
	line, err := windows.UTF16PtrFromString(windows.ComposeCommandLine(argv))
	if err != nil {
		return 0, err
	}
	where, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	desktop, err := windows.UTF16PtrFromString(`winsta0\default`)
	if err != nil {
		return 0, err
	}
	si := windows.StartupInfo{Desktop: desktop}
	si.Cb = uint32(unsafe.Sizeof(si))
	var pi windows.ProcessInformation
	err = windows.CreateProcessAsUser(user, name, line, nil, nil, false,
		windows.CREATE_UNICODE_ENVIRONMENT|windows.CREATE_NO_WINDOW|windows.CREATE_NEW_PROCESS_GROUP, env, where, &si, &pi)
	if err != nil {
		return 0, err
	}
	windows.CloseHandle(pi.Thread)
	return pi.Process, nil
}

// process is an agent by an open handle.
type process struct{ h windows.Handle }

// Alive reports whether it has not ended.
func (p *process) Alive() bool {
	e, err := windows.WaitForSingleObject(p.h, 0)
	return err == nil && e == uint32(windows.WAIT_TIMEOUT)
}

// Close lets the handle go.
func (p *process) Close() error { return windows.CloseHandle(p.h) }
