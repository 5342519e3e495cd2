// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// agent is opsiclientd beside the service, as far as its action processor sees it, on a
// machine of whose sessions utmp tells.
type agent struct {
	*site
	run string // what the machine has as /run
	key string // the host key
	own string // of the call, in front
	all bytes.Buffer
}

// newAgent makes a site with opsi-script on it, played by a program. What the
// programs of this test see as /run is a folder of the test's own.
func newAgent(t *testing.T) *agent {
	t.Helper()
	needs.Root(t)
	needs.Tool(t, "unshare", "mount")
	a := &agent{site: newSite(t, "24h")}
	a.run = filepath.Join(a.dir, "run")
	bin, real := filepath.Join(a.dir, "bin"), a.bin
	for _, d := range []string{filepath.Join(a.run, "opsiclientd"), bin} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"quietsetup", "quietsetupd"} {
		a.write(filepath.Join(bin, name), fmt.Sprintf("#!/bin/sh\nexec unshare -m sh -c 'mount --bind \"$0\" /run && exec \"$@\"' %s %s \"$@\"\n", a.run, filepath.Join(real, name)))
	}
	a.bin = bin
	if out, _, code := a.cli("version"); code != 0 || out == "" {
		needs.Missing(t, "needs mount namespaces")
	}
	if err := goBuild("-o", filepath.Join(a.dir, "standin"), "../opsiscript/standin"); err != nil {
		t.Fatal(err)
	}
	a.write("opsi-script", fmt.Sprintf("#!/bin/sh\necho \"$@\" >>%s/calls\nexport STANDIN_HANDOVER=/run/opsiclientd\nexec %[1]s/standin \"$@\"\n", a.dir))
	a.setSource("[source]\n", "[source]\nopsi_script = 'opsi-script'\n")
	key, err := os.ReadFile(filepath.Join(a.dir, "host.key"))
	if err != nil {
		t.Fatal(err)
	}
	a.key = strings.TrimSpace(string(key))
	a.own = fmt.Sprintf("--config %s/quietsetup.toml --state-dir %s --service-wait 0s", a.dir, a.state)
	a.leaves()
	t.Cleanup(func() {
		calls, _ := os.ReadFile(filepath.Join(a.dir, "calls"))
		for what, text := range map[string]string{"the daemon's log": a.log.String(), "output": a.all.String(), "command lines": string(calls)} {
			if strings.Contains(text, a.key) {
				t.Errorf("the key is in %s", what)
			}
		}
		if keys, err := filepath.Glob(filepath.Join(a.state, "opsi/runs/*.key")); err != nil || len(keys) != 0 {
			t.Errorf("keys are left: %q, %v", keys, err)
		}
	})
	return a
}

func (a *agent) setSource(from, to string) {
	a.t.Helper()
	text, err := os.ReadFile(filepath.Join(a.dir, "quietsetup.toml"))
	if err != nil {
		a.t.Fatal(err)
	}
	a.write("quietsetup.toml", strings.Replace(string(text), from, to, 1))
}

// leaves has nobody logged in, comes has somebody.
func (a *agent) leaves() { a.sessions(2, "reboot") }
func (a *agent) comes()  { a.sessions(7, "root") }

// sessions writes utmp with one record of a kind.
func (a *agent) sessions(kind uint16, user string) {
	a.t.Helper()
	size := 384
	if runtime.GOARCH == "arm64" {
		size = 400
	}
	b := make([]byte, size)
	binary.NativeEndian.PutUint16(b, kind)
	binary.NativeEndian.PutUint32(b[4:], uint32(os.Getpid()))
	copy(b[8:], "tty7")
	copy(b[44:], user)
	a.write(filepath.Join(a.run, "utmp"), string(b))
}

// The command lines of opsiclientd.conf, as an event substitutes them.
const (
	plainCall = "-opsiservice %service_url% -depotpath %depot_path% -clientid %id%"
	loginCall = plainCall + " -username %id% -password %key%"
)

// arguments are what opsiclientd makes of a command: split at white space, no quotes, the
// login in a file that it names at the end.
func (a *agent) arguments(command string) (args []string) {
	a.t.Helper()
	command = strings.NewReplacer("%service_url%", a.server.URL()+"/rpc", "%depot_path%", a.depot, "%id%", client, "%key%", a.key).Replace(command)
	words, login := strings.Fields(a.own+" "+command), ""
	args = []string{"action-processor"}
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "-username", "-password":
			login += words[i][1:] + "=" + words[i+1] + "\n"
			i++
		default:
			args = append(args, words[i])
		}
	}
	if login != "" {
		args = append(args, "-credentialfile", a.write("login", login))
	}
	return args
}

// event is one of opsiclientd's: it waits for its action processor.
func (a *agent) event(command string, want int, says ...string) string {
	a.t.Helper()
	begin := time.Now()
	out, errs, code := a.cli(a.arguments(command)...)
	a.t.Logf("%v %s", time.Since(begin), command)
	a.all.WriteString(out + errs)
	if code != want || out != "" {
		a.t.Fatalf("%s: exit code %d, want %d\n%s%s\n%s", command, code, want, out, errs, a.log)
	}
	for _, s := range says {
		if !strings.Contains(errs, s) {
			a.t.Errorf("%s: it does not say %q:\n%s", command, s, errs)
		}
	}
	return errs
}

// status is what the row of a product shows at once.
func (a *agent) status(id string) string {
	r := a.server.Row(client, id)
	return r.Text("installationStatus") + " " + r.Text("productVersion") + " " + r.Text("actionRequest") + " " + r.Text("actionResult")
}

func (a *agent) shown(id, want string) {
	a.t.Helper()
	if got := a.status(id); got != want {
		a.t.Errorf("%s is %s, want %s", id, got, want)
	}
}

// calls are opsi-script's command lines.
func (a *agent) calls() string {
	text, _ := os.ReadFile(filepath.Join(a.dir, "calls"))
	return string(text)
}

// TestActionProcessorAlone: with nobody logged in an event returns when all is done, and a
// restart that was wanted is the agent's.
func TestActionProcessorAlone(t *testing.T) {
	t.Parallel()
	a := newAgent(t)
	a.start()
	wish := filepath.Join(a.run, "opsiclientd/reboot")
	a.server.Request(client, "app", "setup")
	a.script("waits", "run "+a.dir+"/side")
	a.must("hold", "--reason", "exam")
	a.event(plainCall, 0, "waits: stopped by an administrator (exam)")
	a.shown("app", "installed 1.0 setup none")
	a.must("release", "--reason", "over")
	a.must("hold", "waits", "--reason", "exam")
	a.event(loginCall+" -processproducts app", 0, "app: successful", "Nothing more can go on by itself now.")
	a.shown("app", "installed 2.0 none successful")
	a.shown("waits", "not_installed  setup none")
	if _, err := os.Stat(wish); !os.IsNotExist(err) {
		t.Errorf("a restart nobody wants: %v", err)
	}
	a.must("release", "waits", "--reason", "over")

	a.script("fails", "fatal")
	a.script("restarts", "rebootwanted")
	a.event(plainCall, 1, "Failed: fails", "A restart of the machine is wanted")
	a.shown("waits", "installed 2.0 none successful")
	a.shown("fails", "unknown 2.0 none failed")
	a.shown("restarts", "installed 2.0 none successful")
	if _, err := os.Stat(wish); err != nil {
		t.Error(err)
	}
	os.Remove(wish)
	a.event(plainCall, 0)
	if _, err := os.Stat(wish); !os.IsNotExist(err) {
		t.Errorf("the wish of another call: %v", err)
	}

	for _, c := range []struct{ command, says string }{
		{"-opsiservice https://other.site.test:4447/rpc -clientid %id% -username %id% -password %key%", "another server"},
		{"-opsiservice %service_url% -clientid pc2.site.test", "another client"},
	} {
		a.event(c.command, 7, c.says)
	}
	for _, command := range []string{"", "-opsiservice", "%key%", "-%key% " + plainCall, plainCall + " -unknown %key%", plainCall + " -silent %key%"} {
		a.event(command, 2)
	}
	a.verify()
}

// TestActionProcessorDepot: a script was looked for before the agent mounted the depot,
// and would be looked for again in an hour. The event has it looked for at once.
func TestActionProcessorDepot(t *testing.T) {
	t.Parallel()
	a := newAgent(t)
	a.script("works", "run "+a.dir+"/side")
	away := a.depot + ".away"
	if err := os.Rename(a.depot, away); err != nil {
		t.Fatal(err)
	}
	a.start()
	a.until("the depot is missed", time.Minute, func() bool {
		w := a.product("works").Waits
		return w != nil && w.Reason == "unreachable"
	})
	if err := os.Rename(away, a.depot); err != nil {
		t.Fatal(err)
	}
	a.event(plainCall, 0, "works: successful")
	a.shown("works", "installed 2.0 none successful")
	a.verify()
}

// TestActionProcessorPeople: with somebody there an event is handed over, and waits only
// for what is being installed.
func TestActionProcessorPeople(t *testing.T) {
	t.Parallel()
	a := newAgent(t)
	a.comes()
	a.sits()
	inside := a.program(filepath.Join(a.root, "app/app"))
	a.start()
	a.until("the user is seen", 30*time.Second, func() bool { return strings.Contains(a.must("status"), "root") })
	a.server.Request(client, "app", "setup")
	a.event(plainCall, 0, "Handed over")
	a.shown("app", "installed 1.0 setup none")
	a.asked(1)
	a.answers <- "kill"
	a.shows(`installed successful none setup installed 2.0-1 ""`)
	if alive(inside) {
		t.Error("the program runs")
	}
	a.script("slow", "sleep 2s\nrebootwanted")
	a.event(plainCall, 0, "slow: installing", "Handed over")
	a.until("its row tells", 30*time.Second, func() bool { return a.status("slow") == "installed 2.0 none successful" })
	if _, err := os.Stat(filepath.Join(a.run, "opsiclientd/reboot")); !os.IsNotExist(err) {
		t.Errorf("a restart under a user: %v", err)
	}
	a.verify()
}

// TestActionProcessorAsksForAScript: a script needs the depot, so the event stays open until
// people who are asked because of it have answered and it has run.
func TestActionProcessorAsksForAScript(t *testing.T) {
	t.Parallel()
	a := newAgent(t)
	a.comes()
	a.sits()
	inside := a.program(filepath.Join(a.root, "tool/tool"))
	a.start()
	a.until("the user is seen", 30*time.Second, func() bool { return strings.Contains(a.must("status"), "root") })
	a.script("tool", "run "+a.dir+"/side")
	a.write(filepath.Join(a.depot, "tool/CLIENT_DATA/opsi-meta-data.toml"),
		fmt.Sprintf("[specification]\nversion = '0.1'\n[[installers]]\ncheck_processes_from_dirs = ['%s/tool']\n[installers.requirement]\nos = 'linux'\nos_arch = 'arch_unknown'\n", a.root))
	over := make(chan string, 1)
	go func() {
		_, errs, code := a.cli(a.arguments(plainCall)...)
		over <- fmt.Sprintf("%d %s", code, errs)
	}()
	a.asked(1)
	select {
	case told := <-over:
		t.Fatalf("it is over while people are asked: %s", told)
	case <-time.After(3 * time.Second): // it looks each second
	}
	a.answers <- "kill"
	if told := <-over; !strings.HasPrefix(told, "0 ") || !strings.Contains(told, "Handed over") {
		t.Error(told)
	}
	a.until("its row tells", 30*time.Second, func() bool { return a.status("tool") == "installed 2.0 none successful" })
	if alive(inside) {
		t.Error("the program runs")
	}
	a.verify()
}

// TestActionProcessorWithout: without the service opsi-script does all with nobody there,
// and nothing is done with somebody there, or perhaps there. What is no request is opsi-script's always.
func TestActionProcessorWithout(t *testing.T) {
	t.Parallel()
	a := newAgent(t)
	side := filepath.Join(a.dir, "side")
	a.script("works", "run "+side)
	a.comes()
	a.event(loginCall, 3, "Somebody is logged in", "requests stay at the server")
	if err := os.Remove(filepath.Join(a.run, "utmp")); err != nil {
		t.Fatal(err)
	}
	a.event(plainCall, 3, "cannot be told")
	a.shown("works", "not_installed  setup none")
	if c := a.calls(); c != "" {
		t.Errorf("opsi-script ran: %s", c)
	}
	a.leaves()
	a.event(plainCall, 0, "opsi-script does it")
	a.shown("works", "installed 2.0 none successful")
	if c := a.calls(); !strings.Contains(c, "-opsiservice "+a.server.URL()+"/rpc -depotpath "+a.depot+" -clientid "+client+" -credentialfile ") {
		t.Errorf("opsi-script was called with %s", c)
	}
	a.script("fails", "fatal")
	a.event(loginCall, 1)
	a.shown("fails", "unknown 2.0 none failed")

	a.script("audit", "run "+side)
	row := a.server.Row(client, "audit")
	row["actionRequest"] = "none"
	a.server.Put(row)
	a.comes()
	a.event(plainCall+" -productlist audit -silent", 0)
	a.shown("audit", "installed 2.0 none successful")
	a.start()
	a.event(loginCall+" -sessionid 12345 -loginscripts -silent", 0)
	if c := a.calls(); !strings.Contains(c, "-sessionid 12345 -loginscripts -silent -credentialfile ") {
		t.Errorf("opsi-script was called with %s", c)
	}
	a.stop()

	// Without a configuration the login is the call's, or there is none.
	a.own = strings.Replace(a.own, "quietsetup.toml", "nothing.toml", 1)
	a.leaves()
	a.event(plainCall, 1, "opsi-script does it")
}

// TestActionProcessorLock: an installer of the service and opsi-script past it never run at
// the same time, whoever was first and whoever is killed.
func TestActionProcessorLock(t *testing.T) {
	t.Parallel()
	a := newAgent(t)
	side, goes := filepath.Join(a.dir, "side"), filepath.Join(a.dir, "go")
	a.good["setup.sh"] = fmt.Sprintf("#!/bin/sh\nset -eu\necho begin $$ >>%[1]s/runs.log\nwhile [ ! -e %[2]s ]; do sleep 0.05; done\necho 2.0 >%[1]s/app/version\necho done $$ >>%[1]s/runs.log\n", a.root, goes)
	a.write(filepath.Join(a.depot, "app/CLIENT_DATA/setup.sh"), a.good["setup.sh"])
	a.script("long", "run "+side+"\nsleep 1h")
	row := a.server.Row(client, "long")
	row["actionRequest"] = "none"
	a.server.Put(row)
	a.comes()
	a.sits()
	a.own += " --lock-wait 1s"
	a.start()

	passing := func() *exec.Cmd {
		cmd := exec.Command(filepath.Join(a.bin, "quietsetup"), a.arguments(plainCall+" -productlist long")...)
		cmd.Env = append(a.env, "LANG=C")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		return cmd
	}
	played := func() (pid int) {
		out, _ := exec.Command("pgrep", "-f", "^"+filepath.Join(a.dir, "standin")+" .*-productlist long").Output()
		fmt.Sscan(string(out), &pid)
		return pid
	}
	cmd := passing()
	a.until("opsi-script works", 30*time.Second, func() bool { _, err := os.Stat(side); return err == nil })
	script := played()
	if script == 0 {
		t.Fatal("opsi-script is not there")
	}
	t.Cleanup(func() { _ = syscall.Kill(script, syscall.SIGKILL) })
	a.server.Request(client, "app", "setup")
	a.event(plainCall, 0, "Handed over")
	a.until("the attempt waits", time.Minute, func() bool {
		p := a.product("app")
		return p.Waits != nil && p.Waits.Reason == "installer_busy" && p.Waits.Until != nil && p.Attempt == nil
	})
	a.event(plainCall+" -productlist app", 6, "opsi-script waits", "cannot have the machine alone")

	// The holder is killed. What it started works on, and is waited for.
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	a.must("resume", "app", "--reason", "look again")
	a.untilPhase("app", "checking")
	a.event(plainCall+" -productlist app", 6)
	if r := a.runs(); len(r) != 0 || a.product("app").Phase != "checking" {
		t.Fatalf("an installer ran beside opsi-script: %q, %+v", r, a.product("app"))
	}
	_ = syscall.Kill(script, syscall.SIGKILL)
	a.until("opsi-script is gone", 30*time.Second, func() bool { return played() == 0 })
	a.until("the installer runs", 30*time.Second, func() bool { return len(a.runs()) == 1 })
	os.Remove(side)

	// The other way round, also when daemon and supervisor are killed.
	a.event(plainCall+" -productlist long", 6, "opsi-script waits", "an installer of the service runs")
	supervisor := a.product("app").Attempt.Supervisor
	a.kill()
	a.event(plainCall+" -productlist long", 6)
	_ = syscall.Kill(supervisor, syscall.SIGKILL)
	a.until("the supervisor is gone", 30*time.Second, func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", supervisor))
		return err != nil || strings.Contains(string(text), ") Z ")
	})
	a.event(plainCall+" -productlist long", 6)
	if _, err := os.Stat(side); !os.IsNotExist(err) {
		t.Fatalf("opsi-script ran beside an installer: %v", err)
	}
	a.write(goes, "")
	a.until("the installer has ended", 30*time.Second, func() bool { return a.installed("app") == "2.0" })
	a.write(filepath.Join(a.depot, "long/setup.opsiscript"), "run "+side)
	a.own = strings.Replace(a.own, "--lock-wait 1s", "--lock-wait 30s", 1)
	a.event(plainCall+" -productlist long", 0)
	if _, err := os.Stat(side); err != nil {
		t.Error(err)
	}
	a.start()
	a.verify()
}
