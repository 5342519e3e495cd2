// SPDX-License-Identifier: Apache-2.0

// Package agentcheck looks at opsi's own agent on this machine, as far as quietsetup
// works beside it: whether its events go through us, where it shows windows of its own
// to people, and whether opsi-script is there for products that are scripts.
//
// The check of the server and the doctor of the machine both ask; the findings are
// the same. They are codes with facts, words for them are found elsewhere. A machine
// without opsi's agent is in order: quietsetup has its own triggers.
package agentcheck

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/opsiclientd"
	"github.com/quietsetup/quietsetup/internal/opsiscript"
)

// The checks.
const (
	Events    = "opsiclientd"
	Notifiers = "notifiers"
	Script    = "opsiscript"
)

// Checks lists them.
func Checks() []string { return []string{Events, Notifiers, Script} }

// State says how bad a finding is.
type State int

// The states.
const (
	OK State = iota
	Skipped
	Warning
	Failed
)

// Codes says how bad each code is. A code begins with the name of its check.
func Codes() map[string]State {
	return map[string]State{
		"opsiclientd_none": OK, "opsiclientd_ours": OK, "opsiclientd_hidden": Skipped, "opsiclientd_bad": Warning, "opsiclientd_direct": Warning,
		"opsiclientd_partly": Warning, "opsiclientd_lost": Warning, "opsiclientd_still": Warning, "opsiclientd_no_program": Failed, "opsiclientd_other": Failed,
		"notifiers_none": OK, "notifiers_ok": OK, "notifiers_hidden": Skipped, "notifiers_seen": Warning,
		"opsiscript_ok": OK, "opsiscript_none": OK, "opsiscript_missing": Warning, "opsiscript_bad": Warning,
	}
}

// Finding is what a check found. Its words are stable.
type Finding struct {
	Check string
	Code  string
	State State
	Data  map[string]any
}

// Machine says what is looked at.
type Machine struct {
	System string
	Conf   string // opsiclientd.conf
	Script string // opsi-script as the config names it, "" = where opsi puts it
	// Value is what the server says opsiclientd runs, "" = nothing, or it is not known.
	Value string
	// StateDir holds what was kept of a hand-over of a client ("" = whichever).
	StateDir, Client string
	// Server is the config server's address, as quietsetup has it; "" = not compared.
	Server string
	// Lost: the service found that a hand-over does not stand in the file any more.
	Lost bool
	// Owner judges who could change a program; nil = nobody is asked.
	Owner func(name string, info fs.FileInfo) error
	// There reports whether a file is there; nil = it is not asked.
	There func(path string) bool
}

// Look looks at all of it.
func Look(ctx context.Context, m Machine) []Finding {
	conf, err := opsiclientd.Read(m.Conf)
	out := append(m.events(conf, err), m.notifiers(conf, err)...)
	out = append(out, m.script(ctx, err == nil)...)
	for i := range out {
		out[i].State = Codes()[out[i].Code]
		out[i].Check, _, _ = strings.Cut(out[i].Code, "_")
	}
	return out
}

type data = map[string]any

// events tells whether the events of opsiclientd go through us.
func (m Machine) events(conf opsiclientd.Conf, err error) []Finding {
	d := data{"File": m.Conf}
	kept, _ := opsiclientd.ReadKept(m.StateDir, m.Client) // who may not read it hears it from the service
	wanted := m.Lost || opsiclientd.HandedOver(m.System, m.Value, kept)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{{Code: "opsiclientd_none", Data: d}}
	case errors.Is(err, fs.ErrPermission):
		return []Finding{{Code: "opsiclientd_hidden", Data: d}}
	case err != nil:
		d["Error"] = err.Error()
		return []Finding{{Code: "opsiclientd_bad", Data: d}}
	}
	line := conf.Resolve(conf.Processor())
	program, ours := opsiclientd.Ours(m.System, line)
	var direct, through []string
	for _, e := range conf.Events(m.System) {
		if e.Ours {
			program, through = e.Program, append(through, e.Name)
		} else {
			direct = append(direct, e.Name)
		}
	}
	d["Command"], d["Events"], d["Through"], d["Program"] = clip(line), strings.Join(direct, ", "), strings.Join(through, ", "), clip(program)
	switch {
	case program != "" && m.There != nil && !m.There(program):
		return []Finding{{Code: "opsiclientd_no_program", Data: d}}
	case program != "" && conf.Fits(m.Server, m.Client) != nil:
		d["Error"] = conf.Fits(m.Server, m.Client).Error()
		return []Finding{{Code: "opsiclientd_other", Data: d}}
	case !ours && wanted:
		return []Finding{{Code: "opsiclientd_lost", Data: d}}
	case !ours && len(through) == 0:
		return []Finding{{Code: "opsiclientd_direct", Data: d}}
	case len(direct) > 0:
		return []Finding{{Code: "opsiclientd_partly", Data: d}}
	case !wanted && (m.Value != "" || kept.Undone):
		return []Finding{{Code: "opsiclientd_still", Data: d}}
	}
	return []Finding{{Code: "opsiclientd_ours", Data: d}}
}

// notifiers tells which windows of opsi's people who work would see.
func (m Machine) notifiers(conf opsiclientd.Conf, err error) []Finding {
	d := data{"File": m.Conf}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{{Code: "notifiers_none", Data: d}}
	case err != nil:
		return []Finding{{Code: "notifiers_hidden", Data: d}}
	}
	seen := map[string][]string{}
	for _, e := range conf.Events(m.System) {
		for _, n := range []struct{ kind, desktop string }{
			{"event_notifier", e.EventNotifier}, {"action_notifier", e.ActionNotifier}, {"shutdown_notifier", e.ShutdownNotifier},
		} {
			if n.desktop != "" && n.desktop != opsiclientd.Winlogon {
				what := n.kind + "_desktop = " + clip(n.desktop)
				seen[what] = append(seen[what], e.Name)
			}
		}
	}
	if len(seen) == 0 {
		return []Finding{{Code: "notifiers_ok", Data: d}}
	}
	var told []string
	for what, events := range seen {
		told = append(told, what+" ("+strings.Join(events, ", ")+")")
	}
	slices.Sort(told)
	d["Notifiers"] = strings.Join(told, "; ")
	return []Finding{{Code: "notifiers_seen", Data: d}}
}

// script tells whether opsi-script is there, whom it belongs to and what it is. It is
// needed for products that are scripts alone; where opsi's agent is, it belongs to it.
func (m Machine) script(ctx context.Context, agent bool) []Finding {
	program, err := opsiscript.Find(m.Script, opsiscript.Places(m.System), m.Owner)
	switch {
	case errors.Is(err, opsiscript.ErrNoProgram) && (agent || m.Script != ""):
		return []Finding{{Code: "opsiscript_missing", Data: data{"Error": err.Error()}}}
	case errors.Is(err, opsiscript.ErrNoProgram):
		return []Finding{{Code: "opsiscript_none"}}
	case err != nil:
		return []Finding{{Code: "opsiscript_bad", Data: data{"Error": err.Error()}}}
	}
	version := ""
	if m.System != "windows" { // there it would answer with a box on the screen
		ctx, cancel := context.WithTimeout(ctx, versionTime)
		defer cancel()
		version = opsiscript.Version(ctx, program)
	}
	return []Finding{{Code: "opsiscript_ok", Data: data{"Program": program, "Version": version}}}
}

// versionTime is how long opsi-script may take to say its version, which a person waits for.
const versionTime = 5 * time.Second

// clip keeps what a file says short enough to be read, and keys of others to itself.
func clip(s string) string {
	const most = 300
	s = opsiclientd.WithoutKeys(s)
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
