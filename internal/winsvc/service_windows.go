// SPDX-License-Identifier: Apache-2.0

package winsvc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// Plan says what is put into the service manager.
type Plan struct {
	Name  string // of the service and of its event source
	Title string // what people see in the list of services
	Text  string // what it is for
	Exe   string // absolute
	Args  []string
	Agent string // command line that the Run key gets; "" = none
}

// Errors a caller decides by.
var (
	ErrExists  = errors.New("such a service is there already")
	ErrMissing = errors.New("no such service")
	ErrRights  = errors.New("needs an administrator's rights")
	ErrSlow    = errors.New("it takes too long")
)

// State is what the service manager says of a service.
type State struct {
	Name string // "stopped", "start pending", "running", …
	PID  uint32 // 0 when it does not run
	Exit uint32 // of the last run: the service's own code, else the system's
}

// How long the service manager is waited for, and how often it is asked.
const (
	startWithin = 2 * time.Minute
	stopWithin  = time.Minute
	askEvery    = 50 * time.Millisecond
)

// recovery is what the service manager does when the service has died: it starts
// it again, later each time. A day without a death makes it forget.
func recovery() ([]mgr.RecoveryAction, uint32) {
	again := func(d time.Duration) mgr.RecoveryAction {
		return mgr.RecoveryAction{Type: mgr.ServiceRestart, Delay: d}
	}
	return []mgr.RecoveryAction{again(5 * time.Second), again(30 * time.Second), again(time.Minute)}, 24 * 60 * 60
}

// Install puts the service in: started with the machine, as the system's user,
// and again when it dies. It returns what could not be done and is not needed for
// the service to run.
func Install(p Plan) (left []error, err error) {
	m, err := connect()
	if err != nil {
		return nil, err
	}
	defer m.Disconnect()
	s, err := m.CreateService(p.Name, p.Exe, mgr.Config{
		DisplayName:  p.Title,
		Description:  p.Text,
		StartType:    mgr.StartAutomatic,
		ErrorControl: mgr.ErrorNormal,
	}, p.Args...)
	if err != nil {
		return nil, failed("install", p.Name, err)
	}
	defer s.Close()
	if err := setRecovery(s); err != nil {
		left = append(left, err)
	}
	if err := addSource(p.Name); err != nil {
		left = append(left, err)
	}
	if p.Agent != "" {
		if err := setRun(p.Agent); err != nil {
			left = append(left, err)
		}
	}
	return left, nil
}

// Recover says that a service is started again when it dies. Install does it, too;
// installers for which that is not to be had leave it to the service itself.
func Recover(name string) error {
	m, s, err := open(name)
	if err != nil {
		return err
	}
	defer m.Disconnect()
	defer s.Close()
	return setRecovery(s)
}

func setRecovery(s *mgr.Service) error {
	actions, forget := recovery()
	if err := s.SetRecoveryActions(actions, forget); err != nil {
		return fmt.Errorf("cannot say that service %s is started again when it dies: %w", s.Name, err)
	}
	return nil
}

// Start starts a service and waits until it runs.
func Start(ctx context.Context, name string) (State, error) {
	m, s, err := open(name)
	if err != nil {
		return State{}, err
	}
	defer m.Disconnect()
	defer s.Close()
	if err := s.Start(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
		return State{}, failed("start", name, err)
	}
	st, err := await(ctx, s, svc.Running, startWithin)
	if err != nil {
		return st, fmt.Errorf("cannot start service %s: %w", name, err)
	}
	return st, nil
}

// Stop stops a service and waits until it has ended. One that does not run is
// left alone.
func Stop(ctx context.Context, name string) (State, error) {
	m, s, err := open(name)
	if err != nil {
		return State{}, err
	}
	defer m.Disconnect()
	defer s.Close()
	return stop(ctx, s)
}

func stop(ctx context.Context, s *mgr.Service) (State, error) {
	// While it starts or stops it accepts nothing; then it is only waited for.
	until := time.Now().Add(stopWithin)
	for {
		if now, err := look(s); err != nil || now.Name == stateName(svc.Stopped) {
			return now, err
		}
		_, err := s.Control(svc.Stop)
		switch {
		case (errors.Is(err, windows.ERROR_SERVICE_CANNOT_ACCEPT_CTRL) || errors.Is(err, windows.ERROR_INVALID_SERVICE_CONTROL)) && time.Now().Before(until):
			if err := pause(ctx, askEvery); err != nil {
				return State{}, err
			}
			continue
		case err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE):
			return State{}, failed("stop", s.Name, err)
		}
		st, err := await(ctx, s, svc.Stopped, stopWithin)
		if err != nil {
			return st, fmt.Errorf("cannot stop service %s: %w", s.Name, err)
		}
		return st, nil
	}
}

// Delete stops a service and takes it and its traces away.
func Delete(ctx context.Context, name string) error {
	m, s, err := open(name)
	if err != nil {
		return err
	}
	defer m.Disconnect()
	defer s.Close()
	_, stopped := stop(ctx, s) // a service that hangs is deleted all the same, and gone when it ends
	if err := s.Delete(); err != nil && !errors.Is(err, windows.ERROR_SERVICE_MARKED_FOR_DELETE) {
		return failed("delete", name, err)
	}
	return errors.Join(stopped, removeSource(name), removeRun())
}

// Look says how a service is. It needs no rights.
func Look(name string) (State, error) {
	h, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return State{}, fmt.Errorf("cannot reach the service manager: %w", err)
	}
	defer windows.CloseServiceHandle(h)
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return State{}, failed("look at", name, err)
	}
	s, err := windows.OpenService(h, wide, windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return State{}, failed("look at", name, err)
	}
	defer windows.CloseServiceHandle(s)
	return look(&mgr.Service{Name: name, Handle: s})
}

func look(s *mgr.Service) (State, error) {
	q, err := s.Query()
	dead := err == nil && q.State != svc.Stopped && gone(q)
	if dead {
		q, err = s.Query() // its last word may have come in between
		dead = err == nil && q.State != svc.Stopped && gone(q)
	}
	if err != nil {
		return State{}, failed("look at", s.Name, err)
	}
	st := State{Name: stateName(q.State), PID: q.ProcessId, Exit: q.Win32ExitCode}
	switch st.Exit {
	case uint32(windows.ERROR_SERVICE_SPECIFIC_ERROR):
		st.Exit = q.ServiceSpecificExitCode
	case uint32(windows.ERROR_SERVICE_NEVER_STARTED):
		st.Exit = 0
	}
	if dead {
		st.Name, st.Exit = stateName(svc.Stopped), uint32(windows.ERROR_PROCESS_ABORTED)
	}
	if st.Name == stateName(svc.Stopped) {
		st.PID = 0
	}
	return st, nil
}

// gone reports whether a service's process has surely ended. Windows knows of a
// service that died at once; Wine goes on saying what the service said last, with
// its process or without one. One that is just being started may have none yet.
func gone(q svc.Status) bool {
	if q.ProcessId == 0 {
		return q.State != svc.StartPending
	}
	h, err := windows.OpenProcess(windows.SYNCHRONIZE, false, q.ProcessId)
	if err != nil {
		return errors.Is(err, windows.ERROR_INVALID_PARAMETER) // no process has the number
	}
	defer windows.CloseHandle(h)
	e, err := windows.WaitForSingleObject(h, 0)
	return err == nil && e == windows.WAIT_OBJECT_0
}

// await waits for a state. A service that ends meanwhile is not waited for.
func await(ctx context.Context, s *mgr.Service, want svc.State, within time.Duration) (State, error) {
	for until := time.Now().Add(within); ; {
		st, err := look(s)
		switch {
		case err != nil:
			return st, err
		case st.Name == stateName(want):
			return st, nil
		case st.Name == stateName(svc.Stopped):
			return st, fmt.Errorf("it ended at once with %d", st.Exit)
		case time.Now().After(until):
			return st, fmt.Errorf("%w: it is %s", ErrSlow, st.Name)
		}
		if err := pause(ctx, askEvery); err != nil {
			return st, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func stateName(s svc.State) string {
	switch s {
	case svc.Stopped:
		return "stopped"
	case svc.StartPending:
		return "start pending"
	case svc.StopPending:
		return "stop pending"
	case svc.Running:
		return "running"
	case svc.ContinuePending:
		return "continue pending"
	case svc.PausePending:
		return "pause pending"
	case svc.Paused:
		return "paused"
	}
	return fmt.Sprintf("state %d", s)
}

func connect() (*mgr.Mgr, error) {
	m, err := mgr.Connect()
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return nil, fmt.Errorf("cannot reach the service manager: %w", ErrRights)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot reach the service manager: %w", err)
	}
	return m, nil
}

func open(name string) (*mgr.Mgr, *mgr.Service, error) {
	m, err := connect()
	if err != nil {
		return nil, nil, err
	}
	s, err := m.OpenService(name)
	if err != nil {
		return nil, nil, errors.Join(failed("open", name, err), m.Disconnect())
	}
	return m, s, nil
}

// failed gives an error of the service manager its meaning.
func failed(what, name string, err error) error {
	switch {
	case errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST):
		err = ErrMissing
	case errors.Is(err, windows.ERROR_SERVICE_EXISTS), errors.Is(err, windows.ERROR_DUPLICATE_SERVICE_NAME):
		err = ErrExists
	case errors.Is(err, windows.ERROR_SERVICE_MARKED_FOR_DELETE):
		err = fmt.Errorf("%w: it is about to be deleted", ErrExists)
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		err = fmt.Errorf("%w: %w", ErrRights, err)
	}
	return fmt.Errorf("cannot %s service %s: %w", what, name, err)
}
