// SPDX-License-Identifier: Apache-2.0

//go:build unix

package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/store"
)

// site is a depot, a product's place and a state folder.
type site struct {
	t                          *testing.T
	dir, state, product, ended string
	client                     *localclient.Client
}

func newSite(t *testing.T, policy string) *site {
	t.Helper()
	needs.Linux(t)
	dir, err := os.MkdirTemp("", "qsd") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &site{t: t, dir: dir, state: filepath.Join(dir, "state"), product: filepath.Join(dir, "programs", "app"), ended: filepath.Join(dir, "runs")}
	s.write("quietsetup.toml", "[source]\ndepot = '"+filepath.Join(dir, "depot")+"'\n[log]\nlevel = 'debug'\n[policy]\nprompt_interval = 0\n"+policy)
	s.write("depot/app/OPSI/control.toml", "[Package]\nversion = \"1\"\n\n[Product]\ntype = \"LocalbootProduct\"\nid = \"app\"\nname = \"The App\"\nversion = \"2.0\"\nsetupScript = \"setup.sh\"\n")
	s.write("depot/app/CLIENT_DATA/setup.sh", "#!/bin/sh\nset -eu\necho run >>"+s.ended+"\necho 2.0 >"+s.product+"/version\n")
	s.write("depot/app/CLIENT_DATA/opsi-meta-data.toml", "[specification]\nversion = \"0.1\"\n\n[[installers]]\ninstall_dir = '"+s.product+"'\ncheck_processes_from_dirs = ['"+s.product+"']\nprocesses = []\n\n"+
		"[quietsetup]\nversion = 1\ncommand = [\"./setup.sh\"]\ndetect = { kind = \"file\", name = \""+s.product+"/version\", version = \"2.0\" }\n")
	if err := os.MkdirAll(s.product, 0o755); err != nil {
		t.Fatal(err)
	}
	s.client = localclient.New(filepath.Join(s.state, "api.sock"))
	t.Cleanup(s.client.Close)
	return s
}

func (s *site) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	mode := os.FileMode(0o644)
	if strings.HasPrefix(text, "#!") {
		mode = 0o755
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		s.t.Fatal(err)
	}
}

// process is a running daemon.
type process struct {
	*exec.Cmd
	gone chan struct{}
	said *output
}

type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func (s *site) start(more ...string) *process {
	s.t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], append([]string{"run", "--config", filepath.Join(s.dir, "quietsetup.toml"), "--state-dir", s.state}, more...)...),
		gone: make(chan struct{}), said: &output{}}
	p.Env = append(os.Environ(), asDaemon+"=1")
	p.Stdout, p.Stderr = p.said, p.said
	p.SysProcAttr = detached()
	if err := p.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { _ = p.Wait(); close(p.gone) }()
	s.t.Cleanup(func() {
		_ = p.Process.Kill()
		<-p.gone
		if s.t.Failed() {
			s.t.Logf("the daemon said:\n%s", p.said)
		}
	})
	return p
}

func (s *site) started() *process {
	s.t.Helper()
	p := s.start()
	s.until("the daemon answers", func() bool { _, err := s.client.Status(s.t.Context()); return err == nil })
	return p
}

// end waits for a process that ends by itself.
func (p *process) end(t *testing.T) int {
	t.Helper()
	select {
	case <-p.gone:
	case <-time.After(30 * time.Second):
		t.Fatal("the daemon does not end")
	}
	return p.ProcessState.ExitCode()
}

func (s *site) until(what string, f func() bool) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waited in vain until %s", what)
		}
	}
}

func (s *site) show() apitypes.ProductDoc {
	s.t.Helper()
	d, err := s.client.Product(s.t.Context(), "app")
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// busy starts a copy of sleep in the product's folder.
func (s *site) busy() *exec.Cmd {
	s.t.Helper()
	needs.Tool(s.t, "sleep")
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := os.ReadFile(sleep)
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.product, "app")
	if err := os.WriteFile(path, text, 0o755); err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(path, "600")
	cmd.SysProcAttr = detached()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	s.t.Cleanup(func() { _ = cmd.Process.Kill(); <-gone })
	return cmd
}

// agent answers each prompt with the next choice.
func (s *site) agent(choices ...string) {
	s.t.Helper()
	c := localclient.New(filepath.Join(s.state, "api.sock"))
	ctx, cancel := context.WithCancel(context.Background())
	hello, err := c.Hello(ctx, apitypes.Hello{Kind: apitypes.AgentWindow})
	if err != nil {
		s.t.Fatal(err)
	}
	done := make(chan struct{})
	s.t.Cleanup(func() { cancel(); <-done; c.Close() })
	go func() {
		defer close(done)
		answered := map[string]bool{}
		for after := uint64(0); ctx.Err() == nil; {
			e, err := c.Next(ctx, hello.Agent, after)
			if err != nil {
				return // the daemon stopped
			}
			after = e.Cursor
			if e.Kind != apitypes.EventAsk || answered[e.ID] || len(choices) == 0 {
				continue
			}
			answered[e.ID] = true
			err = c.Shown(ctx, e.ID, apitypes.Shown{Agent: hello.Agent, Nonce: e.Prompt.Nonce, Revision: e.Prompt.Revision})
			var r apitypes.AnswerResult
			if err == nil {
				r, err = c.Answer(ctx, e.ID, apitypes.Answer{Agent: hello.Agent, Nonce: e.Prompt.Nonce, Revision: e.Prompt.Revision, Choice: choices[0]})
			}
			if err != nil || r.State != apitypes.AnswerRecorded {
				s.t.Errorf("answer %s: %+v, %v", choices[0], r, err)
			}
			choices = choices[1:]
		}
	}()
	s.until("the agent is there", func() bool {
		st, err := s.client.Status(ctx)
		for _, x := range st.Sessions {
			if x.Agent {
				return true
			}
		}
		return err != nil
	})
}

// TestWholeWay: request, busy program, later, restart, close, install, report.
func TestWholeWay(t *testing.T) {
	s := newSite(t, "defer_interval = '1s'\nclose_grace = '5s'\n")
	d := s.started()
	program := s.busy()
	s.agent("defer", "kill")
	done, err := s.client.Request(t.Context(), "app", "setup", false, "test")
	if err != nil || !done.Changed || done.Run != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	if again, err := s.client.Request(t.Context(), "app", "setup", false, "test"); err != nil || again.Changed {
		t.Errorf("the same request again: %+v, %v", again, err)
	}
	s.until("it is installed and reported", func() bool { return s.show().Phase == "reported" })
	p := s.show()
	if p.Status != "installed" || p.Installed != "2.0-1" || !p.Report.Accepted || p.Outcome == nil || p.Outcome.Outcome != "ok" {
		t.Errorf("%+v", p.Product)
	}
	if text, err := os.ReadFile(s.ended); err != nil || string(text) != "run\n" {
		t.Errorf("the installer ran %q, %v", text, err)
	}
	if err := syscall.Kill(program.Process.Pid, 0); err == nil {
		t.Error("the program was not closed")
	}
	if err := d.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := d.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	var deferred bool
	for l, err := range store.ReadLog(filepath.Join(s.state, "journal")) {
		if err != nil {
			t.Fatal(err)
		}
		deferred = deferred || strings.Contains(string(l.Raw), `"type":"deferred"`) && strings.Contains(string(l.Raw), `"counted":true`)
	}
	if !deferred {
		t.Error("later was not recorded")
	}
	entries, err := filepath.Glob(filepath.Join(s.state, "outcome", "*.json"))
	if err != nil || len(entries) > 0 {
		t.Errorf("outcomes stay behind: %v, %v", entries, err)
	}
}

// A killed daemon is followed by one that knows what it knew.
func TestKilledInTheMiddle(t *testing.T) {
	s := newSite(t, "defer_interval = '1h'\n")
	d := s.started()
	s.busy()
	s.agent("defer")
	if _, err := s.client.Request(t.Context(), "app", "setup", false, ""); err != nil {
		t.Fatal(err)
	}
	s.until("it is deferred", func() bool { p := s.show(); return p.Phase == "deferred" && p.Report.Accepted })
	second := s.start()
	if code := second.end(t); code != exitInUse {
		t.Errorf("a second daemon ended with %d, want %d", code, exitInUse)
	}
	if err := d.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-d.gone
	s.started()
	if p := s.show(); p.Phase != "deferred" || p.Defers.Used != 1 {
		t.Errorf("after the kill: %s, %d defers", p.Phase, p.Defers.Used)
	}
	var lines int
	err := s.client.Log(t.Context(), localclient.LogQuery{Product: "app"}, func([]byte) error { lines++; return nil })
	if err != nil || lines < 4 {
		t.Errorf("%d lines of the log, %v", lines, err)
	}
	if _, err := s.client.Order(t.Context(), "app", apitypes.VerbReset, "x"); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		do   func() error
		code string
	}{
		{func() error { _, err := s.client.Order(t.Context(), "none", apitypes.VerbDefer, ""); return err }, apitypes.CodeNotFound},
		{func() error { _, err := s.client.Request(t.Context(), "none", "setup", false, ""); return err }, apitypes.CodeNotFound},
		{func() error { _, err := s.client.Request(t.Context(), "app", "uninstall", false, ""); return err }, apitypes.CodeRefused},
	} {
		var e *apitypes.Error
		if err := c.do(); !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("got %v, want %s", err, c.code)
		}
	}
	if ps, err := s.client.Processes(t.Context(), "app"); err != nil || !ps.Complete || len(ps.Processes) != 1 {
		t.Errorf("%+v, %v", ps, err)
	}
	if _, err := s.client.Order(t.Context(), "app", apitypes.VerbCancel, ""); err != nil {
		t.Error(err)
	}
	s.until("it is withdrawn", func() bool { p := s.show(); return p.Outcome != nil && p.Outcome.Outcome == "withdrawn" })
}

// With --once the daemon ends when it would only wait.
func TestOnce(t *testing.T) {
	s := newSite(t, "dialog_timeout = 0\n")
	if code := s.start("--once").end(t); code != 0 {
		t.Errorf("nothing to do: exit code %d", code)
	}
	d := s.started()
	s.busy()
	if _, err := s.client.Request(t.Context(), "app", "setup", false, ""); err != nil {
		t.Fatal(err)
	}
	s.until("it waits", func() bool { return s.show().Waits != nil })
	if err := d.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	d.end(t)
	if code := s.start("--once").end(t); code != exitDeferred {
		t.Errorf("a deferred product: exit code %d", code)
	}
}

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.toml")
	if err := os.WriteFile(bad, []byte("[source]\nkinds = 'local'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{nil, exitUsage, "run"},
		{[]string{"walk"}, exitUsage, "no command"},
		{[]string{"run", "--fast"}, exitUsage, "fast"},
		{[]string{"run", "now"}, exitUsage, "unexpected"},
		{[]string{"run", "--help"}, exitOK, "--once"},
		{[]string{"version"}, exitOK, "v9"},
		{[]string{"run", "--config", bad, "--state-dir", dir}, exitInvalid, "bad.toml:2"},
		{[]string{"run", "--config", filepath.Join(dir, "none.toml")}, exitInvalid, "none.toml"},
		{[]string{EntryProbe, filepath.Join(dir, "none.db")}, exitDamaged, ""},
	} {
		var said bytes.Buffer
		if code := Command(t.Context(), "v9", c.args, &said, &said); code != c.code || !strings.Contains(said.String(), c.says) {
			t.Errorf("%v: %d, %s", c.args, code, said.String())
		}
	}
}

func TestExitCodes(t *testing.T) {
	for err, want := range map[error]int{
		nil:                                          exitOK,
		errors.New("x"):                              exitFailed,
		fmt.Errorf("x: %w", store.ErrInUse):          exitInUse,
		fmt.Errorf("x: %w", store.ErrNewer):          exitDamaged,
		fmt.Errorf("x: %w", ErrDeferred):             exitDeferred,
		fmt.Errorf("x: %w", os.ErrPermission):        exitPrivileges,
		errors.Join(nil, ErrDeferred, os.ErrInvalid): exitDeferred,
	} {
		if got := exitCode(err); got != want {
			t.Errorf("%v: %d, want %d", err, got, want)
		}
	}
}

func TestFindings(t *testing.T) {
	got := inputsOf(store.Findings{
		Rebuilt: []store.Rebuilt{{Store: "log.db", Reason: "damaged", Kept: "k"}},
		Fork:    &store.Fork{Common: 9, Products: []string{"b"}, Kept: "f"},
		Lost:    &store.Lost{From: 5, To: 7},
	}, []string{"a", "b"})
	if want := "[{log.db damaged k} {4 [a b] f}]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// detached keeps what is sent to the test's group away.
func detached() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// TestSync: what is wanted in a folder is told, and a dry look records nothing.
func TestSync(t *testing.T) {
	s := newSite(t, "dialog_timeout = '1h'\n")
	s.started()
	s.busy()
	s.agent() // which shows nothing and never answers
	if doc, err := s.client.Sync(t.Context(), false); err != nil || !doc.Answered || len(doc.Wanted) != 0 || doc.Source.Kind != "local" || doc.Source.State != "ok" {
		t.Errorf("nothing is wanted: %+v, %v", doc, err)
	}
	if _, err := s.client.Request(t.Context(), "app", "setup", false, "test"); err != nil {
		t.Fatal(err)
	}
	s.until("somebody is asked", func() bool { return s.show().Phase == "prompting" })
	before := s.show().Seq
	doc, err := s.client.Sync(t.Context(), true)
	if err != nil || !doc.DryRun || len(doc.Wanted) != 1 || doc.Wanted[0] != (apitypes.SyncProduct{Product: "app", Action: "setup", Version: "2.0-1", Now: "ask"}) || len(doc.Reports) != 0 {
		t.Errorf("%+v, %v", doc, err)
	}
	if after := s.show().Seq; after != before {
		t.Errorf("a dry look was recorded: %d, then %d", before, after)
	}
	if err := os.Rename(filepath.Join(s.dir, "depot"), filepath.Join(s.dir, "gone")); err != nil {
		t.Fatal(err)
	}
	if doc, err := s.client.Sync(t.Context(), false); err != nil || doc.Answered || doc.Source.State != "failing" || len(doc.Wanted) != 1 {
		t.Errorf("without the depot: %+v, %v", doc, err)
	}
}
