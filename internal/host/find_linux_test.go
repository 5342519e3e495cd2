// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
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

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/needs"
)

func TestFindByDirectory(t *testing.T) {
	dir, m := room(t), machine()
	busy := fmt.Sprint("busy", os.Getpid()) // a name that no other test's program has
	in := run(t, "", sleeper(t, dir, "app", "sub", busy), "100")
	beside := run(t, "", sleeper(t, dir, "app2", busy), "100")
	other := run(t, "", sleeper(t, dir, "elsewhere", busy), "100")
	app := filepath.Join(dir, "app")

	got := find(t, m, []string{app}, nil)
	if len(got) != 1 {
		t.Fatalf("found %v, want one program", got)
	}
	p := got[in.Process.Pid]
	start, err := StartOf(in.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if p.ID != (events.ProcessID{PID: in.Process.Pid, Start: start}) || start <= 0 || p.Path != filepath.Join(app, "sub", busy) ||
		p.Rule != "dir "+app || p.Owner != fmt.Sprintf("uid:%d", os.Getuid()) || p.Own || p.Kernel {
		t.Errorf("found %+v", p)
	}
	if class := checks.Classify(m.Rules(), p); class != events.ClassWindow {
		t.Errorf("class %s", class)
	}
	if got = find(t, m, nil, []string{busy}); len(got) != 3 {
		t.Errorf("by name: %v, want three", got)
	}
	if got = find(t, m, nil, []string{busy[:3], busy[1:], strings.ToUpper(busy)}); len(got) != 0 {
		t.Errorf("by a part of the name: %v", got)
	}
	if got = find(t, m, nil, []string{beside.Path, filepath.Join(dir, "none")}); len(got) != 1 || got[beside.Process.Pid].Rule != "process "+beside.Path {
		t.Errorf("by path: %v", got)
	}
	other.Process.Kill()
	other.Wait()
	if got = find(t, m, []string{filepath.Join(dir, "elsewhere")}, nil); len(got) != 0 {
		t.Errorf("found a process that ended: %v", got)
	}
}

func TestFindDeleted(t *testing.T) {
	dir, m := room(t), machine()
	removed := run(t, "", sleeper(t, dir, "removed", "busy"), "100")
	replaced := run(t, "", sleeper(t, dir, "replaced", "busy"), "100")
	if err := os.RemoveAll(filepath.Join(dir, "removed")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(sleeper(t, dir, "replaced", "busy.new"), replaced.Path); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range []*exec.Cmd{removed, replaced} {
		p := seen(t, m, filepath.Dir(cmd.Path), cmd)
		if p.Path.String() != cmd.Path || p.Name != "busy" {
			t.Errorf("found as %s, %s", p.Path, p.Name)
		}
		if err := m.Close(context.Background(), []events.Process{p}, 10*time.Second, false); err != nil {
			t.Error(err)
		}
		if Alive(p.ProcessID) {
			t.Errorf("%s goes on", cmd.Path)
		}
	}
}

func TestFindThroughLinks(t *testing.T) {
	dir, m := room(t), machine()
	cmd := run(t, "", sleeper(t, dir, "real", "v2", "bin", "busy"), "100")
	link := filepath.Join(dir, "opt", "app")
	if err := os.Mkdir(filepath.Dir(link), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../real/v2", link); err != nil {
		t.Fatal(err)
	}
	tool := filepath.Join(dir, "tool")
	if err := os.Symlink(cmd.Path, tool); err != nil {
		t.Fatal(err)
	}
	if got := find(t, m, []string{link}, nil); got[cmd.Process.Pid].Rule != "dir "+link {
		t.Errorf("behind a link to the directory: %v", got)
	}
	if got := find(t, m, nil, []string{tool}); got[cmd.Process.Pid].Rule != "process "+tool {
		t.Errorf("behind a link to the program: %v", got)
	}
	started := run(t, "", tool, "100")
	if got := find(t, m, []string{link}, nil); len(got) != 2 || got[started.Process.Pid].Rule == "" {
		t.Errorf("started through a link: %v", got)
	}
	if err := os.Symlink("/usr/bin", filepath.Join(dir, "system")); err != nil {
		t.Fatal(err)
	}
	o := checks.Look(context.Background(), m, events.Package{Dirs: []string{filepath.Join(dir, "system")}})
	if o.Complete || len(o.Programs) != 0 || !strings.Contains(o.Reason, "/usr/bin") {
		t.Errorf("a link to /usr/bin: %+v", o)
	}
}

func TestResolve(t *testing.T) {
	dir, m := room(t), machine()
	for name, to := range map[string]string{"absolute": filepath.Join(dir, "none", "deep"), "relative": "none", "loop": "loop", "chain": "relative"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"": "", "none": "none", "none/a/b": "none/a/b", "absolute/x": "none/deep/x", "relative/x/y": "none/x/y", "chain": "none", "chain/": "none",
	} {
		if got, err := m.Resolve(filepath.Join(dir, path)); err != nil || got != filepath.Join(dir, want) {
			t.Errorf("Resolve(%q) = %q, %v, want %q", path, got, err, want)
		}
	}
	if got, err := m.Resolve(filepath.Join(dir, "loop", "x")); err == nil {
		t.Errorf("a loop leads to %q", got)
	}
}

func TestFindScript(t *testing.T) {
	dir, m := room(t), machine()
	app := filepath.Join(dir, "app")
	script := filepath.Join(app, "bin", "quietsetup-test-run.sh")
	if err := os.MkdirAll(filepath.Dir(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(script, []byte("#!/bin/sh\nread line\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(script, filepath.Join(dir, "starter")); err != nil {
		t.Fatal(err)
	}
	for name, cmd := range map[string]*exec.Cmd{
		"by its first line":     run(t, "", script),
		"given to a shell":      run(t, "", "/bin/sh", script, "argument"),
		"given relative":        run(t, filepath.Dir(app), "/bin/sh", "-e", "app/bin/../bin/quietsetup-test-run.sh"),
		"started by its link":   run(t, "", filepath.Join(dir, "starter")),
		"linked, given a shell": run(t, dir, "/bin/sh", "starter"),
	} {
		// A process started by a script's first line execs twice.
		eventually(t, func() bool {
			p, ok := find(t, m, []string{app}, nil)[cmd.Process.Pid]
			return ok && p.Rule == "dir "+app
		})
		p := seen(t, m, app, cmd)
		if p.Name != "quietsetup-test-run.sh" && p.Name != "starter" || p.Class != events.ClassWindow {
			t.Errorf("%s: found as %s, class %s", name, p.Path, p.Class)
		}
		if err := m.Close(context.Background(), []events.Process{p}, 10*time.Second, false); err != nil || Alive(p.ProcessID) {
			t.Errorf("%s: goes on, %v", name, err)
		}
	}
	stranger := run(t, "", "/bin/sh", "-c", "read line", script)
	if got := find(t, m, []string{app}, nil); len(got) != 0 {
		t.Errorf("a shell that was only told of the script: %v (%d)", got, stranger.Process.Pid)
	}
	if got := find(t, m, nil, []string{"quietsetup-test-run.sh"}); len(got) != 0 {
		t.Errorf("scripts that ended: %v", got)
	}
}

func TestFindWithoutFirstThread(t *testing.T) {
	dir, m := room(t), machine()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	exe := program(t, self, dir, "app", "busy")
	cmd := start(t, &exec.Cmd{Path: exe, Args: []string{exe}, Env: []string{partVariable + "=headless"}})
	eventually(t, func() bool {
		st, err := readStat(int32(cmd.Process.Pid))
		return err == nil && st.state == 'Z'
	})
	p := seen(t, m, filepath.Dir(exe), cmd)
	if p.Path.String() != exe || !Alive(p.ProcessID) {
		t.Errorf("found %+v", p)
	}
	if err := m.Close(context.Background(), []events.Process{p}, 0, true); err != nil || Alive(p.ProcessID) {
		t.Errorf("it goes on: %v", err)
	}
}

func TestFindInOtherNamespaces(t *testing.T) {
	needs.Root(t)
	needs.Tool(t, "unshare", "mount")
	if out, err := exec.Command("unshare", "-m", "true").CombinedOutput(); err != nil {
		needs.Missing(t, "needs a kernel that lets root make mount namespaces: "+string(out))
	}
	dir, m := room(t), machine()
	app, away, other := filepath.Join(dir, "app"), filepath.Join(dir, "away"), filepath.Join(dir, "other")
	sleeper(t, app, "busy")
	sleeper(t, app, "removed")
	sleeper(t, other, "busy")
	if err := os.Mkdir(away, 0o755); err != nil {
		t.Fatal(err)
	}
	unshared := func(script string) *exec.Cmd {
		cmd := run(t, "", lookPath(t, "unshare"), "-m", "/bin/sh", "-c", script)
		eventually(t, func() bool {
			exe, err := os.Readlink(procFile(int32(cmd.Process.Pid), "exe"))
			return err == nil && strings.HasPrefix(exe, dir)
		})
		return cmd
	}
	elsewhere := unshared("mount --bind " + app + " " + away + " && exec " + away + "/busy 100")
	samePath := unshared("exec " + app + "/busy 100")
	removed := unshared("exec " + app + "/removed 100")
	container := unshared("mount --bind " + other + " " + app + " && exec " + app + "/busy 100")
	if err := os.Remove(filepath.Join(app, "removed")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second look uses what the first one learned
		got := find(t, m, []string{app}, nil)
		for name, cmd := range map[string]*exec.Cmd{"the same file under another path": elsewhere, "the same file": samePath, "a removed file": removed} {
			if got[cmd.Process.Pid].Rule != "dir "+app {
				t.Errorf("%s is not found: %v", name, got)
			}
		}
		if p, ok := got[container.Process.Pid]; ok {
			t.Errorf("another file under the same path is found: %+v", p)
		}
		if got = find(t, m, nil, []string{filepath.Join(app, "busy")}); len(got) != 2 {
			t.Errorf("by full path: %v, want two", got)
		}
		if got = find(t, m, nil, []string{"busy"}); len(got) != 3 {
			t.Errorf("by name: %v, want three", got)
		}
	}
	p := seen(t, m, app, elsewhere)
	if err := m.Close(context.Background(), []events.Process{p}, 10*time.Second, false); err != nil || Alive(p.ProcessID) {
		t.Errorf("goes on: %v", err)
	}
}

func lookPath(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Who may not look into all processes says so, and never "nothing runs".
func TestFindWithoutRights(t *testing.T) {
	needs.Root(t)
	dir := room(t)
	for d := dir; strings.HasPrefix(d, os.TempDir()+"/"); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	looker := program(t, self, dir, "looker")
	run(t, "", sleeper(t, dir, "app", "busy"), "100")
	look := func(args ...string) string {
		cmd := &exec.Cmd{Path: looker, Args: append([]string{looker}, args...), Env: []string{partVariable + "=look"},
			SysProcAttr: &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 54321, Gid: 54321}}}
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	app := filepath.Join(dir, "app")
	if got := look(app); !strings.HasPrefix(got, "complete=false programs=0 reason=cannot see which program") || !strings.Contains(got, "permission denied") || strings.Contains(got, "/") {
		t.Errorf("as a user: %s", got)
	}
	if got := look(app, "own-user-only"); got != "complete=true programs=0 reason=" {
		t.Errorf("as a user that looks after its own: %s", got)
	}
}

func TestFindItself(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m := machine()
	p, ok := find(t, m, nil, []string{filepath.Base(self)})[os.Getpid()]
	if !ok || !p.Own || checks.Classify(m.Rules(), p) != events.ClassVital {
		t.Errorf("this process is found as %+v", p)
	}
	dir := room(t)
	cmd := run(t, "", sleeper(t, dir, "state", "supervisor"), "100")
	m = New(Options{OwnUserOnly: os.Geteuid() != 0, Own: []string{filepath.Join(dir, "state") + "/"}})
	if p := find(t, m, nil, []string{"supervisor"})[cmd.Process.Pid]; !p.Own {
		t.Errorf("a program of ours is found as %+v", p)
	}
}

func TestFindIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m := machine()
	match, err := checks.NewMatcher(m.Rules(), nil, []string{"x"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Find(ctx, match); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func descriptors(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestFindLeaksNoDescriptors(t *testing.T) {
	dir, m := room(t), machine()
	run(t, "", sleeper(t, dir, "busy"), "100")
	find(t, m, []string{dir}, nil)
	before := descriptors(t)
	for range 100 {
		find(t, m, []string{dir}, nil)
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d open files after 100 looks, %d before", after, before)
	}
}

// BenchmarkFind prints the time of a look through all processes beside that of
// a bare loop that reads the path of each executable, measured in turn.
func BenchmarkFind(b *testing.B) {
	for _, size := range []struct{ processes, dirs int }{{500, 500}} {
		b.Run(fmt.Sprintf("%dx%d", size.processes, size.dirs), func(b *testing.B) {
			dir, m := room(b), machine()
			var dirs []string
			for i := range size.dirs {
				dirs = append(dirs, filepath.Join(dir, fmt.Sprintf("product%d", i)))
			}
			// Four processes run below the directories, an eighth below another
			// one. They share one file by hard links.
			file, suite := sleeper(b, dir, "sleep"), filepath.Join(dir, "suite")
			for i := range size.processes {
				path := filepath.Join(dir, fmt.Sprintf("other%d", i), "busy")
				if i%125 == 0 {
					path = filepath.Join(dirs[i], "bin", "busy")
				} else if i%8 == 0 {
					path = filepath.Join(suite, fmt.Sprint(i), "busy")
				}
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					b.Fatal(err)
				}
				if err := os.Link(file, path); err != nil {
					b.Fatal(err)
				}
				run(b, "", path, "1000")
			}
			for _, hits := range []struct {
				name string
				dirs []string
			}{{"few", dirs}, {"eighth", append(dirs[1:], suite)}} {
				match, err := checks.NewMatcher(m.Rules(), hits.dirs, nil, nil)
				if err != nil {
					b.Fatal(err)
				}
				b.Run(hits.name, func(b *testing.B) {
					var ratios []float64
					found, before := 0, descriptors(b)
					for b.Loop() {
						start := time.Now()
						bare(b)
						floor := time.Since(start)
						start = time.Now()
						list, err := m.Find(context.Background(), match)
						if err != nil {
							b.Fatal(err)
						}
						found = len(list)
						ratios = append(ratios, float64(time.Since(start))/float64(floor))
					}
					b.ReportMetric(float64(descriptors(b)-before), "fds-left")
					slices.Sort(ratios)
					b.ReportMetric(ratios[len(ratios)/2], "ratio-vs-readlink")
					b.ReportMetric(float64(found), "found")
				})
			}
		})
	}
}

// bare reads the path of every process's executable and does nothing with it.
func bare(b *testing.B) {
	list, err := os.ReadDir("/proc")
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for _, e := range list {
		if name := e.Name(); name[0] >= '0' && name[0] <= '9' {
			exe, err := os.Readlink("/proc/" + name + "/exe")
			if err == nil {
				n += len(exe)
			}
		}
	}
	if n == 0 {
		b.Fatal("no process has an executable")
	}
}
