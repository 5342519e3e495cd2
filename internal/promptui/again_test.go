// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// revised is a prompt whose list was added to n times.
func revised(id string, n uint64) apitypes.Prompt {
	p := named(id)
	p.Revision = n
	for range n {
		p.Programs = append(p.Programs, apitypes.Program{Name: fmt.Sprint("program", n), Count: 1, OwnerIsYou: true})
	}
	return p
}

// A new list that is on the screen is said to be, and answered.
func TestAgentShowsAddedPrograms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t)
		l.d.send(apitypes.EventAsk, revised("a@c2", 1))
		l.screen("+a@c2 r1")
		l.d.send(apitypes.EventUpdate, revised("a@c2", 2))
		l.screen("~a@c2 r2")
		l.f.answers <- "kill"
		l.screen("-a@c2")
		l.heard("hello window holding []", "A1 shown a@c2 r1", "A1 shown a@c2 r2", "A1 answers a@c2 N kill r2")
		l.end()
	})
}

// An answer to a list that lacked programs is not sent again: the person sees
// the new list first, whenever it comes, and answers anew.
func TestAgentAsksAgain(t *testing.T) {
	update := func(l *life) { l.d.send(apitypes.EventUpdate, revised("a@c2", 2)) }
	for name, c := range map[string]struct{ seen, asked, told func(l *life) }{
		"the new list came before the choice":         {seen: update},
		"the new list came while the answer was sent": {asked: update},
		"the new list comes after the verdict":        {told: update},
		"the old list came again while it was sent":   {asked: func(l *life) { l.d.send(apitypes.EventAsk, revised("a@c2", 1)) }, told: update},
		"the new list comes long after the verdict":   {told: func(l *life) { time.Sleep(time.Minute); update(l) }},
		"the new list comes with a new connection later": {told: func(l *life) {
			l.d.stop(&apitypes.Error{Code: apitypes.CodeUnknownAgent})
			time.Sleep(time.Second)
			l.d.stop(nil)
			time.Sleep(time.Minute)
			l.d.send(apitypes.EventAsk, revised("a@c2", 2))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := start(t)
				do := func(f func(l *life)) {
					if f != nil {
						f(l)
					}
					synctest.Wait()
				}
				l.f.blind = true
				l.d.slow = make(chan struct{})
				l.d.states = []string{apitypes.AnswerChanged}
				l.d.send(apitypes.EventAsk, revised("a@c2", 1))
				l.screen("+a@c2 r1")
				do(c.seen)
				l.f.answers <- "kill"
				do(c.asked)
				l.screen("-a@c2")
				close(l.d.slow)
				do(c.told)
				time.Sleep(time.Minute)
				l.screen("!a@c2 r2")
				l.said()
				l.f.answers <- "kill"
				l.screen("-a@c2")
				l.said("Understood. It begins as soon as nobody else has to agree.")
				l.d.mu.Lock()
				heard := strings.Join(l.d.heard, "; ")
				l.d.mu.Unlock()
				for _, once := range []string{"answers a@c2 N kill r1", "answers a@c2 N kill r2", "shown a@c2 r2"} {
					if strings.Count(heard, once) != 1 {
						t.Errorf("the daemon heard %s; want one %s", heard, once)
					}
				}
				l.end()
				if len(l.d.states) != 0 {
					t.Errorf("verdicts are left: %q", l.d.states)
				}
			})
		})
	}
}

// A window that closes instead of coming again is said to be closed, whenever.
func TestAgentAsksAgainInVain(t *testing.T) {
	for _, early := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			l := start(t)
			l.d.slow = make(chan struct{})
			l.d.states = []string{apitypes.AnswerChanged}
			l.d.send(apitypes.EventAsk, revised("a@c2", 1))
			synctest.Wait()
			l.f.answers <- "kill"
			if early {
				l.d.send(apitypes.EventUpdate, revised("a@c2", 2))
				l.d.send(apitypes.EventCancel, named("a@c2"))
				synctest.Wait()
			}
			close(l.d.slow)
			synctest.Wait()
			if !early {
				l.said()
				l.d.send(apitypes.EventCancel, named("a@c2"))
			}
			l.said("Firefox: the question is closed. You need not do anything.")
			l.screen("+a@c2 r1", "-a@c2")
			l.d.send(apitypes.EventAsk, named("b@c2"))
			l.screen("+b@c2")
			l.f.answers <- "defer"
			l.screen("-b@c2")
			l.end()
		})
	}
}
