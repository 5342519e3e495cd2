// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The limits of reading one package's scripts with all they include.
const (
	maxScripts = 60
	maxInclude = 8
	maxLines   = 30_000
	maxLine    = 4096 // bytes; what is longer is no statement
)

// reader reads opsi-scripts: line by line, each line a statement of a section.
// It does not run anything and does not decide conditions: both branches of an
// if are read. What it does not know it passes over, because half a script
// still tells more than none.
type reader struct {
	folder *folder
	facts  *facts
	vars   variables
	shown  string // how messages call the folder: "CLIENT_DATA/"

	lines    int
	read     map[string]bool
	commands []command // lines of sections that start programs; judged when all variables are known
}

// command is a line that starts a program.
type command struct {
	text string
	at   origin
	hint
	kind sectionKind
}

// place is the state of reading one file.
type place struct {
	file    string
	section sectionKind
	ifs     []branch
	depth   int
	removes bool // the script takes the product away
}

// branch is an if that is open.
type branch struct {
	condition string
	hint
}

type sectionKind int

const (
	statements sectionKind = iota
	programs               // lines are command lines
	links                  // entries of the start menu
	copies                 // files copied and removed
	others
)

var (
	heading    = regexp.MustCompile(`^\[\s*([^\]]+?)\s*\]$`)
	assignment = regexp.MustCompile(`(?i)^(?:set|defvar|defconst|defstringlist)\s+(\$[a-z_][a-z0-9_.\-]*\$)\s*(?:=\s*(.*))?$`)
	including  = regexp.MustCompile(`(?i)^(?:include_?insert|include_?append|importlib|sub)\b\s*(.+)$`)
	killing    = regexp.MustCompile(`(?i)^(?:killtask|killprocess)\b\s*\(?\s*(.+?)\s*\)?$`)
	looping    = regexp.MustCompile(`(?i)^for\s+(%[a-z0-9_]+%)\s+in\s+(.+?)\s+do\s+(.+)$`)
	leaving    = regexp.MustCompile(`(?i)^exitwindows\b\s*/?(\w+)`)
	spacious   = regexp.MustCompile(`(?i)hasminimumspace\s*\([^,]*,\s*([^)]+)\)`)
	calling    = regexp.MustCompile(`(?i)\b(?:shellcall|powershellcall|processcall|getoutstreamfromsection|shellbatch|dosinanicon)\s*\(\s*(.+)$`)
	inspecting = regexp.MustCompile(`(?i)exit_?code\$?"?\s*[=<>]*\s*"(\d{1,10})"`)
	literal    = regexp.MustCompile(`"([^"]*)"|'([^']*)'`)
)

// script reads a file and what it includes.
func (r *reader) script(name string, p place) {
	e, ok := r.folder.find(name)
	if !ok {
		r.facts.missing = append(r.facts.missing, name)
		return
	}
	if r.read[e.name] || len(r.read) >= maxScripts || p.depth > maxInclude {
		return
	}
	r.read[e.name] = true
	text, err := r.folder.text(e.name)
	if err != nil {
		r.facts.broken = append(r.facts.broken, fmt.Sprintf("%s: %v", e.name, err))
		return
	}
	p.file = e.name
	r.text(text, p)
}

// text reads a script's text.
func (r *reader) text(text []byte, p place) {
	n := 0
	for line := range strings.Lines(decode(text)) {
		n++
		if r.lines++; r.lines > maxLines {
			r.facts.broken = append(r.facts.broken, fmt.Sprintf("%s: only the first %d lines were read", p.file, maxLines))
			return
		}
		line = strings.TrimSpace(line)
		if line == "" || len(line) > maxLine || comment(line) {
			continue
		}
		if h := heading.FindStringSubmatch(line); h != nil && (p.section != copies && p.section != others || sectioned(h[1])) {
			p.section, p.ifs = kindOf(h[1]), nil
			continue
		}
		r.line(line, n, &p)
	}
}

// comment tells a line that says nothing to the interpreter.
func comment(line string) bool {
	return line[0] == ';' || line[0] == '#' || strings.HasPrefix(line, "//")
}

// sectioned tells a section of opsi-script from a heading within a section that
// holds another file's text, as patches of ini files do.
func sectioned(name string) bool { return kindOf(name) != others }

func kindOf(name string) sectionKind {
	name, _, _ = strings.Cut(strings.ToLower(name), "_")
	switch name {
	case "actions", "aktionen", "initial", "sub", "profileactions", "globals":
		return statements
	case "winbatch", "dosbatch", "dosinanicon", "shellbatch", "shellinanicon", "shellscript", "execwith", "executewith", "execpython", "powershellscript":
		return programs
	case "linkfolder":
		return links
	case "files":
		return copies
	}
	return others
}

func (r *reader) line(line string, n int, p *place) {
	at := origin{file: r.shown + p.file, line: n}
	where := p.hint()
	if p.section != statements {
		if p.section != others && len(r.commands) < 5*maxFound {
			r.commands = append(r.commands, command{line, at, where, p.section})
		}
		return
	}
	r.statement(line, at, p, 0)
}

func (p *place) hint() hint {
	var h hint
	for _, b := range slices.Backward(p.ifs) {
		h = h.and(b.hint)
	}
	return h
}

func (r *reader) statement(line string, at origin, p *place, depth int) {
	first, rest, _ := strings.Cut(strings.ToLower(line), " ")
	switch {
	case first == "if" || strings.HasPrefix(first, "if("):
		p.ifs = append(p.ifs, branch{line, conditionHint(line)})
		r.condition(line, at)
		return
	case first == "else" || first == "elseif":
		if n := len(p.ifs); n > 0 {
			was := p.ifs[n-1].hint
			p.ifs[n-1].hint = otherwise(was)
			if first == "elseif" {
				p.ifs[n-1] = branch{rest, conditionHint(rest)}
			}
		}
		return
	case first == "endif":
		if n := len(p.ifs); n > 0 {
			p.ifs = p.ifs[:n-1]
		}
		return
	}
	if m := looping.FindStringSubmatch(line); m != nil && depth == 0 {
		values, _ := r.vars.evaluate(m[2])
		for _, v := range values[:min(len(values), maxMeanings)] {
			if v != unknown {
				r.statement(strings.ReplaceAll(m[3], m[1], v), at, p, 1)
			}
		}
		return
	}
	switch m := assignment.FindStringSubmatch(line); {
	case m != nil:
		r.assigned(m[1], m[2], at, p)
		return
	}
	if m := killing.FindStringSubmatch(line); m != nil {
		values, _ := r.vars.evaluate(m[1])
		if literal.FindStringIndex(m[1]) == nil && !strings.Contains(m[1], "$") {
			values = []string{m[1]}
		}
		at.what = "killTask"
		for _, v := range values {
			r.kill(v, at, p.hint())
		}
		return
	}
	if m := including.FindStringSubmatch(line); m != nil {
		r.include(m[1], p)
		return
	}
	if m := leaving.FindStringSubmatch(line); m != nil {
		r.leave(m[1], at, p)
		return
	}
	for _, m := range calling.FindAllStringSubmatch(line, -1) {
		values, _ := r.vars.evaluate(m[1])
		for _, v := range values {
			r.commands = append(r.commands, command{v, at, p.hint(), programs})
		}
	}
	r.condition(line, at)
}

// condition looks at what an expression asks.
func (r *reader) condition(line string, at origin) {
	if m := spacious.FindStringSubmatch(line); m != nil {
		values, _ := r.vars.evaluate(m[1])
		at.what = "HasMinimumSpace"
		for _, v := range values {
			if v != unknown && v != "" {
				add(&r.facts.space, value{text: v, at: at})
			}
		}
	}
	for _, m := range inspecting.FindAllStringSubmatch(line, 8) {
		at.what = "exit code " + m[1]
		add(&r.facts.exits, value{text: m[1], at: at})
	}
}

func (r *reader) assigned(name, expression string, at origin, p *place) {
	if expression == "" {
		r.vars.set(name, []string{""}, len(p.ifs) > 0)
		return
	}
	values, _ := r.vars.evaluate(expression)
	r.vars.set(name, values, len(p.ifs) > 0)
	at.what = name
	for _, v := range values {
		r.folderVariable(name, v, at, p.hint())
		if minimumSpace.MatchString(name) && v != unknown && v != "" {
			add(&r.facts.space, value{text: v, at: at})
		}
	}
	if m := calling.FindStringSubmatch(expression); m != nil {
		values, _ := r.vars.evaluate(m[1])
		for _, v := range values {
			r.commands = append(r.commands, command{v, at, p.hint(), programs})
		}
	}
}

var minimumSpace = regexp.MustCompile(`(?i)^\$minimumspace\d*\$$`)

// include reads another file of the package, if it is one: a name without an
// extension is a section of this file.
func (r *reader) include(expression string, p *place) {
	values, _ := r.vars.evaluate(expression)
	for _, v := range values {
		name, ok := inPackage(v)
		if !ok || path.Ext(name) == "" {
			continue
		}
		if _, there := r.folder.find(name); !there {
			if alongside := path.Join(path.Dir(p.file), name); !strings.HasPrefix(alongside, "..") {
				if _, there := r.folder.find(alongside); there {
					name = alongside
				}
			}
		}
		if strings.Contains(v, unknown) {
			continue
		}
		r.script(name, place{depth: p.depth + 1, ifs: slices.Clone(p.ifs), removes: p.removes})
	}
}

// leave notes what restarts the machine or ends the session.
func (r *reader) leave(how string, at origin, p *place) {
	how = strings.ToLower(how)
	if !strings.Contains(how, "reboot") && !strings.Contains(how, "logout") && !strings.Contains(how, "logoff") && !strings.Contains(how, "shutdown") {
		return
	}
	at.what = "ExitWindows /" + how
	v := value{text: "always", at: at}
	for _, b := range p.ifs {
		c := strings.ToLower(b.condition)
		if strings.Contains(c, "exit") || strings.Contains(c, "reboot") || strings.Contains(c, "property") || strings.Contains(c, "debug") {
			v.text = "maybe"
		}
	}
	if p.removes {
		v.text = "maybe"
	}
	add(&r.facts.reboots, v)
}

// kill notes a program that a script ends before it installs: it would be disturbed.
func (r *reader) kill(name string, at origin, h hint) {
	name = strings.Trim(strings.TrimSpace(name), `"'`)
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	if name == "" || len(name) > 128 || strings.ContainsAny(name, unknown+"$%*?<>|:\"") || name == "." || name == ".." {
		return
	}
	add(&r.facts.kills, value{text: name, at: at, hint: h})
}
