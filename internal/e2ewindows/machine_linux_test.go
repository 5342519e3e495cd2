// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/promptui/desktoptest"
	"github.com/quietsetup/quietsetup/internal/wine"
	"github.com/quietsetup/quietsetup/store"
)

// Where everything is on the machine: the places that the programs themselves
// choose on Windows.
const (
	bin   = `C:\Program Files\quietsetup`
	data  = `C:\ProgramData\quietsetup`
	state = data + `\state`
	depot = `C:\depot`
)

// patience is how long a step may take; machines under load are slow.
const patience = time.Minute

// machine is a Windows client under test.
type machine struct {
	t    testing.TB
	wine *wine.Prefix
	desk *desktoptest.Desktop
	dir  string // built programs, on Linux
}

// atWork holds a place for each machine that works: each is some fifteen programs,
// and a machine for tests has few cores.
var atWork = make(chan struct{}, 3)

// turn waits for a place, which is given back when all else of the test has ended.
func turn(t testing.TB) {
	t.Helper()
	since := time.Now()
	atWork <- struct{}{}
	t.Logf("waited %v for its turn", time.Since(since).Round(time.Second))
	t.Cleanup(func() { <-atWork })
}

// newMachine is a client with the service installed and the given policy table;
// the service does not run yet.
func newMachine(t testing.TB, policy string) *machine {
	t.Helper()
	turn(t)
	return machineBeside(t, policy)
}

// machineBeside is newMachine for a test that waits most of its time, so that it
// need not wait for others too.
func machineBeside(t testing.TB, policy string) *machine {
	t.Helper()
	m := bareMachine(t)
	for _, name := range []string{"quietsetupd.exe", "quietsetup.exe", "quietsetup-prompt.exe"} {
		m.copy(filepath.Join(m.dir, "bin", name), bin+`\`+name)
	}
	m.write(data+`\quietsetup.toml`, fmt.Sprintf("[source]\nkind = \"local\"\ndepot = '%s'\npoll = \"1s\"\n\n[log]\nlevel = \"debug\"\n\n[policy]\n%s", depot, policy))
	m.mkdir(depot)
	m.must("quietsetupd", "service", "install")
	return m
}

// bareMachine has nothing of ours on it.
func bareMachine(t testing.TB) *machine {
	t.Helper()
	needs.Wine(t)
	dir := built.build(t)
	d := desktoptest.Start(t)
	p, err := wine.New(filepath.Join(t.TempDir(), "prefix"), d.Display)
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, wine: p, desk: d, dir: dir}
	m.boot()
	t.Cleanup(func() {
		if t.Failed() {
			m.shot("failed")
			m.tell()
		}
		if err := p.Remove(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// boot turns the machine on, at first or after it lost power.
func (m *machine) boot() {
	m.t.Helper()
	if err := m.wine.Boot(); err != nil {
		m.t.Fatal(err)
	}
}

// tell logs what helps to understand a failed test.
func (m *machine) tell() {
	log := m.log()
	m.t.Logf("the service's log:\n%s", log[max(0, len(log)-20_000):])
	if runs := m.runs(); len(runs) > 0 {
		m.t.Logf("the installers:\n%s", strings.Join(runs, "\n"))
	}
	live, _ := m.wine.Processes()
	for _, p := range live {
		m.t.Logf("lives: %d %q", p.PID, p.Args)
	}
	m.t.Logf("windows: %q", m.desk.Titles())
	if to := os.Getenv("QUIETSETUP_KEEP"); to != "" {
		to = filepath.Join(to, strings.ReplaceAll(m.t.Name(), "/", "_"))
		os.RemoveAll(to)
		if err := os.CopyFS(to, os.DirFS(m.wine.Path(state))); err != nil {
			m.t.Log(err)
		}
		m.t.Logf("what is left: quietsetup replay --verify %s", to)
	}
}

// log is what the service has logged so far.
func (m *machine) log() string {
	text, _ := os.ReadFile(m.wine.Path(state + `\service.log`)) // none until the first line
	return string(text)
}

// shot keeps a picture of the screen, if somebody wants pictures.
func (m *machine) shot(name string) {
	if *shots == "" {
		return
	}
	path := filepath.Join(*shots, strings.ReplaceAll(m.t.Name(), "/", "_")+"-"+name+".png")
	if err := os.MkdirAll(*shots, 0o755); err != nil {
		m.t.Error(err)
	}
	m.desk.Shot(path)
	m.t.Logf("the screen: %s", path)
}

func (m *machine) mkdir(windows string) {
	m.t.Helper()
	if err := os.MkdirAll(m.wine.Path(windows), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) write(windows, text string) {
	m.t.Helper()
	path := m.wine.Path(windows)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) read(windows string) string {
	m.t.Helper()
	text, err := os.ReadFile(m.wine.Path(windows))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

// copy puts a file of Linux onto the machine.
func (m *machine) copy(from, windows string) {
	m.t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		m.t.Fatal(err)
	}
	m.write(windows, string(text))
}

// run runs a program to its end, one of ours by its name alone.
func (m *machine) run(program string, args ...string) (out string, code int) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	if strings.HasPrefix(program, "quietsetup") {
		program = m.wine.Path(bin + `\` + program + ".exe")
	}
	cmd := m.wine.CommandContext(ctx, program, args...)
	cmd.Env = append(cmd.Env, "NO_COLOR=1")
	out, err := wine.Output(cmd)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatalf("%s %v: %v", program, args, err)
	}
	return out, cmd.ProcessState.ExitCode()
}

func (m *machine) must(program string, args ...string) string {
	m.t.Helper()
	out, code := m.run(program, args...)
	if code != 0 {
		m.t.Fatalf("%s %v: exit code %d\n%s", program, args, code, out)
	}
	return out
}

// start starts the service and waits until it answers.
func (m *machine) start() {
	m.t.Helper()
	m.must("quietsetupd", "service", "start")
	m.until("the service answers", patience, func() bool { _, code := m.run("quietsetup", "status"); return code == 0 })
}

func (m *machine) stop() {
	m.t.Helper()
	m.must("quietsetupd", "service", "stop")
}

// kill ends the process of the service the hard way and reports whether it ran.
func (m *machine) kill() bool {
	m.t.Helper()
	found := m.processes("quietsetupd.exe", "service", "run")
	for _, pid := range found {
		end(m.t, pid)
	}
	m.until("the killed service has gone", patience, func() bool { return len(m.processes("quietsetupd.exe", "service", "run")) == 0 })
	return len(found) > 0
}

// end ends a process the hard way.
func end(t testing.TB, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Fatal(err)
	}
}

// processes are the living processes of a program, by the end of its path and the
// arguments after it.
func (m *machine) processes(program string, args ...string) []int {
	m.t.Helper()
	live, err := m.wine.Processes()
	if err != nil {
		m.t.Fatal(err)
	}
	var out []int
	for _, p := range live {
		if len(p.Args) > len(args) && strings.HasSuffix(strings.ToLower(strings.ReplaceAll(p.Args[0], "/", `\`)), strings.ToLower(program)) && slices.Equal(p.Args[1:1+len(args)], args) {
			out = append(out, p.PID)
		}
	}
	return out
}

// alive reports whether a program runs, by its path on Windows.
func (m *machine) alive(path string) bool {
	return len(m.processes(strings.TrimPrefix(path, "C:"))) > 0
}

// gone waits until a program does not run any more.
// Windows says that a process has ended a moment before Linux takes it away.
func (m *machine) gone(path string) {
	m.t.Helper()
	m.until(path+" has ended", patience, func() bool { return !m.alive(path) })
}

// open starts the window program as a path and waits for its window.
func (m *machine) open(path, title, acts string) {
	m.t.Helper()
	if _, err := os.Stat(m.wine.Path(path)); err != nil {
		m.copy(filepath.Join(m.dir, "windowprogram.exe"), path)
	}
	cmd := m.wine.Command(path, title, acts)
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	go func() { _ = cmd.Wait() }()
	m.until("the window "+title+" is open", patience, func() bool { return slices.Contains(m.desk.Titles(), title) })
}

// until polls, because everything here happens in other processes. Most looks
// start a program themselves; a pause leaves room for what is waited for.
func (m *machine) until(what string, limit time.Duration, ok func() bool) {
	m.t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(150 * time.Millisecond) {
		if ok() {
			return
		}
		if time.Now().After(end) {
			out, _ := m.run("quietsetup", "show")
			m.t.Fatalf("waited %v in vain until %s\n%s", limit, what, out)
		}
	}
}

// product asks the service; the zero product if it does not answer.
func (m *machine) product(id string) apitypes.Product {
	m.t.Helper()
	out, code := m.run("quietsetup", "show", id, "--json")
	var d apitypes.ProductDoc
	if code != 0 || json.Unmarshal([]byte(out), &d) != nil {
		return apitypes.Product{}
	}
	return d.Product
}

func (m *machine) untilProduct(id, what string, ok func(apitypes.Product) bool) (p apitypes.Product) {
	m.t.Helper()
	m.until(id+" "+what, patience, func() bool { p = m.product(id); return p.ID == id && ok(p) })
	return p
}

func (m *machine) untilPhase(id, phase string) apitypes.Product {
	m.t.Helper()
	return m.untilProduct(id, "is "+phase, func(p apitypes.Product) bool { return p.Phase == phase })
}

// row is the report as the local source keeps it.
func (m *machine) row(id string) (r apitypes.ReportRow) {
	m.t.Helper()
	text, err := os.ReadFile(m.wine.Path(state + `\local\` + id + ".json"))
	if err != nil {
		m.t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		m.t.Fatal(err)
	}
	return r
}

// records are those of the journal, which can be read at any time: its last line may
// be half written then.
func (m *machine) records() (out []events.Record) {
	m.t.Helper()
	for line, err := range store.ReadLog(m.wine.Path(state + `\journal`)) {
		if errors.Is(err, store.ErrTornTail) {
			break
		}
		if err != nil {
			m.t.Fatal(err)
		}
		out = append(out, line.Record)
	}
	return out
}

// count counts the events of a kind that hold a text.
func (m *machine) count(kind, text string) int {
	m.t.Helper()
	n := 0
	for _, r := range m.records() {
		for _, e := range r.Events {
			if e.Type == kind && strings.Contains(string(e.Data), text) {
				n++
			}
		}
	}
	return n
}

// counted is how many counted defers the log holds.
func (m *machine) counted() int { m.t.Helper(); return m.count("deferred", `"counted":true`) }

// verify replays the log that the test left behind, on the machine.
func (m *machine) verify() {
	m.t.Helper()
	m.stop()
	m.must("quietsetup", "replay", "--verify", "--json", state)
}

// uninstallKey is a value of a program's entry in the list of installed programs.
func (m *machine) uninstallKey(key, value string) string {
	m.t.Helper()
	out, code := m.run("reg", "query", `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\`+key, "/v", value)
	if code != 0 {
		return ""
	}
	_, text, _ := strings.Cut(out, "REG_SZ")
	return strings.TrimSpace(text)
}

// runs are the lines that the installers left.
func (m *machine) runs() []string { return m.lines(`C:\runs.log`) }

// asked are the titles of the windows that were asked to close, once for each time.
func (m *machine) asked() []string { return m.lines(`C:\closed.log`) }

func (m *machine) lines(windows string) []string {
	text, _ := os.ReadFile(m.wine.Path(windows)) // none until the first line
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' || r == '\r' })
}
