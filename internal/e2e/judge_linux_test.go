// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// judge says what must hold however often something died, from what is on the
// disk: the log, the rows, what the installers wrote, and what the agents were told.
func (l *life) judge() {
	if out, errs, code := l.cli("replay", "--verify", "--json", l.state); code != 0 {
		l.fault("replay --verify: exit code %d: %s%s", code, out, errs)
	}
	told, err := tell(l.records())
	if err != nil {
		l.fault("the log: %v", err)
		return
	}
	begun := l.installers()
	for _, id := range slices.Sorted(maps.Keys(told.runs)) {
		for _, r := range told.runs[id] {
			l.judgeRun(r, begun)
		}
	}
	for order, n := range told.accepted() {
		if n > l.orders[order] {
			l.fault("%s was requested %d times and carried out %d times", order, l.orders[order], n)
		}
	}
	for _, e := range l.ended {
		l.judgeEnd(e, told, begun)
	}
	for window, choice := range l.person.told() {
		if got := told.answers[window]; len(got) != 1 || got[0] != choice {
			l.fault("%s: %q was acknowledged, the log has %v", window, choice, got)
		}
	}
	for window, got := range told.answers {
		if len(got) > 1 {
			l.fault("%s was answered more than once: %v", window, got)
		}
	}
	if s, ok := l.person.(*seated); ok {
		if later := told.presses(apitypes.ChoiceDefer); s.acks > later {
			l.fault("the terminal acknowledged %d times later, the log has %d", s.acks, later)
		}
		for _, w := range s.vain {
			l.fault("%s: the person had answered, and was asked again", w)
		}
	}
	for id, cmd := range l.stays {
		if !alive(cmd) {
			l.fault("a program named %s in another folder was closed", id)
		}
	}
	l.judgeState()
}

// installers reads what the installers wrote: how often each token began.
func (l *life) installers() map[string]int {
	begun := map[string]int{}
	for _, line := range l.runs() {
		f := strings.Fields(line)
		switch {
		case len(f) < 2:
			l.fault("runs.log: %q", line)
		case f[0] == "begin":
			begun[f[1]]++
		case f[0] == "lived":
			l.fault("an installer ran while a program of the product lived: %s", line)
		}
	}
	for token, n := range begun {
		if n > 1 {
			l.fault("the attempt %s ran %d times", token, n)
		}
	}
	return begun
}

// judgeRun: one request leads to one installer, unless it is repeatable and the
// reason is recorded; nothing is closed that was not shown; what was pressed counts.
func (l *life) judgeRun(r *run, begun map[string]int) {
	name := fmt.Sprintf("%s run %d to %s", r.product, r.n, r.version)
	if !r.finished {
		l.fault("%s never ended", name)
	}
	var ran []string
	for _, token := range r.cleared {
		if begun[token] > 0 {
			ran = append(ran, token)
		}
	}
	for _, token := range ran[:max(0, len(ran)-1)] {
		if !r.repeated[token] || r.product != "rep" {
			l.fault("%s: an installer ran again after %s, without a reason", name, token)
		}
	}
	if r.outcome == events.OutcomeOK && len(ran) == 0 {
		l.fault("%s: done without an installer", name)
	}
	if r.counted != r.later {
		l.fault("%s: later was pressed %d times and counted %d times", name, r.later, r.counted)
	}
	if want := l.later[r.product+" "+r.version]; want >= 0 && r.agreed && r.later != want {
		l.fault("%s: later was recorded %d times, the person pressed it %d times", name, r.later, want)
	}
	for _, p := range r.targets {
		if !r.shown[p] {
			l.fault("%s: the program %+v was closed and never shown", name, p)
		}
	}
}

// judgeEnd: the row, the disk and the report agree, and are as without kills; an
// attempt whose supervisor or installer was killed may have ended otherwise.
func (l *life) judgeEnd(e ending, told *told, begun map[string]int) {
	name := fmt.Sprintf("%s run %d to %s", e.product, e.run, e.version)
	r := told.run(e.product, e.run)
	if r == nil || r.version != e.version {
		l.fault("%s: the log has no such run: %+v", name, r)
		return
	}
	if e.row != e.wanted {
		l.fault("%s: the row is not the derived report:\n%+v\n%+v", name, e.row, e.wanted)
	}
	want := apitypes.ReportRow{ProductID: e.product, ProductType: "LocalbootProduct", InstallationStatus: "installed", ActionResult: "successful",
		ActionRequest: "none", LastAction: "setup", ProductVersion: e.version, PackageVersion: "1"}
	hit := slices.ContainsFunc(r.cleared, func(token string) bool { return l.hits[token] })
	switch {
	case e.row == want:
		if e.disk != e.version {
			l.fault("%s: told to be installed, on the disk is %q", name, e.disk)
		}
	case !hit:
		l.fault("%s: nobody touched its installer, and the row is %+v", name, e.row)
	case e.row.ActionRequest != "none" || e.row.ActionResult != "failed" || e.row.LastAction != "setup" || e.row.ProductVersion == e.version:
		l.fault("%s: was interrupted, and the row is %+v", name, e.row)
	case e.disk == e.version && e.product != "raw" && e.product != "deb": // dpkg may have stopped between the files and its own notes
		l.fault("%s: the installer was through, and the row is %+v", name, e.row)
	case e.product == "raw" && e.row.InstallationStatus != "unknown":
		l.fault("%s: nobody can know, and the row is %+v", name, e.row)
	}
	if r.agreed && !e.closed {
		l.fault("%s: it was agreed to close the program, and it lives", name)
	}
}

// documented are the files that may lie in a state folder after all this.
var documented = regexp.MustCompile(`^(lock|installing\.lock|store\.json|clean|log\.db|prompt\.key|journal/\d{8}\.ndjson(\.torn-[^/]*)?|local/[a-z]+\.json|supervisor/[0-9a-f]{64}|outcome/[^/]+\.(log|json))$`)

// judgeState: no file is left that has no meaning. What a kill left half written
// is swept an hour later.
func (l *life) judgeState() {
	temps := 0
	err := filepath.WalkDir(l.state, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(l.state, path)
		switch {
		case strings.HasPrefix(name, "outcome/") && strings.HasSuffix(name, ".tmp"), strings.HasPrefix(name, "local/.") && strings.HasSuffix(name, ".quietsetup-new"):
			temps++
		case !documented.MatchString(name):
			l.fault("an unknown file in the state folder: %s", name)
		}
		return err
	})
	if err != nil {
		l.fault("the state folder: %v", err)
	}
	l.did["files half written"] += temps
	if temps > len(l.hits) {
		l.fault("%d half written files after %d hit attempts", temps, len(l.hits))
	}
}
