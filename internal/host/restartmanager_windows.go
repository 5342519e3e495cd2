// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/events"
)

var (
	rstrtmgr            = windows.NewLazySystemDLL("rstrtmgr.dll")
	rmStartSession      = rstrtmgr.NewProc("RmStartSession")
	rmRegisterResources = rstrtmgr.NewProc("RmRegisterResources")
	rmGetList           = rstrtmgr.NewProc("RmGetList")
	rmEndSession        = rstrtmgr.NewProc("RmEndSession")
)

// restartManager is the part of Windows that installers ask which programs are in
// their way (Microsoft, "Restart Manager"). It is only asked here, never told to
// close anything: it shuts programs down on its own terms. Its answer can take
// long, so one question is asked at a time, and who waits for it may stop.
type restartManager struct{ turn chan struct{} }

func newRestartManager() restartManager { return restartManager{make(chan struct{}, 1)} }

// errTurn says that an earlier question was not answered yet.
var errTurn = errors.New("the Restart Manager is still busy with an earlier question")

func (r restartManager) of(ctx context.Context, files []string) ([]events.ProcessID, error) {
	select {
	case r.turn <- struct{}{}:
	default:
		return nil, errTurn
	}
	type answer struct {
		using []events.ProcessID
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		defer func() { <-r.turn }()
		using, err := askRestartManager(files)
		done <- answer{using, err}
	}()
	select {
	case a := <-done:
		return a.using, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// usingProcess is RM_PROCESS_INFO.
type usingProcess struct {
	PID                   uint32
	Start                 windows.Filetime
	Name                  [256]uint16
	Service               [64]uint16
	Kind, Status, Session uint32
	Restartable           int32
}

func askRestartManager(files []string) ([]events.ProcessID, error) {
	if err := rmStartSession.Find(); err != nil {
		return nil, fmt.Errorf("cannot ask the Restart Manager: %w", err)
	}
	names := make([]*uint16, len(files))
	for i, f := range files {
		var err error
		if names[i], err = windows.UTF16PtrFromString(f); err != nil {
			return nil, fmt.Errorf("cannot ask the Restart Manager: %w", err)
		}
	}
	var session uint32
	var key [33]uint16 // CCH_RM_SESSION_KEY and the end
	if err := answerOf(rmStartSession.Call(uintptr(unsafe.Pointer(&session)), 0, uintptr(unsafe.Pointer(&key[0])))); err != nil {
		return nil, err
	}
	defer rmEndSession.Call(uintptr(session))
	if err := answerOf(rmRegisterResources.Call(uintptr(session), uintptr(len(names)), uintptr(unsafe.Pointer(&names[0])), 0, 0, 0, 0)); err != nil {
		return nil, err
	}
	for room := uint32(64); ; {
		infos := make([]usingProcess, room)
		need, count, reasons := uint32(0), room, uint32(0)
		err := answerOf(rmGetList.Call(uintptr(session), uintptr(unsafe.Pointer(&need)), uintptr(unsafe.Pointer(&count)), uintptr(unsafe.Pointer(&infos[0])), uintptr(unsafe.Pointer(&reasons))))
		if errors.Is(err, windows.ERROR_MORE_DATA) && room < 1<<16 {
			room = max(2*room, need+16)
			continue
		}
		if err != nil {
			return nil, err
		}
		return usingIDs(infos[:min(count, room)]), nil
	}
}

func usingIDs(infos []usingProcess) []events.ProcessID {
	var out []events.ProcessID
	for _, p := range infos {
		out = append(out, events.ProcessID{PID: int(p.PID), Start: int64(p.Start.HighDateTime)<<32 | int64(p.Start.LowDateTime)})
	}
	return out
}

// answerOf turns the result of a function into an error; they return a code.
func answerOf(code, _ uintptr, _ error) error {
	if code == 0 {
		return nil
	}
	return fmt.Errorf("cannot ask the Restart Manager: %w", windows.Errno(code))
}
