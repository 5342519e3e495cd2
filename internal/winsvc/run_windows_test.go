// SPDX-License-Identifier: Apache-2.0

package winsvc

import (
	"context"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/windows/svc"
)

// played is a service whose manager is the test.
type played struct {
	t     *testing.T
	ask   chan svc.ChangeRequest
	told  chan svc.Status
	ended chan uint32
	died  chan int
}

func play(t *testing.T, patience time.Duration, work Work) *played {
	t.Helper()
	p := &played{t: t, ask: make(chan svc.ChangeRequest), told: make(chan svc.Status, 1000), ended: make(chan uint32, 1), died: make(chan int, 1)}
	h := &handler{work: work, patience: patience, progress: 5 * time.Millisecond, die: func(code int) { p.died <- code }}
	go func() {
		_, code := h.Execute(nil, p.ask, p.told)
		p.ended <- code
	}()
	return p
}

// until waits for a state and returns it with all that was told before.
func (p *played) until(want svc.State) (s svc.Status, before []svc.Status) {
	p.t.Helper()
	for late := time.After(5 * time.Second); ; {
		select {
		case s := <-p.told:
			if s.State == want {
				return s, before
			}
			before = append(before, s)
		case <-late:
			p.t.Fatalf("it was not told to be in state %d; told were %+v", want, before)
		}
	}
}

func (p *played) end(want uint32) {
	p.t.Helper()
	select {
	case code := <-p.ended:
		if code != want {
			p.t.Errorf("it stopped with %d, want %d", code, want)
		}
	case <-time.After(5 * time.Second):
		p.t.Fatal("it does not end")
	}
}

func TestServiceTellsItsProgress(t *testing.T) {
	begin, finish := make(chan struct{}), make(chan struct{})
	p := play(t, time.Hour, func(ctx context.Context, ready func(), _ <-chan struct{}) Ending {
		<-begin
		ready()
		<-ctx.Done()
		<-finish
		return Ending{}
	})
	time.Sleep(50 * time.Millisecond)
	close(begin)
	run, before := p.until(svc.Running)
	if run.Accepts != svc.AcceptStop|svc.AcceptPreShutdown|svc.AcceptSessionChange {
		t.Errorf("it accepts %x", run.Accepts)
	}
	goesOn := func(of []svc.Status) {
		t.Helper()
		if len(of) < 3 || !slices.IsSortedFunc(of, func(a, b svc.Status) int { return int(a.CheckPoint) - int(b.CheckPoint) }) || of[0].CheckPoint == of[len(of)-1].CheckPoint {
			t.Errorf("its counter does not go on: %+v", of)
		}
		for _, s := range of {
			if s.Accepts != 0 || s.WaitHint == 0 {
				t.Errorf("meanwhile it is %+v", s)
			}
		}
	}
	goesOn(before)
	p.ask <- svc.ChangeRequest{Cmd: svc.Interrogate}
	if s := <-p.told; s != run {
		t.Errorf("asked how it is, it is %+v", s)
	}
	p.ask <- svc.ChangeRequest{Cmd: svc.Stop}
	p.ask <- svc.ChangeRequest{Cmd: svc.PreShutdown} // once more changes nothing
	time.Sleep(50 * time.Millisecond)
	close(finish)
	p.end(0)
	close(p.told)
	var stopping []svc.Status
	for s := range p.told {
		if s.State != svc.StopPending {
			t.Errorf("while it stops it is %+v", s)
		}
		stopping = append(stopping, s)
	}
	goesOn(stopping)
}

func TestServiceThatStartsSlowlyCanBeStopped(t *testing.T) {
	p := play(t, 30*time.Millisecond, func(ctx context.Context, _ func(), _ <-chan struct{}) Ending {
		<-ctx.Done()
		return Ending{}
	})
	p.until(svc.Running)
	p.ask <- svc.ChangeRequest{Cmd: svc.PreShutdown}
	p.end(0)
}

func TestServiceHearsOfSessions(t *testing.T) {
	heard := make(chan struct{}, 10)
	p := play(t, time.Hour, func(ctx context.Context, ready func(), sessions <-chan struct{}) Ending {
		ready()
		for {
			select {
			case <-sessions:
				heard <- struct{}{}
			case <-ctx.Done():
				return Ending{}
			}
		}
	})
	p.until(svc.Running)
	for range 3 {
		p.ask <- svc.ChangeRequest{Cmd: svc.SessionChange, EventType: 5}
		<-heard
	}
	p.ask <- svc.ChangeRequest{Cmd: svc.Stop}
	p.end(0)
}

// What may pass makes the process die without a word, so that the service manager
// starts it again; what only an admin can mend is told.
func TestServiceThatEndsByItself(t *testing.T) {
	p := play(t, time.Hour, func(context.Context, func(), <-chan struct{}) Ending { return Ending{Code: 7} })
	p.end(7)
	select {
	case code := <-p.died:
		t.Errorf("it died with %d", code)
	default:
	}
	p = play(t, time.Hour, func(context.Context, func(), <-chan struct{}) Ending { return Ending{Code: 1, Again: true} })
	if code := <-p.died; code != 1 {
		t.Errorf("it died with %d, want 1", code)
	}
}
