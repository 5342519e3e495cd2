// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/doctor"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/opsiclientd/agentcheck"
	"github.com/quietsetup/quietsetup/store"
)

// doctorDoc is the JSON of doctor.
type doctorDoc struct {
	Schema  string       `json:"schema"` // doctor/v1
	At      time.Time    `json:"at"`
	Verdict doctor.State `json:"verdict"` // ok, warn, fail
	Checks  []adviceDoc  `json:"checks"`
}

type adviceDoc struct {
	Check string         `json:"check"`
	Code  string         `json:"code"` // what was found, in one stable word
	State doctor.State   `json:"state"`
	Found string         `json:"found"` // English
	Mend  string         `json:"mend,omitempty"`
	Data  map[string]any `json:"data,omitempty"` // the facts of the case
}

func (a *app) doctorCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "What is wrong on this machine, and how it is mended",
		Long: long(`
Looks at everything quietsetup needs here: the service, its socket, config,
depot and overlay, the sessions and whether each can be asked, what windows can
be shown with, the log, the clock, the power, the room on the disk, a restart
that is wanted. Each line says what was found; what is not in order is followed
by how to mend it.

Works without a running service, without systemd and without root, and says what
it could not see. Nothing is changed and nothing is waited for without end.

Exit code 0 also with warnings; 1 if something fails. JSON: doctor/v1.`),
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.daemon() // refuses --file
			if err != nil {
				return err
			}
			p := doctor.Patient{System: runtime.GOOS, UID: doctor.UID(), Version: a.Version, StateDir: a.state(),
				Default: a.stateDir == "" && a.socket == "", Socket: c.Path(), Now: time.Now,
				Files: doctor.RealFiles{}, Host: doctor.RealHost{Machine: host.New(host.Options{})}, Windows: doctor.RealWindows(), Daemon: c,
				Config: func() (config.Config, error) { return config.Load(file) }, Store: store.TakeGlance, Agent: agentcheck.Look}
			found := doctor.Look(cmd.Context(), p)
			if cmd.Context().Err() != nil {
				return errors.New("it was interrupted")
			}
			switch {
			case a.json, a.csv():
				err = a.doctorDocument(found, p.Now())
			default:
				a.printDoctor(found)
			}
			if err == nil && doctor.Worst(found) == doctor.Fail {
				return done(exitFailed)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "config file of the service (default "+config.DefaultPath()+")")
	return withRows(cmd, doctorColumns()...)
}

func doctorColumns() []string { return []string{"check", "state", "code", "found", "mend"} }

// doctorDocument prints the findings for programs, in English.
func (a *app) doctorDocument(found []doctor.Finding, at time.Time) error {
	english, err := words.New(time.UTC, "en")
	if err != nil {
		return err
	}
	d := doctorDoc{Schema: "doctor/v1", At: at.UTC(), Verdict: doctor.Worst(found), Checks: []adviceDoc{}}
	for _, f := range found {
		row := adviceDoc{Check: f.Check, Code: f.Code, State: f.State, Data: facts(f)}
		row.Found, row.Mend = sentences(english, f)
		d.Checks = append(d.Checks, row)
	}
	if a.csv() {
		t := a.table(doctorColumns()...)
		for _, r := range d.Checks {
			t.row(r.Check, r.State, r.Code, r.Found, r.Mend)
		}
		t.print()
		return nil
	}
	return a.document(d)
}

// facts are those of a finding as JSON has them.
func facts(f doctor.Finding) map[string]any {
	out := map[string]any{}
	for k, v := range f.Data {
		switch t := v.(type) {
		case time.Time:
			v = t.UTC()
		case time.Duration:
			v = t.Seconds()
		}
		out[strings.ToLower(k)] = v
	}
	return out
}

func (a *app) printDoctor(found []doctor.Finding) {
	var rows []looked
	for _, f := range found {
		what, mend := sentences(a.words, f)
		rows = append(rows, looked{a.words.Text(groupOf("check", f.Check)+"."+f.Check, nil), a.judged("health", string(f.State)), what, mend})
	}
	a.printLooked(rows)
	a.say("doctor.verdict", i18n.Data{"Verdict": string(doctor.Worst(found))})
}

// groupOf is the group of words in which the name of a check stands: those of opsi's
// own agent are named alike wherever they are told.
func groupOf(group, check string) string {
	if slices.Contains(agentcheck.Checks(), check) {
		return "agentcheck"
	}
	return group
}

// agentSentences say what was found of opsi's own agent, and how it is mended.
func agentSentences(w *words.Words, code string, bad bool, d i18n.Data) (found, mend string) {
	found = w.Text("agentfound."+code, d)
	if bad {
		mend = w.Text("agentmend."+code, d)
	}
	return found, mend
}

// looked is a line of what was looked at.
type looked struct {
	check       string
	state       coloured
	found, mend string // mend "" = nothing is to be done
}

// printLooked prints such lines, each check's name once.
func (a *app) printLooked(rows []looked) {
	t := a.table("check", "state", "found")
	t.heads = map[string]string{"check": "subject"} // of what is looked at
	last := ""
	for _, r := range rows {
		name := ""
		if r.check != last {
			name, last = r.check, r.check
		}
		t.row(name, r.state, r.found)
		if r.mend != "" {
			t.row("", "", "-> "+r.mend)
		}
	}
	t.print()
}

// sentences say what was found and how it is mended on this system.
func sentences(w *words.Words, f doctor.Finding) (found, mend string) {
	return sentencesOn(runtime.GOOS, w, f)
}

func sentencesOn(system string, w *words.Words, f doctor.Finding) (found, mend string) {
	d := i18n.Data{}
	for k, v := range f.Data {
		switch v := v.(type) {
		case time.Time:
			d[k] = w.Time(v)
		case uint64:
			d[k] = v
			if k == "Free" {
				d[k] = size(int64(min(v, 1<<62)))
			}
		default:
			d[k] = v
		}
	}
	say := func(group string) string {
		if system == "windows" {
			if s := w.Text(group+"_windows."+f.Code, d); s != "["+group+"_windows."+f.Code+"]" {
				return s
			}
		}
		return w.Text(group+"."+f.Code, d)
	}
	if _, agents := agentcheck.Codes()[f.Code]; agents {
		d["Windows"] = system == "windows"
		return agentSentences(w, f.Code, f.State != doctor.OK, d)
	}
	found = say("doctor")
	if f.State != doctor.OK {
		if mend = say("mend"); mend == "[mend."+f.Code+"]" {
			mend = ""
		}
	}
	return found, mend
}
