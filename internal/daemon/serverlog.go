// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"fmt"
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// tellServer tells the server's log, record by record, what happens from now on. It
// is faster than a report, which waits for others to go with it; so a report takes
// the lines along that led to it.
func (d *daemon) tellServer(ctx context.Context, s *server) {
	l := serverLog{}
	var next uint64
	d.engine.View(func(c *fsm.Client) { next = c.Seq + 1; l = serverLogOf(c) })
	codec := events.NewCodec()
	for {
		last, err := d.engine.Follow(ctx, next-1)
		if err != nil {
			return // it ends
		}
		for r, err := range d.store.Records(next) {
			var step events.Step
			if err == nil {
				step, err = codec.Open(r)
			}
			if err != nil {
				d.o.Log.Warn().Err(err).Uint64("seq", next).Msg("a part of the log at the server is missing")
				d.engine.View(func(c *fsm.Client) { last = max(last, c.Seq); l = serverLogOf(c) }) // who began and who ended there is not known otherwise
				break
			}
			next = r.Seq + 1
			anew, lines := l.lines(step)
			if anew {
				s.opsi.BeginLog()
			}
			s.opsi.Log(lines...)
		}
		next = max(next, last+1)
	}
}

// serverLog makes the lines that administrators read at the server: what happened,
// and nothing about the people it happened to.
type serverLog struct {
	open map[string]bool // products with an open run
}

// serverLogOf is the log of a client whose state is known and whose way there is not:
// a round that is open goes on, and so does its log.
func serverLogOf(c *fsm.Client) serverLog {
	l := serverLog{open: map[string]bool{}}
	for id, p := range c.Products {
		if p.Open() {
			l.open[id] = true
		}
	}
	return l
}

// lines are those of one record. A log begins anew with the first run after none
// was open.
func (l serverLog) lines(s events.Step) (anew bool, out []opsi.LogLine) {
	for _, e := range s.Did {
		id := e.About()
		switch e.(type) {
		case events.Accepted:
			anew = anew || len(l.open) == 0
			l.open[id] = true
		case events.Finished:
			delete(l.open, id)
		}
		if level, text := lineOf(e); text != "" {
			out = append(out, opsi.LogLine{Level: level, At: s.At.Local(), Product: id, Text: text})
		}
	}
	return anew, out
}

// lineOf is the line of an event, "" if it is none for an administrator. Who was
// asked, which programs ran and what an administrator of this machine wrote stays
// here.
func lineOf(e events.Event) (opsi.LogLevel, string) {
	switch e := e.(type) {
	case events.Accepted:
		return opsi.LogEssential, fmt.Sprintf("%s is wanted, to version %s: run %d", e.Request.Row.ActionRequest, e.Request.Target(), e.Run)
	case events.Queued:
		return opsi.LogNotice, fmt.Sprintf("%s is wanted once the installer has ended", e.Request.Row.ActionRequest)
	case events.Retargeted:
		return opsi.LogNotice, fmt.Sprintf("%s leads to version %s now", e.Request.Row.ActionRequest, e.Request.Target())
	case events.Held:
		return opsi.LogNotice, "waits: " + why(e.Reason, e.Detail)
	case events.ScanFailed:
		return opsi.LogWarning, "the list of running programs is not complete"
	case events.WindowOpened:
		return opsi.LogNotice, fmt.Sprintf("is asked for in %d sessions; put off %d times of %d so far", len(e.Window.Asks), e.Window.DefersUsed, e.Window.DefersMax)
	case events.Deferred:
		if e.Reason == events.ReasonObserved { // nothing was put off
			return opsi.LogNotice, "waits: " + why(e.Reason, e.Detail)
		}
		return opsi.LogNotice, fmt.Sprintf("put off: %s; %d times so far", why(e.Reason, e.Detail), e.Count)
	case events.CloseAgreed:
		return opsi.LogNotice, fmt.Sprintf("%d programs are closed: %s", len(e.Targets), e.Why)
	case events.InstallCleared:
		return opsi.LogNotice, fmt.Sprintf("the installer starts, attempt %d", e.Attempt)
	case events.AttemptVoided:
		return opsi.LogNotice, "the installer was not started: " + e.Reason
	case events.AttemptLost:
		return opsi.LogWarning, "the attempt was interrupted; it is being found out what became of it"
	case events.InstallerExited:
		switch {
		case e.Meaning == "not_now" || e.Meaning == "occupied":
			return opsi.LogNotice, withDetail("it cannot be started now", e.Detail)
		case e.Detail != "":
			return opsi.LogNotice, withDetail("opsi-script has ended", e.Detail)
		}
		return opsi.LogNotice, fmt.Sprintf("the installer ended with exit code %d: %s", e.Exit, e.Meaning)
	case events.Finished:
		level := opsi.LogEssential
		if e.Outcome == events.OutcomeFailed || e.Outcome == events.OutcomeUnknown {
			level = opsi.LogError
		}
		return level, fmt.Sprintf("run ended: %s", withDetail(string(e.Outcome), e.Reason))
	case events.ModeChanged:
		if e.Observe {
			return opsi.LogEssential, "observe mode: what would be done is told here, and nothing is done"
		}
		return opsi.LogEssential, "observe mode has ended"
	case events.RebootWanted:
		return opsi.LogNotice, "the machine must be restarted"
	}
	return 0, ""
}

// why is a reason, with the name of the product that is waited for. What else a
// detail says is about the people here: which programs they use, say.
func why(r events.Reason, detail string) string {
	switch r {
	case events.ReasonDependency, events.ReasonReboot, events.ReasonObserved: // what would be done is a word of the core's
		return withDetail(string(r), detail)
	}
	return string(r)
}

// withDetail adds what more is known, unless it names a place on the machine: such
// a text can be anybody's.
func withDetail(what, detail string) string {
	if detail == "" || strings.ContainsAny(detail, `/\`) {
		return what
	}
	return what + " (" + detail + ")"
}
