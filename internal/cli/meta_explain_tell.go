// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/metadata"
)

// explainDoc is what meta explain --json prints.
type explainDoc struct {
	Schema         string `json:"schema"` // meta_explain/v1
	Product        string `json:"product"`
	Name           string `json:"name"`
	ProductVersion string `json:"product_version"`
	PackageVersion string `json:"package_version"`
	Priority       int    `json:"priority"`
	Machine        string `json:"machine"` // "windows-x64"
	ThisMachine    bool   `json:"this_machine"`

	Mistakes []explainMistake `json:"mistakes"` // why the package cannot be used
	Warnings []string         `json:"warnings"`

	Installers []explainInstaller `json:"installers"`
	// Metadata is false if nothing says what would be disturbed.
	Metadata     bool                   `json:"metadata"`
	Background   bool                   `json:"install_in_background"`
	Directories  []string               `json:"directories"` // constants resolved, old ones too
	Processes    []string               `json:"processes"`
	Services     []string               `json:"services"`
	RequiredMB   int64                  `json:"required_mb,omitempty"`
	Folder       string                 `json:"folder"`
	Command      []string               `json:"command"`
	Uninstall    []string               `json:"uninstall_command"`
	Repeatable   bool                   `json:"repeatable"`
	ExitCodes    explainCodes           `json:"exit_codes"`
	Detect       *explainDetect         `json:"detect,omitempty"`
	Dependencies []explainDependency    `json:"dependencies"`
	Policy       []apitypes.PolicyValue `json:"policy"`
	Digest       string                 `json:"digest"`
	Now          *explainNow            `json:"now,omitempty"` // on this machine only
}

type explainMistake struct {
	Code string `json:"code"`
	Text string `json:"text"` // file, line, key and what is wrong
}

type explainInstaller struct {
	Name   string `json:"name,omitempty"`
	OS     string `json:"os"`
	Arch   string `json:"os_arch"`
	Path   string `json:"path,omitempty"`
	At     string `json:"at"` // file:line
	Chosen bool   `json:"chosen"`
	Why    string `json:"why"` // chosen, other_system, other_architecture, another_is_closer, another_is_earlier, unknown_word
}

type explainCodes struct {
	OK     []int `json:"ok"`
	Reboot []int `json:"reboot"`
	Retry  []int `json:"retry"`
}

type explainDetect struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

type explainDependency struct {
	Action         string `json:"action"`
	Product        string `json:"product"`
	RequiredAction string `json:"required_action,omitempty"`
	RequiredStatus string `json:"required_status,omitempty"`
	Order          string `json:"order"` // before, after, any
}

// explainNow is what a look at this machine found.
type explainNow struct {
	Complete    bool               `json:"complete"`
	Reason      string             `json:"reason,omitempty"`
	OwnUserOnly bool               `json:"own_user_only"` // without root only one's own programs can be seen
	Programs    []apitypes.Process `json:"programs"`
}

// explained puts an exam into the document's words.
func explained(x metadata.Exam, machine metadata.Machine, here bool) explainDoc {
	p := x.Package
	d := explainDoc{Schema: "meta_explain/v1", Product: p.Product, Name: p.Name, ProductVersion: p.ProductVersion, PackageVersion: p.PackageVersion,
		Priority: p.Priority, Machine: machine.OS + "-" + machine.Arch, ThisMachine: here,
		Mistakes: []explainMistake{}, Warnings: filled(p.Warnings), Installers: []explainInstaller{},
		Metadata: p.Metadata, Background: p.Background, Directories: filled(p.Dirs), Processes: filled(p.Processes), Services: filled(p.Services),
		RequiredMB: p.RequiredMB, Folder: p.Folder, Command: filled(p.Command), Uninstall: filled(p.Uninstall), Repeatable: p.Repeatable,
		ExitCodes:    explainCodes{filled(p.ExitCodes.OK), filled(p.ExitCodes.Reboot), filled(p.ExitCodes.Retry)},
		Dependencies: []explainDependency{}, Digest: p.Digest}
	for _, m := range x.Mistakes {
		d.Mistakes = append(d.Mistakes, explainMistake{m.Code, m.Error()})
	}
	for _, c := range x.Candidates {
		d.Installers = append(d.Installers, explainInstaller{Name: c.Name, OS: c.OS, Arch: c.Arch, Path: c.Path, At: c.At,
			Chosen: c.Why == metadata.ReasonChosen, Why: string(c.Why)})
	}
	if t := p.Detect; t != nil {
		d.Detect = &explainDetect{Kind: t.Kind, Name: t.Name, Version: t.Version}
	}
	for _, n := range p.Dependencies {
		order := "before"
		switch {
		case n.Unordered:
			order = "any"
		case n.After:
			order = "after"
		}
		d.Dependencies = append(d.Dependencies, explainDependency{string(n.Action), n.Product, string(n.RequiredAction), n.RequiredStatus, order})
	}
	return d
}

// printExplained is the page for people.
func (a *app) printExplained(d explainDoc) {
	a.say("explain.product", i18n.Data{"Name": cmp.Or(d.Name, d.Product), "ID": d.Product, "Version": strings.Trim(d.ProductVersion+"-"+d.PackageVersion, "-")})
	machine := "explain.machine"
	if d.ThisMachine {
		machine = "explain.this_machine"
	}
	a.say(machine, i18n.Data{"Machine": d.Machine})
	for _, m := range d.Mistakes {
		a.say("explain.mistake", i18n.Data{"Text": m.Text})
	}
	for _, w := range d.Warnings {
		a.say("explain.warning", i18n.Data{"Text": w})
	}
	a.printCandidates(d.Installers)
	if len(d.Mistakes) == 0 { // else the rest was not read, or would not count
		a.printSearched(d)
		a.printNow(d)
		a.printHowItRuns(d)
		a.printDependencies(d.Dependencies)
		a.printSet(d.Policy)
	}
	a.say("explain.digest", i18n.Data{"Digest": d.Digest})
}

func (a *app) printCandidates(installers []explainInstaller) {
	if len(installers) == 0 {
		a.say("explain.no_installers", nil)
		return
	}
	a.say("explain.installers", nil)
	for i, in := range installers {
		a.say("explain.installer", i18n.Data{"N": i + 1, "Name": in.Name, "OS": in.OS, "Arch": in.Arch, "Path": in.Path, "At": in.At,
			"Why": a.words.Text("whyinstaller."+in.Why, nil)})
	}
}

// printSearched says what is looked for.
func (a *app) printSearched(d explainDoc) {
	switch {
	case !d.Background:
		a.say("explain.not_background", nil)
	case !d.Metadata:
		a.say("explain.nothing_named", i18n.Data{"Action": fmt.Sprint(valueOf(d.Policy, "without_metadata"))})
	default:
		a.say("explain.background", nil)
	}
	a.lines("explain.directories", d.Directories)
	a.lines("explain.processes", d.Processes)
	a.lines("explain.services", d.Services)
}

// lines prints a heading and a line for each text, nothing without any.
func (a *app) lines(heading string, texts []string) {
	if len(texts) == 0 {
		return
	}
	fmt.Fprintln(a.Out, a.words.Text(heading, nil))
	for _, t := range texts {
		fmt.Fprintln(a.Out, "  "+words.Clean(t))
	}
}

// printNow says what a look at this machine found.
func (a *app) printNow(d explainDoc) {
	switch n := d.Now; {
	case n == nil && !d.ThisMachine:
		a.say("explain.not_here", nil)
	case n == nil:
	case !n.Complete:
		a.say("explain.incomplete", i18n.Data{"Reason": n.Reason})
	case n.OwnUserOnly:
		a.say("explain.own_user", nil)
	}
	var programs []apitypes.Process
	if d.Now != nil {
		programs = d.Now.Programs
	}
	if len(programs) == 0 && !a.csv() {
		if d.Now != nil && d.Now.Complete {
			a.say("explain.nothing_runs", nil)
		}
		return
	}
	a.say("explain.runs", nil)
	t := a.table(explainColumns()...)
	for _, p := range programs {
		blocks := "processes.no"
		if p.Blocks {
			blocks = "processes.yes"
		}
		t.row(p.PID, p.Name, p.Class, told{a.words.Text(blocks, nil), strconv.FormatBool(p.Blocks)}, p.Rule, p.Path)
	}
	t.print()
}

// explainColumns are those of the programs that run now.
func explainColumns() []string { return []string{"pid", "name", "class", "blocks", "rule", "path"} }

// printHowItRuns says how the package is carried out.
func (a *app) printHowItRuns(d explainDoc) {
	if len(d.Command) == 0 {
		a.say("explain.no_command", nil)
	} else {
		a.say("explain.command", i18n.Data{"Command": quoted(d.Command), "Folder": d.Folder, "Repeatable": d.Repeatable})
	}
	if len(d.Uninstall) > 0 {
		a.say("explain.uninstall", i18n.Data{"Command": quoted(d.Uninstall)})
	}
	if len(d.Command)+len(d.Uninstall) > 0 {
		a.say("explain.codes", i18n.Data{"OK": numbers(d.ExitCodes.OK), "Reboot": numbers(d.ExitCodes.Reboot), "Retry": numbers(d.ExitCodes.Retry)})
	}
	if t := d.Detect; t != nil {
		a.say("explain.detect", i18n.Data{"Kind": t.Kind, "Name": t.Name, "Version": t.Version})
	}
	if d.RequiredMB > 0 {
		a.say("explain.space", i18n.Data{"MB": fmt.Sprint(d.RequiredMB)})
	}
}

// quoted is an argument vector as people read it.
func quoted(argv []string) string {
	out := make([]string, len(argv))
	for i, s := range argv {
		out[i] = s
		if s == "" || strings.ContainsAny(s, " \t") {
			out[i] = `"` + s + `"`
		}
	}
	return strings.Join(out, " ")
}

func numbers(ns []int) string {
	out := make([]string, len(ns))
	for i, n := range ns {
		out[i] = fmt.Sprint(n)
	}
	return strings.Join(out, ", ")
}

func (a *app) printDependencies(ds []explainDependency) {
	for _, n := range ds {
		a.say("explain.depends", i18n.Data{"Action": n.Action, "Product": n.Product, "Wanted": cmp.Or(n.RequiredAction, n.RequiredStatus),
			"Order": a.words.Text("dependencyorder."+n.Order, nil)})
	}
}

// printSet lists the policy that somebody set; the rest is built in.
func (a *app) printSet(values []apitypes.PolicyValue) {
	set := 0
	for _, v := range values {
		if v.Origin == "built-in" {
			continue
		}
		if set++; set == 1 {
			a.say("explain.policy", nil)
		}
		fmt.Fprintf(a.Out, "  %-20s %-11s %s\n", words.Clean(v.Key), a.value(v), a.origin(v.Origin))
	}
	if set == 0 {
		a.say("explain.policy_built_in", nil)
	}
}

func valueOf(values []apitypes.PolicyValue, key string) any {
	for _, v := range values {
		if v.Key == key {
			return v.Value
		}
	}
	return nil
}
