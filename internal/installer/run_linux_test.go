// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/needs"
)

func TestOutcomes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	write(t, filepath.Join(w.dir, "plain.txt"), "no program", 0o644)
	write(t, filepath.Join(w.dir, "noshebang"), "exit 0\n", 0o755)
	write(t, filepath.Join(w.dir, "nointerpreter"), "#!/no/such/interpreter\n", 0o755)
	if err := os.Symlink("/bin/true", filepath.Join(w.dir, "outside")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		script string
		argv   []string // in place of the script
		want   events.InstallerEnded
		error  string // part of the error
	}{
		{name: "ok", script: "exit 0"},
		{name: "failed", script: "exit 7", want: events.InstallerEnded{Exit: 7}},
		{name: "highest", script: "exit 255", want: events.InstallerEnded{Exit: 255}},
		{name: "terminated", script: "kill -TERM $$; sleep 60", want: events.InstallerEnded{Exit: -1, Signal: "SIGTERM"}},
		{name: "hangup", script: "kill -HUP $$; sleep 60", want: events.InstallerEnded{Exit: -1, Signal: "SIGHUP"}},
		{name: "killed", script: "kill -KILL $$", want: events.InstallerEnded{Exit: -1, Signal: "SIGKILL"}},
		{name: "missing", argv: []string{"./nothing"}, want: events.InstallerEnded{Exit: -1}, error: "no such file"},
		{name: "missing-absolute", argv: []string{"/no/such/program"}, want: events.InstallerEnded{Exit: -1}, error: "no such file"},
		{name: "missing-bare", argv: []string{"no-such-program"}, want: events.InstallerEnded{Exit: -1}, error: "no such file"},
		{name: "not-executable", argv: []string{"./plain.txt"}, want: events.InstallerEnded{Exit: -1}, error: "not executable"},
		{name: "no-shebang", argv: []string{"./noshebang"}, want: events.InstallerEnded{Exit: -1}, error: "exec format error"},
		{name: "no-interpreter", argv: []string{"./nointerpreter"}, want: events.InstallerEnded{Exit: -1}, error: "no such file"},
		{name: "folder", argv: []string{"./."}, want: events.InstallerEnded{Exit: -1}, error: "not a file"},
		{name: "escape", argv: []string{"../../bin/true"}, want: events.InstallerEnded{Exit: -1}, error: "leads out"},
		{name: "symlink-out", argv: []string{"./outside"}, want: events.InstallerEnded{Exit: -1}, error: "escapes"},
		{name: "bare", argv: []string{"true"}},
		{name: "absolute", argv: []string{"/bin/false", "x"}, want: events.InstallerEnded{Exit: 1}},
		{name: "bare-in-folder", argv: []string{"noshebang"}, want: events.InstallerEnded{Exit: -1}, error: "exec format error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := w.spec(t, "id."+c.name+".1.1", c.script)
			if c.argv != nil {
				s.Argv = c.argv
			}
			begun, res := w.finish(t, s)
			c.want.Token, c.want.TookMS = s.Token, res.Ended.TookMS
			got := res.Ended
			got.Error = ""
			if res.Lost || got != c.want || c.error == "" && res.Ended.Error != "" || !strings.Contains(res.Ended.Error, c.error) {
				t.Errorf("got %+v, want %+v with error %q", res, c.want, c.error)
			}
			if begun.Token != s.Token || begun.Supervisor.IsZero() {
				t.Errorf("began as %+v", begun)
			}
			if p := w.probe(t, s.Token); p.Verdict != Over || p.Ended != res.Ended {
				t.Errorf("probed %+v", p)
			}
			again, err := Start(t.Context(), w.options(), s)
			if err != nil || again != begun {
				t.Errorf("a second start says %+v, %v", again, err)
			}
			if n := w.runs(t, s.Token); c.argv == nil && n != 1 || n > 1 {
				t.Errorf("the installer ran %d times", n)
			}
		})
	}
}

// The installer sees the fixed environment, its folder, no terminal, and no
// descriptor of ours.
func TestSurroundings(t *testing.T) {
	t.Setenv("SECRET_OF_THE_DAEMON", "1")
	w := newWorld(t)
	s := w.spec(t, "id.env.1.1", "env | sort; pwd; umask; ls /proc/$$/fd > list; tr '\\n' ' ' < list; readlink /proc/$$/fd/0; grep SigIgn /proc/$$/status; printf '%s\\n' \"$@\"")
	s.Argv = append(s.Argv, "a b", "$(id)", `"; exit 3`, "*")
	s.Env = []string{"EXTRA=x y"}
	begun, res := w.finish(t, s)
	if res.Ended.Exit != 0 || begun.Installer.IsZero() {
		t.Fatalf("%+v", res)
	}
	out := read(t, filepath.Join(w.state, folderName, s.Token+endLog))
	for _, want := range []string{
		"PATH=" + fixedPath, "LANG=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", "EXTRA=x y",
		"QUIETSETUP_PRODUCT=firefox", "QUIETSETUP_ACTION=setup", "QUIETSETUP_TOKEN=" + s.Token,
		w.dir, "0022", "/dev/null", "a b", "$(id)", `"; exit 3`, "*",
	} {
		if !strings.Contains("\n"+out, "\n"+want+"\n") && !strings.Contains(out, want+"\n") {
			t.Errorf("no line %q in:\n%s", want, out)
		}
	}
	// Of the signals that a program can be meant to ignore. Signal 32 is the C
	// library's own; whoever ignores it hands that down, and Go leaves it alone.
	_, mask, _ := strings.Cut(out, "SigIgn:\t")
	mask, _, _ = strings.Cut(mask, "\n")
	if ignored, err := strconv.ParseUint(mask, 16, 64); err != nil || ignored&(1<<31-1) != 0 {
		t.Errorf("ignored signals came through: %q, %v", mask, err)
	}
	if strings.Contains(out, "SECRET") {
		t.Errorf("the daemon's environment came through:\n%s", out)
	}
	for _, fd := range []string{"3", "4", "5", "6"} {
		if strings.Contains(out, " "+fd+" ") {
			t.Errorf("descriptor %s came through:\n%s", fd, out)
		}
	}
}

// The supervisor outlives every signal that can be caught, and its starter.
func TestSupervisorOutlivesSignals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gate := filepath.Join(w.dir, "gate")
	s := w.spec(t, "id.signals.1.1", "while [ ! -e "+gate+" ]; do sleep 0.02; done; exit 5")
	if out, err := w.daemon(t, s, "").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	st, err := Inspect(w.state, s.Token)
	if err != nil || st.Kind != KindStarted || !st.Alive {
		t.Fatalf("%+v, %v", st, err)
	}
	for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGPIPE, unix.SIGUSR1, unix.SIGXFSZ} {
		if err := syscall.Kill(st.Started.Supervisor.PID, sig); err != nil {
			t.Fatal(err)
		}
	}
	if p := w.probe(t, s.Token); p.Verdict != Running || p.Started != st.Started {
		t.Errorf("probed %+v", p)
	}
	if err := Remove(w.state, s.Token); !errors.Is(err, ErrTaken) {
		t.Errorf("a running attempt was removed: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := Wait(ctx, w.state, s.Token, st.Started.Supervisor, st.Started.Installer, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait: %v", err)
	}
	write(t, gate, "", 0o600)
	if res := w.wait(t, st.Started); res.Ended.Exit != 5 || w.runs(t, s.Token) != 1 {
		t.Errorf("%+v", res)
	}
}

// An installer that ends before its helper is not over before the helper is.
func TestWaitsForSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gate, done := filepath.Join(w.dir, "gate"), filepath.Join(w.dir, "done")
	s := w.spec(t, "id.session.1.1", "( while [ ! -e "+gate+" ]; do sleep 0.02; done; echo x > "+done+" ) & exit 3")
	begun, err := Start(t.Context(), w.options(), s)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the installer itself has ended", func() bool {
		lives, err := alive(begun.Installer)
		return err == nil && !lives
	})
	if p := w.probe(t, s.Token); p.Verdict != Running {
		t.Fatalf("probed %+v", p)
	}
	write(t, gate, "", 0o600)
	if res := w.wait(t, begun); res.Ended.Exit != 3 || len(res.Left) != 0 {
		t.Errorf("%+v", res)
	}
	if read(t, done) != "x\n" {
		t.Error("the helper had not ended")
	}
}

// What stays in the session is waited for a while, what left it is only known.
func TestLeftovers(t *testing.T) {
	needs.Tool(t, "setsid")
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct{ name, how string }{{"stays", "sleep 60 & exit 0"}, {"leaves", "setsid sleep 60 & while [ \"$(cut -d' ' -f6 /proc/$!/stat)\" = $$ ]; do sleep 0.01; done; exit 0"}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := w.spec(t, "id."+c.name+".1.1", c.how)
			s.Linger = time.Millisecond
			if c.name == "leaves" {
				s.Linger = time.Minute
			}
			_, res := w.finish(t, s)
			if res.Lost || len(res.Left) != 1 || res.Left[0].Name == "" {
				t.Fatalf("%+v", res)
			}
			if lives, err := alive(res.Left[0].ProcessID); err != nil || !lives {
				t.Errorf("it was ended: %v", err)
			}
			_ = syscall.Kill(res.Left[0].PID, syscall.SIGKILL)
		})
	}
}

func TestHugeOutput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	flooded, gate := filepath.Join(w.dir, "flooded"), filepath.Join(w.dir, "gate")
	s := w.spec(t, "id.huge.1.1", "echo first line; i=0; while [ $i -lt 40 ]; do head -c 500000 /dev/zero | tr '\\0' 'x'; echo; i=$((i+1)); done; : >"+flooded+
		"; until [ -e "+gate+" ]; do sleep 0.05; done; echo last line")
	s.LogMax = 64 << 10
	if res := w.flood(t, s, flooded, gate); res.Ended.Exit != 0 {
		t.Fatalf("%+v", res)
	}
	out := read(t, filepath.Join(w.state, folderName, s.Token+endLog))
	if int64(len(out)) > s.LogMax || !strings.HasPrefix(out, "first line\n") || !strings.HasSuffix(out, "last line\n") || strings.Count(out, cutMark) != 1 {
		t.Errorf("%d bytes, %.20q … %q", len(out), out, out[max(0, len(out)-20):])
	}
}

// Without room for the outcome nothing is run; the attempt can be started later.
func TestNoRoomBeforeStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, limit := range []uint64{0, 10, 1000, spareSize - 1} {
		t.Run(strconv.FormatUint(limit, 10), func(t *testing.T) {
			t.Parallel()
			s := w.spec(t, fmt.Sprintf("id.full%d.1.1", limit), "exit 0")
			opt := w.options()
			opt.Scope = func(pid int) error {
				return unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: limit}, nil)
			}
			if _, err := Start(t.Context(), opt, s); !errors.Is(err, ErrNotStarted) || !strings.Contains(err.Error(), "too large") {
				t.Fatalf("Start: %v", err)
			}
			noSupervisor(t, s.Token)
			if st, err := Inspect(w.state, s.Token); err != nil || st.Kind != KindNone || w.runs(t, s.Token) != 0 {
				t.Fatalf("%+v, %v, %d runs", st, err, w.runs(t, s.Token))
			}
			left, err := filepath.Glob(filepath.Join(w.state, folderName, s.Token+".*"))
			if err != nil || slices.ContainsFunc(left, func(p string) bool { return !strings.HasSuffix(p, endLog) }) {
				t.Errorf("left behind: %v, %v", left, err)
			}
			if _, res := w.finish(t, s); res.Ended.Exit != 0 || w.runs(t, s.Token) != 1 {
				t.Errorf("%+v", res)
			}
		})
	}
}

// An installer that fills the disk does not keep its outcome from being written.
func TestInstallerFillsDisk(t *testing.T) {
	needs.Root(t)
	w := newWorld(t)
	if err := unix.Mount("tmpfs", w.state, "tmpfs", 0, "size=256k,mode=0700"); err != nil {
		needs.Missing(t, "needs to mount a tmpfs: "+err.Error())
	}
	t.Cleanup(func() {
		// A supervisor that has not written its outcome gives up without its file.
		_ = os.RemoveAll(filepath.Join(w.state, folderName))
		_ = unix.Unmount(w.state, unix.MNT_DETACH)
	})
	s := w.spec(t, "id.fill.1.1", "cat /dev/zero > "+w.state+"/fill; exit 9")
	begun, res := w.finish(t, s)
	if res.Ended.Exit != 9 {
		t.Fatalf("%+v", res)
	}
	next := w.spec(t, "id.fill.1.2", "exit 0")
	if _, err := Start(t.Context(), w.options(), next); !errors.Is(err, ErrNotStarted) || w.runs(t, next.Token) != 0 {
		t.Errorf("on a full disk: %v", err)
	}
	fill := filepath.Join(w.state, "more")
	if err := os.WriteFile(fill, make([]byte, 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	if err := Void(w.state, next.Token); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("void on a full disk: %v", err)
	}
	noSupervisor(t, begun.Token)
}

func TestScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.spec(t, "id.scope.1.1", "exit 0")
	opt := w.options()
	var pid int
	broken := errors.New("no scope for you")
	opt.Scope = func(p int) error { pid = p; return broken }
	if _, err := Start(t.Context(), opt, s); !errors.Is(err, broken) || !errors.Is(err, ErrNotStarted) {
		t.Fatalf("Start: %v", err)
	}
	if st, err := Inspect(w.state, s.Token); err != nil || st.Kind != KindNone || w.runs(t, s.Token) != 0 {
		t.Errorf("%+v, %v", st, err)
	}
	opt.Scope = func(p int) error { pid = p; return nil }
	begun, err := Start(t.Context(), opt, s)
	if err != nil || begun.Supervisor.PID != pid {
		t.Fatalf("%+v, %v, scope of %d", begun, err, pid)
	}
	w.wait(t, begun)
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.spec(t, "id.refused.1.1", "exit 0")
	for name, c := range map[string]struct {
		change func(*Spec, *Options)
		want   error
	}{
		"token":         {func(s *Spec, _ *Options) { s.Token = "../x" }, ErrToken},
		"no command":    {func(s *Spec, _ *Options) { s.Argv = nil }, ErrSpec},
		"empty command": {func(s *Spec, _ *Options) { s.Argv = []string{""} }, ErrSpec},
		"zero byte":     {func(s *Spec, _ *Options) { s.Argv = []string{"true", "a\x00b"} }, ErrSpec},
		"folder":        {func(s *Spec, _ *Options) { s.Dir = "pkg" }, ErrSpec},
		"fixed env":     {func(s *Spec, _ *Options) { s.Env = []string{"PATH=/tmp"} }, ErrSpec},
		"token env":     {func(s *Spec, _ *Options) { s.Env = []string{"QUIETSETUP_TOKEN=x"} }, ErrSpec},
		"linker env":    {func(s *Spec, _ *Options) { s.Env = []string{"LD_PRELOAD=/tmp/x.so"} }, ErrSpec},
		"no env":        {func(s *Spec, _ *Options) { s.Env = []string{"a-b=c"} }, ErrSpec},
		"log":           {func(s *Spec, _ *Options) { s.LogMax = 1 }, ErrSpec},
		"linger":        {func(s *Spec, _ *Options) { s.Linger = -1 }, ErrSpec},
		"huge":          {func(s *Spec, _ *Options) { s.Argv = append(s.Argv, strings.Repeat("x", maxSpec)) }, ErrSpec},
		"exe":           {func(_ *Spec, o *Options) { o.Exe = "supervisor" }, ErrNotStarted},
		"no exe":        {func(_ *Spec, o *Options) { o.Exe = "/no/such/supervisor" }, ErrNotStarted},
		"other exe":     {func(_ *Spec, o *Options) { o.Exe = "/bin/true" }, ErrNotStarted},
		"no state":      {func(_ *Spec, o *Options) { o.StateDir = filepath.Join(w.dir, "none") }, ErrNotStarted},
		"relative":      {func(_ *Spec, o *Options) { o.StateDir = "state" }, ErrNotStarted},
	} {
		t.Run(name, func(t *testing.T) {
			s, o := good, w.options()
			c.change(&s, &o)
			if _, err := Start(t.Context(), o, s); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if n := w.runs(t, good.Token); n != 0 {
		t.Errorf("it ran %d times", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, w.options(), good); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	if err := Void(w.state, good.Token); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), w.options(), good); !errors.Is(err, ErrVoided) {
		t.Errorf("a void attempt: %v", err)
	}
}

func TestSuperviseByHand(t *testing.T) {
	for _, args := range [][]string{nil, {"supervise"}, {"supervise", "id.x.1.1"}, {"become", "/bin/true", "true"}, {"x"}} {
		if code := Supervise(args); code != 2 {
			t.Errorf("Supervise(%q) = %d", args, code)
		}
	}
}

func TestCopySelf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, err := CopySelf(w.state)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o700 || filepath.Dir(filepath.Dir(path)) != w.state {
		t.Fatalf("%s: %v, %v", path, info, err)
	}
	write(t, filepath.Join(filepath.Dir(path), "old"), "", 0o700)
	again, err := CopySelf(w.state)
	if info2, serr := os.Stat(again); err != nil || serr != nil || again != path || !os.SameFile(info, info2) {
		t.Errorf("an equal copy was not used again: %v, %v", err, serr)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), "old")); !os.IsNotExist(err) {
		t.Errorf("the other copy is there: %v", err)
	}
	// A changed copy is not trusted, and a supervisor lives on without its file.
	write(t, path, "#!/bin/sh\n", 0o700)
	if path, err = CopySelf(w.state); err != nil {
		t.Fatal(err)
	}
	w.exe = path
	gate := filepath.Join(w.dir, "gate")
	s := w.spec(t, "id.copy.1.1", "while [ ! -e "+gate+" ]; do sleep 0.02; done; exit 4")
	begun, err := Start(t.Context(), w.options(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, gate, "", 0o600)
	if res := w.wait(t, begun); res.Ended.Exit != 4 {
		t.Errorf("%+v", res)
	}
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(w.dir, filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	if _, err := CopySelf(w.state); !errors.Is(err, ErrUntrusted) {
		t.Errorf("through a symlink: %v", err)
	}
}
