// SPDX-License-Identifier: Apache-2.0

//go:build linux || windows

package installer

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// diesAt in a token names the step at which its supervisor is killed.
const diesAt = "-dies-at-"

// TestMain lets the test binary play the supervisor and a daemon that starts one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case Entry:
			// Not os.Exit, which waits a second under the race detector.
			syscall.Exit(superviseStepping(os.Args[2:], dieAt(os.Args[3])))
		case "daemon":
			syscall.Exit(playDaemon(os.Args[2], os.Args[3]))
		case "installer":
			syscall.Exit(playInstaller(os.Args[2:]))
		}
	}
	os.Exit(m.Run())
}

// dieAt kills this process with -9 at the step that the text names.
func dieAt(text string) func(string) {
	_, want, _ := strings.Cut(text, diesAt)
	return func(step string) {
		if want != "" && strings.ReplaceAll(step, " ", "-") == want {
			kill(os.Getpid())
			select {}
		}
	}
}

// daemonOrder is what a test's daemon process is told.
type daemonOrder struct {
	StateDir string
	Spec     Spec
}

func playDaemon(text, step string) int {
	var o daemonOrder
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Println(err)
		return 2
	}
	opt := Options{Exe: os.Args[0], StateDir: o.StateDir, step: dieAt(diesAt + step)}
	if _, err := Start(context.Background(), opt, o.Spec); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// world is a state directory, a package folder, and the one file that the
// package's installer adds a line to each time it runs.
type world struct {
	state, dir, side string
	exe              string
	id               string // begins every token, so that no other test run has the same
}

func newWorld(t testing.TB) *world {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	base := tempDir(t)
	w := &world{state: filepath.Join(base, "state"), dir: filepath.Join(base, "pkg"), side: filepath.Join(base, "side"), exe: exe,
		id: strings.ToLower(rand.Text()[:8])}
	endStillborn(t, w.id)
	for _, d := range []string{w.state, w.dir} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) options() Options { return Options{Exe: w.exe, StateDir: w.state} }

// runs counts how often a token's installer ran.
func (w *world) runs(t testing.TB, token string) int {
	t.Helper()
	text, err := os.ReadFile(w.side)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if line == token+"\n" {
			n++
		}
	}
	return n
}

// finish starts an attempt and waits for its end.
func (w *world) finish(t testing.TB, s Spec) (events.InstallerStarted, Result) {
	t.Helper()
	begun, err := Start(t.Context(), w.options(), s)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	return begun, w.wait(t, begun)
}

// flood carries an attempt whose installer prints much, makes a file, and waits for
// another before its last line. The gate opens when the log has been cut: a line
// that is printed at the moment of a cut may be lost, as cut says.
func (w *world) flood(t testing.TB, s Spec, flooded, gate string) Result {
	t.Helper()
	begun, err := Start(t.Context(), w.options(), s)
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	eventually(t, "the installer has printed all but its last line", func() bool { _, err := os.Stat(flooded); return err == nil })
	eventually(t, "its log is cut", func() bool {
		text, err := os.ReadFile(filepath.Join(w.state, folderName, s.Token+endLog))
		return err == nil && int64(len(text)) <= s.LogMax && strings.Contains(string(text), cutMark)
	})
	write(t, gate, "", 0o600)
	return w.wait(t, begun)
}

func (w *world) wait(t testing.TB, begun events.InstallerStarted) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	res, err := Wait(ctx, w.state, begun.Token, begun.Supervisor, begun.Installer, nil)
	if err != nil {
		t.Fatalf("Wait: %v", err)
	}
	return res
}

func (w *world) probe(t testing.TB, token string) Probed {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p, err := Probe(ctx, w.state, token)
	if err != nil {
		t.Fatalf("Probe: %v", err)
	}
	return p
}

// daemon runs a process that calls Start, and kills itself at a step.
func (w *world) daemon(t testing.TB, s Spec, step string) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(daemonOrder{w.state, s})
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(w.exe, "daemon", string(text), step)
}

// noSupervisor waits until no supervisor of the token is left.
func noSupervisor(t testing.TB, token string) {
	t.Helper()
	eventually(t, "the supervisor of "+token+" has gone", func() bool {
		id, err := supervisorOf(token)
		if err != nil {
			t.Fatal(err)
		}
		if stillborn(t, id) {
			kill(id.PID)
		}
		return id.IsZero()
	})
}

// patience is how long anything may take; machines under load are slow.
const patience = 2 * time.Minute

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func write(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
