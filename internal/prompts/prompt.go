// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"reflect"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// maxDoubts bounds how many prompts of one user are kept only because an agent
// said it holds them.
const maxDoubts = 64

// maxID bounds the id of a prompt in bytes.
const maxID = 512

// key finds a prompt. The user belongs to it: an id that somebody else makes up
// finds nothing of this user's.
type key struct{ id, owner string }

// prompt is one window in one session.
type prompt struct {
	id   string
	at   place
	work fsm.AskUsers
	by   *effect // the effect that holds it open; nil while it lingers or is closed
	open bool

	asked   uint64 // revision at which the agent must be asked to show it
	changed uint64 // revision of its last change
	closed  uint64 // revision at which it closed; 0 = never
	end     *time.Timer

	shown    bool    // an agent has it on the screen, with every program of work
	told     *effect // under which the core was told that it is shown
	answered bool    // the core has this session's answer
	stood    bool    // the stand-in shows it, or did when its list changed
}

// effect is one running AskUsers, by which the core is told about its window.
type effect struct {
	shown  func() error
	failed func(reason string) error
}

// promptID is the id of a window in a session.
func promptID(window, session string) string { return window + "@" + session }

// splitID is its reverse. A window's id has no "@", a session's may.
func splitID(id string) (window, session string, ok bool) {
	window, session, ok = strings.Cut(id, "@")
	return window, session, ok && window != "" && session != "" && len(id) <= maxID
}

// hold opens the prompt of an effect, or takes over the one that is open.
func (b *Broker) hold(by *effect, work fsm.AskUsers) *prompt {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := place{work.Ask.Owner, work.Ask.Session}
	k := key{promptID(work.Window.ID, at.session), at.owner}
	p := b.prompts[k]
	if p == nil {
		p = &prompt{id: k.id, at: at}
		b.prompts[k] = p
	}
	if p.end != nil {
		p.end.Stop()
		p.end = nil
	}
	was := p.work
	p.by, p.work = by, work
	if !p.open || work.Ask.Added != was.Ask.Added {
		p.shown = work.Ask.Shown // what was on the screen before lacks programs
	}
	switch {
	case !p.open:
		b.rev++
		p.open, p.asked, p.changed, p.closed = true, b.rev, b.rev, 0
		p.answered = work.Ask.Answer != ""
	case p.answered && work.Ask.Answer == "" && work.Ask.N != was.Ask.N:
		// What was answered is not what is asked now.
		b.rev++
		p.answered, p.asked, p.changed = false, b.rev, b.rev
	case !reflect.DeepEqual(was, work):
		b.rev++
		p.changed = b.rev
	}
	if work.Ask.Shown {
		p.told = by
	}
	b.wake()
	return p
}

// drop ends an effect's hold. The window closes a little later, unless another
// effect has taken it over or does so by then.
func (b *Broker) drop(p *prompt, by *effect) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.by == by {
		p.by = nil
		b.closeAfter(p, linger)
	}
}

// closeAfter closes a prompt that nothing holds open by then, and forgets it
// some time later. The caller holds mu.
func (b *Broker) closeAfter(p *prompt, d time.Duration) {
	if p.end != nil {
		p.end.Stop()
	}
	var timer *time.Timer
	timer = time.AfterFunc(d, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if p.end != timer {
			return // taken over meanwhile
		}
		b.rev++
		p.open, p.closed = false, b.rev
		p.end = time.AfterFunc(remember, func() { b.forget(p) })
		b.wake()
	})
	p.end = timer
}

func (b *Broker) forget(p *prompt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k := (key{p.id, p.at.owner}); b.prompts[k] == p && !p.open {
		delete(b.prompts, k)
	}
}

// doubt notes a prompt that an agent still shows from before. If no effect opens
// it again in time, the agent is told that it is over. The caller holds mu.
func (b *Broker) doubt(id string, at place) {
	k := key{id, at.owner}
	_, session, ok := splitID(id)
	if !ok || session != at.session || b.prompts[k] != nil && b.prompts[k].closed == 0 {
		return
	}
	n := 0
	for _, o := range b.prompts {
		if o.at.owner == at.owner && !o.open {
			n++
		}
	}
	if n >= maxDoubts {
		return
	}
	p := &prompt{id: id, at: at}
	b.prompts[k] = p
	b.closeAfter(p, Grace)
}

// view is the prompt as data for its agent. The caller holds mu.
func (b *Broker) view(p *prompt) *apitypes.Prompt {
	w, ask := p.work.Window, p.work.Ask
	left := max(b.c.Clock.Until(w.Deadline), 0).Duration()
	since := w.Since
	if since.IsZero() { // a window from a log that did not keep it
		since = w.Opened
	}
	v := &apitypes.Prompt{
		ID:    p.id,
		Nonce: b.nonce(p.id, p.at.owner),
		// The core names one product for all members, and has one member for now.
		Members:  []apitypes.Member{{Name: w.Name, Action: string(w.Action), Version: w.Version, Installed: w.Installed}},
		Programs: []apitypes.Program{},
		Revision: ask.Added,
		Choices:  make([]string, 0, len(w.Choices)),
		Default:  string(w.Default),
		// The moment's own wall time would be wrong after the clock was set.
		Deadline:    time.Now().Add(left).UTC().Truncate(time.Second),
		RemainingMS: left.Milliseconds(),
		Opened:      w.Opened.Wall.UTC().Truncate(time.Second),
		Since:       since.Wall.UTC().Truncate(time.Second),
		Final:       w.Final,
		DefersUsed:  w.DefersUsed,
		DefersMax:   w.DefersMax,
		AskAgain:    apitypes.SecondsOf(w.AskAgain.Duration()),
		Asker:       b.c.Asker,
		Contact:     b.c.Contact,
		Logo:        b.c.Logo,
	}
	for _, c := range w.Choices {
		v.Choices = append(v.Choices, string(c))
	}
	type group struct {
		name string
		own  bool
	}
	index := map[group]int{}
	for _, q := range ask.Programs {
		g := group{q.Name, q.Owner == p.at.owner}
		path := ""
		if g.own {
			path, _ = q.Path.Reveal(nil) // not at hand: left out
		}
		i, seen := index[g]
		if !seen {
			index[g] = len(v.Programs)
			v.Programs = append(v.Programs, apitypes.Program{Name: g.name, Count: 1, OwnerIsYou: g.own, Path: path})
			continue
		}
		v.Programs[i].Count++
		if v.Programs[i].Path != path {
			v.Programs[i].Path = ""
		}
	}
	return v
}
