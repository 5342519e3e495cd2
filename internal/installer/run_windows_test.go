// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOutcomes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	write(t, filepath.Join(w.dir, "plain.txt"), "no program", 0o600)
	write(t, filepath.Join(w.dir, "broken.exe"), "no program", 0o600)
	write(t, filepath.Join(w.dir, "batch.cmd"), "@echo off\r\necho printed %~1\r\nexit /b %2\r\n", 0o600)
	for _, c := range []struct {
		name   string
		script string
		argv   []string // in place of the script
		want   int
		error  string // part of the error
	}{
		{name: "ok", script: "exit 0"},
		{name: "failed", script: "exit 7", want: 7},
		{name: "reboot", script: "exit 3010", want: 3010},
		{name: "still-active", script: "exit 259", want: 259},
		{name: "negative", script: "exit -1", want: -1},
		{name: "crashed", script: "exit -1073741819", want: -1073741819},
		{name: "missing", argv: []string{"./nothing"}, want: -1, error: "nothing"},
		{name: "missing-absolute", argv: []string{`C:\no\such\program.exe`}, want: -1, error: "program.exe"},
		{name: "no-program", argv: []string{"./plain.txt"}, want: -1, error: "not executable"},
		{name: "broken", argv: []string{"broken.exe"}, want: -1, error: "broken.exe"},
		{name: "folder", argv: []string{"./."}, want: -1, error: "not a file"},
		{name: "escape", argv: []string{`..\..\windows\system32\cmd.exe`}, want: -1, error: "leads out"},
		{name: "batch", argv: []string{"batch", "a b", "5"}, want: 5},
		{name: "batch-sign", argv: []string{"batch.cmd", "a&b"}, want: -1, error: "command interpreter"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := w.spec(t, "id."+c.name+".1.1", c.script)
			if c.argv != nil {
				s.Argv = c.argv
			}
			begun, res := w.finish(t, s)
			if res.Lost || res.Ended.Exit != c.want || res.Ended.Signal != "" ||
				(c.error == "") != (res.Ended.Error == "") || !strings.Contains(res.Ended.Error, c.error) {
				t.Errorf("got %+v, want %d with error %q", res, c.want, c.error)
			}
			if p := w.probe(t, s.Token); p.Verdict != Over || p.Ended != res.Ended {
				t.Errorf("probed %+v", p)
			}
			if again, err := Start(t.Context(), w.options(), s); err != nil || again != begun {
				t.Errorf("a second start says %+v, %v", again, err)
			}
			if n := w.runs(t, s.Token); c.argv == nil && n != 1 || n > 1 {
				t.Errorf("the installer ran %d times", n)
			}
		})
	}
	if out := read(t, w.file(w.id+"id.batch.1.1", endLog)); !strings.Contains(out, "printed a b") {
		t.Errorf("the batch file printed %q", out)
	}
}

// The installer sees the fixed environment, its folder, and nothing of ours.
func TestSurroundings(t *testing.T) {
	t.Setenv("SECRET_OF_THE_DAEMON", "1")
	w := newWorld(t)
	s := w.spec(t, "id.env.1.1", "")
	s.Argv = append(s.Argv[:len(s.Argv)-1], "surroundings", "a b", `"; exit 3`, `end\`, "*", "%PATH%")
	s.Env = []string{"EXTRA=x y"}
	_, res := w.finish(t, s)
	if res.Ended.Exit != 0 {
		t.Fatalf("%+v", res)
	}
	out := read(t, w.file(s.Token, endLog))
	for _, want := range []string{
		"PATH=" + strings.Join(programFolders(), ";"), "EXTRA=x y", "QUIETSETUP_PRODUCT=firefox", "QUIETSETUP_ACTION=setup",
		"QUIETSETUP_TOKEN=" + s.Token, "folder " + w.dir, "argument a b", `argument "; exit 3`, `argument end\`, "argument *", "argument %PATH%",
		"input 0 EOF",
	} {
		if !strings.Contains("\n"+out, "\n"+want+"\n") {
			t.Errorf("no line %q in:\n%s", want, out)
		}
	}
	if !strings.Contains(strings.ToUpper(out), "\nSYSTEMROOT=") || strings.Contains(out, "SECRET") {
		t.Errorf("the environment is\n%s", out)
	}
}

// An installer that ends before its helper is not over before the helper is; what
// stays for longer is told.
func TestWaitsForJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gate := filepath.Join(w.dir, "gate")
	s := w.spec(t, "id.job.1.1", fmt.Sprintf("leave %s; exit 3", gate))
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
	gate = filepath.Join(w.dir, "second gate")
	s = w.spec(t, "id.stays.1.1", fmt.Sprintf("leave %s; exit 0", gate))
	s.Linger = time.Millisecond
	_, res := w.finish(t, s)
	if res.Lost || len(res.Left) != 1 || res.Left[0].Name == "" {
		t.Fatalf("%+v", res)
	}
	if lives, err := alive(res.Left[0].ProcessID); err != nil || !lives {
		t.Errorf("it was ended: %v", err)
	}
	write(t, gate, "", 0o600)
	eventually(t, "the helper has ended", func() bool {
		lives, err := alive(res.Left[0].ProcessID)
		return err == nil && !lives
	})
}

// When supervisor and installer are gone, a helper still counts.
func TestHelperOutlivesAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gate := filepath.Join(w.dir, "gate")
	s := w.spec(t, "id.orphans.1.1", fmt.Sprintf("leave %s; exit 0", gate))
	begun, err := Start(t.Context(), w.options(), s)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the installer itself has ended", func() bool {
		lives, err := alive(begun.Installer)
		return err == nil && !lives
	})
	kill(begun.Supervisor.PID)
	noSupervisor(t, s.Token)
	if p := w.probe(t, s.Token); p.Verdict != Running {
		t.Errorf("probed %+v", p)
	}
	write(t, gate, "", 0o600)
	eventually(t, "nothing of it lives", func() bool { return w.probe(t, s.Token).Verdict == Unknown })
}

func TestHugeOutput(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	flooded, gate := filepath.Join(w.dir, "flooded"), filepath.Join(w.dir, "gate")
	s := w.spec(t, "id.huge.1.1", "echo first line; flood; report "+flooded+"; sleep "+gate+"; echo last line")
	s.LogMax = 64 << 10
	if res := w.flood(t, s, flooded, gate); res.Ended.Exit != 0 {
		t.Fatalf("%+v", res)
	}
	out := read(t, w.file(s.Token, endLog))
	if int64(len(out)) > s.LogMax || !strings.HasPrefix(out, "first line\n") || !strings.HasSuffix(out, "last line\n") || strings.Count(out, cutMark) != 1 {
		t.Errorf("%d bytes, %.20q … %q", len(out), out, out[max(0, len(out)-20):])
	}
}

// What Windows Installer wrote becomes a part of what was printed.
func TestReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.spec(t, "id.report.1.1", "")
	s.Argv[len(s.Argv)-1] = "echo printed; report " + filepath.Join(w.state, folderName, s.Token+endReport) + "; exit 1603"
	if _, res := w.finish(t, s); res.Ended.Exit != 1603 {
		t.Fatalf("%+v", res)
	}
	if out := read(t, w.file(s.Token, endLog)); out != "printed\nMSI (s) für Ä\r\n" {
		t.Errorf("%q", out)
	}
	if left, err := filepath.Glob(w.file(s.Token, ".*")); err != nil || len(left) != 2 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.spec(t, "id.refused.1.1", "exit 0")
	for name, c := range map[string]struct {
		change func(*Spec, *Options)
		want   error
	}{
		"folder":    {func(s *Spec, _ *Options) { s.Dir = "pkg" }, ErrSpec},
		"fixed env": {func(s *Spec, _ *Options) { s.Env = []string{"Path=C:\\tmp"} }, ErrSpec},
		"huge":      {func(s *Spec, _ *Options) { s.Argv = append(s.Argv, strings.Repeat("x", maxSpec)) }, ErrSpec},
		"exe":       {func(_ *Spec, o *Options) { o.Exe = "supervisor" }, ErrNotStarted},
		"no exe":    {func(_ *Spec, o *Options) { o.Exe = `C:\no\such.exe` }, ErrNotStarted},
		"other exe": {func(_ *Spec, o *Options) { o.Exe = filepath.Join(windowsDir(), "System32", "hostname.exe") }, ErrNotStarted},
		"no state":  {func(_ *Spec, o *Options) { o.StateDir = filepath.Join(w.dir, "none") }, ErrNotStarted},
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
}

func TestSuperviseByHand(t *testing.T) {
	for _, args := range [][]string{nil, {"supervise"}, {"become", `C:\x.exe`, "true"}, {"x"}} {
		if code := Supervise(args); code != 2 {
			t.Errorf("Supervise(%q) = %d", args, code)
		}
	}
}

// The copy is a program of ours in the state directory; one that runs cannot be
// deleted and stays until another time.
func TestCopySelf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, err := CopySelf(w.state)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := CopySelf(w.state); err != nil || again != path || filepath.Ext(path) != ".exe" {
		t.Errorf("%s, %v", again, err)
	}
	other := filepath.Join(filepath.Dir(path), "other.exe")
	write(t, other, "x", 0o600)
	write(t, path, "damaged", 0o600)
	if again, err := CopySelf(w.state); err != nil || again != path || len(read(t, path)) < 1<<20 {
		t.Errorf("a damaged copy: %s, %v", again, err)
	}
	gate := filepath.Join(w.dir, "gate")
	s := w.gated(t, "id.copy.1.1", gate, 4)
	begun, err := Start(t.Context(), Options{Exe: path, StateDir: w.state}, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CopySelf(w.state); err != nil {
		t.Errorf("while it runs: %v", err)
	}
	write(t, gate, "", 0o600)
	if res := w.wait(t, begun); res.Ended.Exit != 4 {
		t.Errorf("%+v", res)
	}
	noSupervisor(t, s.Token)
}
