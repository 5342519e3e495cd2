// SPDX-License-Identifier: Apache-2.0

package winsvc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
)

// Ending is how a service's work ended.
type Ending struct {
	Code  int  // 0 = in order
	Again bool // an error that may pass: the service manager shall start it again
}

// Work is what a service does until ctx ends. It calls ready once when it has
// begun. A value comes out of sessions when a session began, ended or changed.
type Work func(ctx context.Context, ready func(), sessions <-chan struct{}) Ending

// ErrNoService: the program was not started by the service manager.
var ErrNoService = errors.New("only the service manager can start it this way")

// Patience of the service manager and with it.
const (
	// A start may take long: a log that was not closed in order is read whole, and
	// a full disk is waited for. After this it counts as running, so that it can be
	// stopped and the machine's start goes on.
	startPending = time.Minute
	progress     = time.Second      // how often the counter goes on
	hint         = 20 * time.Second // what is promised to pass at most between two steps
)

// Run does the work of a service until the service manager stops it.
func Run(name string, work Work) error {
	h := &handler{work: work, patience: startPending, progress: progress, die: os.Exit}
	err := svc.Run(name, h)
	if errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
		return fmt.Errorf("cannot run service %s: %w", name, ErrNoService)
	}
	if err != nil {
		return fmt.Errorf("cannot run service %s: %w", name, err)
	}
	return nil
}

// handler speaks to the service manager.
type handler struct {
	work               Work
	patience, progress time.Duration
	die                func(code int) // ends the process without saying that the service has stopped
}

// accepted is what a running service wants to hear of. Who hears of the end of
// the machine beforehand is not told again when it comes.
const accepted = svc.AcceptStop | svc.AcceptPreShutdown | svc.AcceptSessionChange

// Execute is called by the service manager's thread.
func (h *handler) Execute(_ []string, asked <-chan svc.ChangeRequest, say chan<- svc.Status) (own bool, code uint32) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ready := make(chan struct{}, 1)
	sessions := make(chan struct{}, 1)
	ended := make(chan Ending, 1)
	go func() {
		ended <- h.work(ctx, func() { signal(ready) }, sessions)
	}()
	now := svc.Status{State: svc.StartPending, WaitHint: uint32(hint.Milliseconds())}
	say <- now
	running := func() {
		if now.State == svc.StartPending {
			now = svc.Status{State: svc.Running, Accepts: accepted}
			say <- now
		}
	}
	patience := time.NewTimer(h.patience)
	defer patience.Stop()
	tick := time.NewTicker(h.progress)
	defer tick.Stop()
	for {
		select {
		case e := <-ended:
			if e.Again && now.State != svc.StopPending {
				h.die(e.Code)
			}
			return true, uint32(e.Code)
		case <-ready:
			running()
		case <-patience.C:
			running()
		case <-tick.C:
			if now.State != svc.Running {
				now.CheckPoint++
				say <- now
			}
		case r := <-asked:
			switch r.Cmd {
			case svc.Interrogate:
				say <- now
			case svc.SessionChange:
				signal(sessions)
			case svc.Stop, svc.PreShutdown, svc.Shutdown:
				if now.State != svc.StopPending {
					now = svc.Status{State: svc.StopPending, CheckPoint: 1, WaitHint: uint32(hint.Milliseconds())}
					say <- now
				}
				cancel()
			}
		}
	}
}

// signal puts one value in, if none is in there.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
