// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

// binaries are built once for all tests of the package.
type binaries struct {
	once sync.Once
	dir  string
	err  error
}

func (b *binaries) build() (string, error) {
	b.once.Do(func() {
		if b.dir, b.err = os.MkdirTemp("", "quietsetup-e2e-bin"); b.err != nil {
			return
		}
		b.err = goBuild("-o", b.dir, "../../cmd/...")
	})
	return b.dir, b.err
}

// goBuild builds as "make build" does.
func goBuild(args ...string) error {
	cmd := exec.Command("go", append([]string{"build", "-trimpath", "-tags", "nethttpomithttp2", "-ldflags", "-s -w"}, args...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shipped.dir != "" {
		os.RemoveAll(shipped.dir)
	}
	os.Exit(code)
}

// machine is one client under test, in a folder of its own.
type machine struct {
	t      testing.TB
	dir    string // everything
	state  string
	depot  string
	root   string // where the product is installed
	bin    string
	daemon *exec.Cmd
	exited chan struct{}
	log    *said
	env    []string
	user   *user
	eats   atomic.Bool // somebody fills the disk
	eaters sync.WaitGroup
	keeps  bool // the state of a failed test is kept, wherever that is
}

// newMachine prepares a client with the given policy table.
func newMachine(t testing.TB, policy string) *machine {
	t.Helper()
	bin, err := shipped.build()
	if err != nil {
		t.Fatal(err)
	}
	return newMachineOf(t, bin, policy)
}

// newMachineOf is newMachine with the programs in a folder.
func newMachineOf(t testing.TB, bin, policy string) *machine {
	t.Helper()
	// Not t.TempDir: its path holds the test's name, and a socket's path is short.
	dir, err := os.MkdirTemp("", "qs")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, dir: dir, state: filepath.Join(dir, "state"), depot: filepath.Join(dir, "depot"),
		root: filepath.Join(dir, "root"), bin: bin, log: &said{}, env: os.Environ()}
	for _, d := range []string{m.state, m.depot, m.root} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	m.write("quietsetup.toml", fmt.Sprintf("[source]\nkind = \"local\"\ndepot = %q\n\n[log]\nlevel = \"debug\"\n\n[policy]\n%s", m.depot, policy))
	t.Cleanup(func() {
		if m.user != nil {
			m.user.leave()
		}
		m.stop()
		if t.Failed() {
			t.Logf("daemon's log:\n%s", m.log)
			m.keep()
		}
		os.RemoveAll(dir)
	})
	return m
}

// keep copies the state of a failed test to where QUIETSETUP_KEEP says.
func (m *machine) keep() {
	to := os.Getenv("QUIETSETUP_KEEP")
	if to == "" && m.keeps {
		to = os.TempDir()
	}
	if to == "" {
		return
	}
	to = filepath.Join(to, strings.ReplaceAll(m.t.Name(), "/", "_"))
	os.RemoveAll(to)
	os.Remove(m.socket()) // a socket cannot be copied
	if err := os.CopyFS(to, os.DirFS(m.state)); err != nil {
		m.t.Log(err)
	}
	m.t.Logf("what is left: quietsetup replay --verify %s", to)
}

func (m *machine) write(name, text string) string {
	m.t.Helper()
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(m.dir, name)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	mode := os.FileMode(0o644)
	if strings.HasPrefix(text, "#!") {
		mode = 0o755
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		m.t.Fatal(err)
	}
	return path
}

// start runs the daemon and waits until it answers.
func (m *machine) start() {
	m.t.Helper()
	m.launch()
	m.until("the daemon answers", 20*time.Second, func() bool {
		select {
		case <-m.exited:
			m.t.Fatalf("the daemon ended at once: %v\n%s", m.daemon.ProcessState, m.log)
		default:
		}
		c := localclient.New(m.socket())
		defer c.Close()
		_, err := c.Status(m.t.Context())
		return err == nil
	})
}

func (m *machine) launch() {
	m.t.Helper()
	m.daemon = exec.Command(filepath.Join(m.bin, "quietsetupd"), "run", "--config", filepath.Join(m.dir, "quietsetup.toml"), "--state-dir", m.state)
	m.daemon.Env = m.env
	m.daemon.Stderr, m.daemon.Stdout = m.log, m.log
	m.daemon.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := m.daemon.Start(); err != nil {
		m.t.Fatal(err)
	}
	exited, cmd := make(chan struct{}), m.daemon
	m.exited = exited
	go func() { cmd.Wait(); close(exited) }()
}

func (m *machine) socket() string { return filepath.Join(m.state, "api.sock") }

// kill ends the daemon the hard way.
func (m *machine) kill() {
	m.t.Helper()
	if m.daemon == nil {
		return
	}
	m.daemon.Process.Signal(syscall.SIGKILL)
	<-m.exited
	m.daemon = nil
}

// stop ends the daemon in order.
func (m *machine) stop() {
	if m.daemon == nil {
		return
	}
	m.daemon.Process.Signal(syscall.SIGTERM)
	select {
	case <-m.exited:
	case <-time.After(15 * time.Second):
		m.t.Errorf("the daemon did not stop within 15 s")
		m.daemon.Process.Kill()
		<-m.exited
	}
	m.daemon = nil
}

// cli runs the quietsetup command.
func (m *machine) cli(args ...string) (stdout, stderr string, code int) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(m.bin, "quietsetup"), append([]string{"--socket", m.socket()}, args...)...)
	cmd.Env = append(m.env, "LANG=en_US.UTF-8", "NO_COLOR=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		m.t.Fatalf("quietsetup %v: %v", args, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func (m *machine) must(args ...string) string {
	m.t.Helper()
	out, errs, code := m.cli(args...)
	if code != 0 {
		m.t.Fatalf("quietsetup %v: exit code %d\n%s%s", args, code, out, errs)
	}
	return out
}

// product asks the daemon; the zero product if it does not answer.
func (m *machine) product(id string) apitypes.Product {
	c := localclient.New(m.socket())
	defer c.Close()
	d, err := c.Product(context.Background(), id)
	if err != nil {
		return apitypes.Product{}
	}
	return d.Product
}

// until polls, because everything here happens in other processes.
func (m *machine) until(what string, limit time.Duration, ok func() bool) {
	m.t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
		if time.Now().After(end) {
			m.t.Fatalf("waited %v in vain until %s\n%+v\n%s", limit, what, m.product("app"), m.log)
		}
	}
}

func (m *machine) untilPhase(id, phase string) apitypes.Product {
	m.t.Helper()
	var p apitypes.Product
	m.until(id+" is "+phase, 30*time.Second, func() bool { p = m.product(id); return p.Phase == phase })
	return p
}

// row is the report as the local source keeps it.
func (m *machine) row(id string) apitypes.ReportRow {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.state, "local", id+".json"))
	if err != nil {
		m.t.Fatal(err)
	}
	var r apitypes.ReportRow
	if err := json.Unmarshal(text, &r); err != nil {
		m.t.Fatal(err)
	}
	return r
}

// verify replays the log the test left behind.
func (m *machine) verify() {
	m.t.Helper()
	m.stop()
	out, errs, code := m.cli("replay", "--verify", "--json", m.state)
	if code != 0 {
		m.t.Fatalf("replay --verify: exit code %d\n%s%s", code, out, errs)
	}
}

// events returns the written names of all events in the journal, in order.
func (m *machine) events() []string {
	m.t.Helper()
	var out []string
	for _, r := range m.records() {
		for _, e := range r.Events {
			out = append(out, e.Type)
		}
	}
	return out
}
