// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// displayed judges a window that comes onto a screen.
func (j *judge) displayed(s *session, p *prompt) {
	f := j.window(p.window)
	if f == nil || f.window == nil || f.window.ID != p.window {
		j.fault("%s is shown and not open", p.window)
		return
	}
	j.mayWork(f, "a window is shown")
	for i := range j.screens {
		last := &j.screens[i]
		if last.session != s.id || last.owner != s.who.owner || s.began > last.at {
			continue
		}
		other := last.product != f.id || last.run != f.run || last.round != f.round
		if gap := j.w.now - last.at; other && !f.policy.Urgent && last.epoch == j.epoch && gap < int64(f.policy.PromptInterval) && !f.late[s.id+s.who.owner] {
			j.fault("%s is shown to %s %d ms after %s#%d, prompt_interval is %d ms", p.window, s.id, gap, last.product, last.run, f.policy.PromptInterval)
		}
		*last = screen{s.id, s.who.owner, f.id, f.run, f.round, j.w.now, j.epoch}
		return
	}
	j.screens = append(j.screens, screen{s.id, s.who.owner, f.id, f.run, f.round, j.w.now, j.epoch})
}

// onScreen notes what a window really showed.
func (j *judge) onScreen(p *prompt) {
	for _, id := range p.list {
		if !slices.Contains(j.seen[p.window], id) {
			j.seen[p.window] = append(j.seen[p.window], id)
		}
	}
}

// window finds the product that a window was opened for.
func (j *judge) window(id string) *file {
	for _, f := range j.files {
		if f.window != nil && f.window.ID == id || f.last != nil && f.last.ID == id {
			return f
		}
	}
	return nil
}

// pressed: a person answers.
func (j *judge) pressed(s *session, p *prompt) {
	j.w.presses = append(j.w.presses, press{answer{p.window, s.id, p.pressed}, slices.Clone(p.list)})
}

// press is an answer that a person gave, and what was on the screen.
type press struct {
	answer
	list []events.ProcessID
}

func (w *world) didPress(window, session string, c events.Choice) bool {
	return slices.ContainsFunc(w.presses, func(p press) bool { return p.answer == answer{window, session, c} })
}

// acknowledged: what an agent was told to be recorded is recorded.
func (j *judge) acknowledged(s *session, p *prompt, c events.Choice) {
	if !j.answers[answer{p.window, s.id, c}] {
		j.fault("%s in %s: the answer %s was acknowledged and is not in the log", p.window, s.id, c)
	}
}

// agreed: what is closed was shown to somebody who agreed to it, was announced,
// or belongs to nobody who is there.
func (j *judge) agreed(f *file, e events.CloseAgreed) {
	for _, t := range e.Targets {
		ok := false
		switch e.Why {
		case "asked":
			ok = slices.ContainsFunc(j.w.presses, func(p press) bool {
				return p.window == f.last.ID && p.choice == events.ChoiceKill && slices.Contains(p.list, t.ProcessID)
			})
		case "timeout", "announced":
			ok = (e.Why == "announced") == f.last.Final && f.last.Default == events.ChoiceKill && slices.Contains(j.seen[f.last.ID], t.ProcessID)
		case "recheck_limit":
			ok = f.policy.RecheckAction == events.ChoiceKill && slices.ContainsFunc(j.w.presses, func(p press) bool {
				return p.window == f.last.ID && p.choice == events.ChoiceRecheck && slices.Contains(p.list, t.ProcessID)
			})
		case "alone":
			ok = f.policy.AloneAction == events.Kill
		}
		if !ok {
			j.fault("%s: %s (%d) is to be closed (%s), and nobody was shown that", f.id, t.Name, t.PID, e.Why)
		}
	}
}

// signalled judges a signal: a target of what is being closed, and the very process.
func (j *judge) signalled(product string, p *program, q events.Process) {
	f := j.of(product)
	j.mayWork(f, "a program is closed")
	if !p.is(q) {
		j.fault("%s: process %d was to be %s started at %d, and is %s started at %d", product, q.PID, q.Name, q.Start, p.app, p.Start)
	}
	if f.closing == nil || !slices.ContainsFunc(f.closing.Targets, func(t events.Process) bool { return t.ProcessID == q.ProcessID }) {
		j.fault("%s: %s (%d) is closed and was not to be", product, q.Name, q.PID)
	}
}

// installs judges an installer that begins.
func (j *judge) installs(work fsm.RunInstaller) {
	f, t := j.try(work.Token)
	if t == nil {
		j.fault("%s runs without a record of the intent", work.Token)
		return
	}
	if t.ran {
		j.fault("%s runs twice", work.Token)
	}
	if t.voided || t.over {
		j.fault("%s runs after it was taken back", work.Token)
	}
	j.mayWork(f, "an installer starts")
	for _, o := range f.tries {
		if o != t && o.ran && !o.reason {
			j.fault("%s runs after %s, which ran, without a reason", work.Token, o.token)
		}
	}
	for _, a := range j.w.running {
		if _, o := j.try(a.work.Token); a.alive && a.work.Token != work.Token && (o == nil || !o.stalls && !slices.Contains(t.past, o.token)) {
			j.fault("%s runs beside %s", work.Token, a.work.Token)
		}
	}
	t.ran = true
	for _, p := range j.w.programs {
		if slices.Contains(work.Package.Processes, p.app) {
			j.fault("%s runs over %s (%d)", work.Token, p.app, p.PID)
		}
	}
}

// outcome: an installer ended, and its supervisor wrote how.
func (j *judge) outcome(e events.InstallerEnded) {
	if _, t := j.try(e.Token); t != nil {
		t.ended = &e
	}
}

// attempt judges what is decided about an attempt.
func (j *judge) attempt(f *file, e events.Event) {
	switch e := e.(type) {
	case events.InstallCleared:
		j.mayAct(f, "an installer is cleared")
		var past []string
		for _, o := range j.files {
			for _, t := range o.tries {
				if t.stalls {
					past = append(past, t.token)
				} else if !t.over {
					j.fault("%s is cleared beside %s", e.Token, t.token)
				}
			}
		}
		f.tries = append(f.tries, &try{token: e.Token, past: past})
	case events.InstallBegun:
		if _, t := j.try(e.Token); t != nil && !t.ran {
			j.fault("%s is said to run and never did", e.Token)
		}
	case events.AttemptStalled:
		if _, t := j.try(e.Token); t != nil {
			if a := j.w.files[e.Token]; a == nil || !a.stalls {
				j.fault("%s is said to stand still and does not", e.Token)
			}
			t.stalls = true
		}
	case events.AttemptWentOn:
		if _, t := j.try(e.Token); t != nil {
			if a := j.w.files[e.Token]; a != nil && a.stalls {
				j.fault("%s is said to go on and does not", e.Token)
			}
			t.stalls = false
		}
	case events.AttemptVoided:
		if _, t := j.try(e.Token); t != nil {
			if t.ran && !(t.exited && t.reason) { // one that found another installer running did nothing
				j.fault("%s is taken back (%s) and ran", e.Token, e.Reason)
			}
			t.voided, t.over = true, true
		}
	case events.AttemptRepeated:
		if _, t := j.try(e.Token); t != nil {
			if !f.pkg.Repeatable {
				j.fault("%s is to be repeated, which its package forbids", e.Token)
			}
			t.reason, t.over = true, true
		}
	case events.InstallerExited:
		_, t := j.try(e.Token)
		if t == nil {
			return
		}
		if t.ended == nil || t.ended.Exit != e.Exit {
			j.fault("%s is said to have ended with %d, really %+v", e.Token, e.Exit, t.ended)
		}
		t.exited, t.over = true, true
		t.reason = e.Meaning == "retry"
		if good := e.Exit == 0 || e.Exit == 3010; good != (e.Meaning == "ok" || e.Meaning == "reboot") {
			j.fault("%s ended with %d, which is said to mean %s", e.Token, e.Exit, e.Meaning)
		}
	}
}

// finished: the outcome of an installer that wrote one counts, and nothing ran that
// did not.
func (j *judge) finished(f *file, e events.Finished) {
	ran := slices.ContainsFunc(f.tries, func(t *try) bool { return t.ran })
	if e.Ran && e.Outcome == events.OutcomeOK && !ran {
		j.fault("%s ends as ok, and no installer ran", f.id)
	}
	if n := len(f.tries); e.Outcome == events.OutcomeOK && n > 0 {
		if t := f.tries[n-1]; t.ended != nil && t.exited && t.ended.Exit != 0 && t.ended.Exit != 3010 {
			j.fault("%s ends as ok, and its installer ended with %d", f.id, t.ended.Exit)
		}
	}
	for _, t := range f.tries {
		if t.ended != nil && !t.exited && !t.reason {
			j.fault("%s ends as %s (%s), and the outcome of %s never came", f.id, e.Outcome, e.Reason, t.token)
		}
		t.over = true
	}
}

// shows: the source shows a report.
func (j *judge) shows(p *product) {
	p.shown = append(p.shown[max(0, len(p.shown)-8):], p.row)
}
