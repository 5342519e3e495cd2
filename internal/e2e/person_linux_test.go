// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// person is somebody at a machine of the rig, and the agent that asks them.
type person interface {
	plans(product string, later int) // press later so often, then close
	planned(product string) int      // -1: presses what is right at the moment
	fell()                           // the agent was killed: a new one comes up
	goes()                           // logs off
	patience() int                   // milliseconds in which they may answer while the daemon is away
	// told are the answers that the agent was given an acknowledgement for, by window.
	told() map[string]string
}

// plan is how often later is pressed for each product.
type plan struct {
	mu    sync.Mutex
	later map[string]int
}

func (p *plan) plans(product string, later int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.later[product] = later
}

func (p *plan) planned(product string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.later[product]
}

// choice is the answer to a window after so many defers.
func (p *plan) choice(product string, used int) string {
	if used < p.planned(product) {
		return apitypes.ChoiceDefer
	}
	return apitypes.ChoiceKill
}

// attended is a person with the agent of user_linux_test.go.
type attended struct {
	plan
	l    *life
	r    *rand.Rand
	user *user
	acks map[string]string
}

func attend(l *life, r *rand.Rand) *attended {
	a := &attended{plan: plan{later: map[string]int{}}, l: l, r: r, acks: map[string]string{}}
	a.sit()
	return a
}

func (a *attended) sit() {
	a.user = a.l.login(func(p apitypes.Prompt) string {
		time.Sleep(time.Duration(a.r.IntN(80)) * time.Millisecond)
		return a.choice(productOf(p.ID), p.DefersUsed)
	})
}

func (a *attended) fell() {
	a.goes()
	a.sit()
}

func (a *attended) goes() {
	a.user.leave()
	for window, choice := range a.user.acked {
		a.acks[window] = choice
	}
	a.user.acked = nil
}

func (a *attended) patience() int { return 50 }

func (a *attended) told() map[string]string { return a.acks }

// seated is a person at a real terminal with the real agent in it.
type seated struct {
	plan
	l    *life
	stop chan struct{}
	done chan struct{}

	mu   sync.Mutex
	term *terminal
	acks int      // windows that the terminals have said were answered
	vain []string // windows whose key nobody took
	fall int      // how often the agent was killed
}

func sit(l *life) *seated {
	s := &seated{plan: plan{later: map[string]int{}}, l: l, stop: make(chan struct{}), done: make(chan struct{}), term: l.sitDown()}
	go s.press()
	l.t.Cleanup(s.leave)
	return s
}

// look is a window on the screen of one agent.
type look struct {
	window string
	fall   int // which agent
}

// press presses one key in each window that is on the screen, once it has been
// readable for a while. A window that is there again although the agent lived on
// was answered in vain.
func (s *seated) press() {
	defer close(s.done)
	seen, pressed := map[look]time.Time{}, map[look]time.Time{}
	var last apitypes.Product
	for {
		select {
		case <-s.stop:
			return
		case <-time.After(100 * time.Millisecond):
		}
		for _, id := range everything().kinds {
			if !s.open() { // looked at first: what is on the screen is no later window than what the daemon names then
				continue
			}
			p := s.l.product(id)
			guess := p.ID == "" && last.ID == id // nobody answers: people do not know, and press all the same
			if guess {
				p = last
			}
			if p.Window != nil && p.Window.Asks[0].Answer == "" {
				last = p
				s.read(p, guess, seen, pressed)
			}
		}
	}
}

func (s *seated) open() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.term.open()
}

// read looks at a window for one more moment. A guessed one may be the window
// after it by now, so it can have a key but is not judged.
func (s *seated) read(p apitypes.Product, guess bool, seen, pressed map[look]time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := look{p.Window.ID, s.fall}
	if seen[w].IsZero() {
		seen[w] = time.Now()
	}
	switch before := pressed[w]; {
	case time.Since(seen[w]) < time.Second: // what is typed when a window appears is no answer
	case before.IsZero():
		pressed[w] = time.Now()
		key := "c"
		if s.choice(p.ID, p.Defers.Used) == apitypes.ChoiceDefer {
			key = "l"
		}
		s.term.press(key)
	case !guess && time.Since(before) > 5*time.Second:
		s.vain = append(s.vain, w.window)
		delete(seen, w)
		delete(pressed, w)
	}
}

func (s *seated) planned(string) int { return -1 } // a key may meet the next window

func (s *seated) fell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fall++
	s.close()
	s.term = s.l.sitDown()
}

// close kills the agent and counts what it said.
func (s *seated) close() {
	s.term.kill()
	s.acks += strings.Count(s.term.text(), "Understood: later.")
}

func (s *seated) goes() { s.leave() }

func (s *seated) leave() {
	select {
	case <-s.stop:
		return
	default:
	}
	close(s.stop)
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close()
}

func (s *seated) patience() int { return 2000 }

func (s *seated) told() map[string]string { return nil }
