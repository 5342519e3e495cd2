// SPDX-License-Identifier: Apache-2.0

package words

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// Input says what came in.
func (w *Words) Input(in events.Input) string {
	key, d := "input."+events.InputName(in), i18n.Data{}
	switch in := in.(type) {
	case events.Restarted:
		if !in.Clean {
			key += "_unclean"
		}
	case events.RequestsObserved:
		d["Requests"] = w.requests(in.Requests)
	case events.Prepared:
		if in.Problem != nil {
			key += "_problem"
			d["Problem"] = in.Problem.Message
		}
	case events.ChecksObserved:
		key += w.seen(in.Seen, d)
	case events.TimeCame:
		d["N"] = len(in.Seen.Sessions)
	case events.WindowFailed:
		d["Reason"] = in.Reason
	case events.UserAnswered:
		d["Choice"] = w.Choice(string(in.Choice))
	case events.CloseObserved:
		if in.NotTried != "" {
			key += "_not_tried"
		} else {
			key += w.seen(in.Seen, d)
		}
	case events.InstallerStalled:
		d["What"] = in.What
	case events.InstallerEnded:
		d["Exit"], d["Signal"], d["Error"] = in.Exit, in.Signal, in.Error
		switch {
		case in.Error != "":
			key += "_error"
		case in.Signal != "":
			key += "_signal"
		}
	case events.InstallProbed:
		if in.NeverStarted {
			key += "_never"
		}
	case events.InstallVerified:
		if !in.Found.Matches {
			key += "_not"
		}
	case events.ReportAnswered:
		if !in.Accepted {
			key += "_not"
			d["Reason"] = in.Reason
		}
	case events.DeferRequested:
		d["Reason"] = in.Reason
	case events.ResumeRequested:
		d["Reason"] = in.Reason
	case events.ResetRequested:
		d["Reason"] = in.Reason
	case events.HoldRequested:
		d["Reason"] = in.Reason
	case events.ReleaseRequested:
		d["Reason"] = in.Reason
	case events.ModeChosen:
		d["Reason"] = in.Reason
		if !in.Observe {
			key += "_not"
		}
	case events.RulesChosen:
		d["Rules"] = in.Rules
	}
	return w.Text(key, d)
}

// seen adds what a look found; the result is the form of the sentence.
func (w *Words) seen(o events.Observation, d i18n.Data) string {
	if o.Scanned && !o.Complete {
		d["Reason"] = o.Reason
		return "_incomplete"
	}
	b := o.Blocking()
	if len(b) == 0 {
		return "_nothing"
	}
	d["Programs"] = names(b)
	return ""
}

func (w *Words) requests(rs []events.Request) string {
	var out []string
	for _, r := range rs {
		s := r.Row.ProductID + " " + string(r.Row.ActionRequest)
		if v := r.Target(); v != "" {
			s += " " + v
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// names lists programs, each name once with its number.
func names(ps []events.Process) string {
	n := map[string]int{}
	var order []string
	for _, p := range ps {
		if n[p.Name]++; n[p.Name] == 1 {
			order = append(order, p.Name)
		}
	}
	slices.Sort(order)
	for i, name := range order {
		if n[name] > 1 {
			order[i] = name + " (" + strconv.Itoa(n[name]) + ")"
		}
	}
	return strings.Join(order, ", ")
}

// Choice is what a person pressed, or what a deadline does.
func (w *Words) Choice(c string) string {
	if t := w.Text("choice."+c, nil); t != "[choice."+c+"]" {
		return t
	}
	return Clean(c)
}

// Detail is what more is known of a reason. Of what is only observed it is a word of
// the core's, what would be done.
func (w *Words) Detail(reason, detail string) string {
	if reason != string(events.ReasonObserved) {
		return detail
	}
	return w.known("observed.", cmp.Or(detail, "soon"))
}

// Event says what was decided.
func (w *Words) Event(e events.Event) string {
	key, d := "event."+events.EventName(e), i18n.Data{"Product": e.About()}
	until := func(m events.Moment) {
		if !m.IsZero() {
			d["Until"] = w.Time(m.Wall)
		}
	}
	switch e := e.(type) {
	case events.ClientRestarted:
		if e.NewBoot {
			key += "_boot"
		}
	case events.ClockStepped:
		d["By"] = e.By.Duration().String()
	case events.RulesChanged:
		d["Rules"] = e.Rules
	case events.StoreForked:
		d["Common"] = e.Common
	case events.StoreRebuilt:
		d["Store"], d["Reason"] = e.Store, e.Reason
	case events.OrderChanged:
		d["Order"] = strings.Join(e.Order.Sequence, ", ")
	case events.PresenceChanged:
		d["N"] = len(e.Sessions)
		switch {
		case !e.Known:
			key += "_unknown"
		case len(e.Sessions) == 0:
			key += "_nobody"
		}
	case events.Accepted:
		d["Run"], d["Action"], d["Version"] = e.Run, string(e.Request.Row.ActionRequest), e.Request.Target()
	case events.Queued:
		d["Action"], d["Version"] = string(e.Request.Row.ActionRequest), e.Request.Target()
	case events.Retargeted:
		d["Version"] = e.Request.Target()
	case events.Held:
		d["Reason"], d["Detail"] = w.Reason(string(e.Reason)), w.Detail(string(e.Reason), e.Detail)
		until(e.Until)
	case events.WaitEnded:
		d["Why"] = w.known("ended.", e.Why)
	case events.ChecksStarted:
		d["Round"] = e.Round
	case events.ScanFailed:
		d["Reason"], d["N"] = e.Reason, e.N
	case events.WindowOpened:
		d["N"], d["Until"], d["Default"] = len(e.Window.Asks), w.Time(e.Window.Deadline.Wall), w.Choice(string(e.Window.Default))
		if e.Window.Final {
			key += "_final"
		}
	case events.WindowSeen:
		d["Session"] = e.Session
	case events.WindowLost:
		d["Session"], d["Reason"] = e.Session, e.Reason
	case events.ProgramsChanged:
		d["Programs"] = names(e.Programs)
		if len(e.Programs) == 0 {
			key += "_none"
		}
	case events.Answered:
		d["Session"], d["Choice"] = e.Session, w.Choice(string(e.Choice))
	case events.WindowClosed:
		d["Why"] = w.known("closed.", e.Why)
	case events.Rechecked:
		d["N"] = e.N
	case events.Deferred:
		d["Reason"], d["Detail"], d["Count"] = w.Reason(string(e.Reason)), w.Detail(string(e.Reason), e.Detail), e.Count
		until(e.Until)
		if e.Counted {
			key += "_counted"
		}
	case events.CloseAgreed:
		d["Programs"], d["Why"] = names(e.Targets), w.known("agreed.", e.Why)
	case events.SentBack:
		d["Reason"] = w.Reason(string(e.Reason))
	case events.InstallCleared:
		d["Attempt"] = e.Attempt
	case events.InstallBegun:
		d["PID"] = e.Installer.PID
	case events.AttemptStalled:
		d["What"] = e.What
	case events.AttemptVoided:
		d["Reason"] = e.Reason
	case events.AttemptRepeated:
		d["Reason"] = e.Reason
	case events.InstallerExited:
		d["Exit"], d["Meaning"] = e.Exit, w.known("meaning.", e.Meaning)
		d["Detail"] = e.Detail
		if e.Meaning == "not_now" || e.Meaning == "occupied" {
			key += "_not_now"
		}
	case events.Finished:
		d["Outcome"], d["Reason"] = w.Outcome(string(e.Outcome)), e.Reason
	case events.ReportAccepted:
		d["Status"], d["Version"], d["Progress"] = e.Report.InstallationStatus, e.Report.Version(), e.Report.ActionProgress
	case events.ReportRefused:
		d["Reason"] = e.Reason
	case events.HoldPlaced:
		d["Reason"] = e.Reason
		if e.Product == "" {
			key += "_all"
		}
	case events.ModeChanged:
		d["Reason"] = e.Reason
		if !e.Observe {
			key += "_not"
		}
	case events.HoldReleased:
		if e.Product == "" {
			key += "_all"
		}
	}
	return w.Text(key, d)
}

// known is the sentence of one of the core's words, or the word itself if it is
// of a newer build.
func (w *Words) known(group, word string) string {
	if t := w.Text(group+word, nil); t != "["+group+word+"]" {
		return t
	}
	return Clean(word)
}
