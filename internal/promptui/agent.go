// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

// Daemon is what the agent asks of the daemon; *localclient.Client is one.
type Daemon interface {
	Hello(ctx context.Context, h apitypes.Hello) (apitypes.Welcome, error)
	Next(ctx context.Context, agent string, after uint64) (apitypes.PromptEvent, error)
	Shown(ctx context.Context, id string, s apitypes.Shown) error
	Failed(ctx context.Context, id string, f apitypes.Failed) error
	Answer(ctx context.Context, id string, a apitypes.Answer) (apitypes.AnswerResult, error)
}

// Config is what an agent stands on.
type Config struct {
	Daemon    Daemon
	Front     Front
	Texts     *i18n.Localizer
	Languages []string
	Socket    string // for messages
	// Session and Reports are both nil where the agent has nothing to do but to ask.
	Session Session
	Reports Reports
}

// ErrReplaced is how Run ends when a newer agent speaks for the session.
var ErrReplaced = errors.New("replaced by another agent")

// goodbye is how long an ending agent tries to hand in what it still holds.
const goodbye = 2 * time.Second

// item is a window in the queue.
type item struct {
	id     string
	win    *Window
	last   apitypes.PromptEvent // that win shows, or will
	ctx    context.Context      // ends when the window is to go
	cancel context.CancelFunc   // ends it
}

// agent is a running agent.
type agent struct {
	Config
	answers sync.WaitGroup // answers on their way

	mu      sync.Mutex
	name    string            // of the agent, from the daemon's welcome; "" = not connected
	renamed chan struct{}     // closed and made anew when name changes
	queue   []*item           // the first is being shown, or will be next
	filled  chan struct{}     // tells that the queue has something
	held    map[string]*held  // answers on their way, by prompt
	done    map[string]uint64 // up to which event a prompt is answered; for this name
}

// Run shows the daemon's windows until ctx ends, the person ends it, another
// agent takes over, nothing can be shown any more, or the daemon cannot be
// trusted. The first two are no error.
// It waits for a daemon that is not there.
func Run(ctx context.Context, c Config) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	a := &agent{Config: c, renamed: make(chan struct{}), filled: make(chan struct{}, 1), held: map[string]*held{}, done: map[string]uint64{}}
	// Answers outlive ctx for a moment, so that one given last still arrives.
	late, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		stop(a.listen(ctx))
	}()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		a.watch(ctx)
	}()
	err := a.show(ctx, late)
	stop(err)
	<-ended
	<-watched
	a.handIn(cut)
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, ErrEnded), errors.Is(cause, context.Canceled), cause == nil:
		return nil
	default:
		return cause
	}
}

// handIn waits a moment for answers that are on their way.
func (a *agent) handIn(cut context.CancelFunc) {
	t := time.AfterFunc(goodbye, cut)
	defer t.Stop()
	a.answers.Wait()
}

// show shows the queued windows one after the other.
func (a *agent) show(ctx, late context.Context) error {
	for ctx.Err() == nil {
		it := a.first()
		if it == nil {
			select {
			case <-ctx.Done():
			case <-a.filled:
			}
			continue
		}
		if it.ctx.Err() == nil {
			if err := a.showOne(ctx, late, it); err != nil {
				return err
			}
		}
		a.remove(it)
	}
	return nil
}

// showOne shows one window to its end. An error ends the agent.
func (a *agent) showOne(ctx, late context.Context, it *item) error {
	choice, err := a.Front.Show(it.ctx, it.win)
	p, _ := it.win.Prompt()
	switch {
	case err == nil:
		done := a.answer(ctx, late, it, choice)
		t := time.NewTimer(goodbye)
		defer t.Stop()
		select { // the verdict belongs before the next window, if it comes soon
		case <-done:
		case <-t.C:
			a.Front.Report(a.Texts.Text("agent.waiting", nil))
		case <-ctx.Done():
		}
		return nil
	case errors.Is(err, ErrEnded), ctx.Err() != nil:
		a.fail(late, p, apitypes.FailedGone)
		return err
	case it.ctx.Err() != nil:
		a.Front.Say(a.over(p))
	case errors.Is(err, ErrNoScreen):
		a.fail(late, p, apitypes.FailedNoDisplay)
		return err
	default:
		a.fail(late, p, apitypes.FailedError)
	}
	return nil
}

// over says that a question is closed without the person's answer.
func (a *agent) over(p apitypes.Prompt) string {
	return a.Texts.Text("agent.over", i18n.Data{"Name": a.Texts.Name(p)})
}

// first is the window to show now, nil if there is none.
func (a *agent) first() *item {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) == 0 {
		return nil
	}
	return a.queue[0]
}

func (a *agent) remove(it *item) {
	a.mu.Lock()
	defer a.mu.Unlock()
	it.cancel()
	a.queue = slices.DeleteFunc(a.queue, func(o *item) bool { return o == it })
}

// fail tells the daemon that a window is not on the screen. If it cannot be
// told, the missing agent tells it.
func (a *agent) fail(ctx context.Context, p apitypes.Prompt, reason string) {
	ctx, cancel := context.WithTimeout(ctx, goodbye)
	defer cancel()
	_ = a.Daemon.Failed(ctx, p.ID, apitypes.Failed{Agent: a.agentName(), Nonce: p.Nonce, Reason: reason})
}

func (a *agent) agentName() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.name
}

// hopeful reports whether an error of the daemon leaves hope that it gets better.
func hopeful(err error) bool {
	return !errors.Is(err, localclient.ErrNotTrusted) && !errors.Is(err, ErrReplaced)
}
