// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// me is whom this test runs as.
func me(t testing.TB) string {
	t.Helper()
	u, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	return "sid:" + u.User.Sid.String()
}

func TestFindByDirectory(t *testing.T) {
	m := machine()
	dir := room(t, m)
	busy := fmt.Sprint("busy", os.Getpid(), ".exe") // a name that no other test's program has
	in := run(t, sleeper(t, dir, "app", "sub", busy))
	beside := run(t, sleeper(t, dir, "app2", busy))
	other := run(t, sleeper(t, dir, "elsewhere", busy))
	app := filepath.Join(dir, "app")

	for _, written := range []string{app, app + `\`, strings.ToUpper(app), strings.ReplaceAll(app, `\`, "/"), `\\?\` + app, strings.Replace(app, `\`, `\\`, 3)} {
		if got := find(t, m, []string{written}, nil); len(got) != 1 || got[in.Process.Pid].Rule != "dir "+written {
			t.Errorf("below %s: %v, want one program", written, got)
		}
	}
	p := find(t, m, []string{app}, nil)[in.Process.Pid]
	start, err := StartOf(in.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	session := sessionOf(int32(os.Getpid()))
	if p.ID != (events.ProcessID{PID: in.Process.Pid, Start: start}) || start <= 0 || !m.Rules().Same(p.Path, filepath.Join(app, "sub", busy)) ||
		p.Owner != me(t) || p.Own || p.Service || len(p.Sessions) != 1 || p.Sessions[0] != session {
		t.Errorf("found %+v", p)
	}
	if class := checks.Classify(m.Rules(), p); class != events.ClassWindow {
		t.Errorf("class %s", class)
	}
	if got := find(t, m, nil, []string{strings.ToUpper(busy)}); len(got) != 3 {
		t.Errorf("by name: %v, want three", got)
	}
	if got := find(t, m, nil, []string{busy[:3], busy[1:], strings.TrimSuffix(busy, ".exe")}); len(got) != 0 {
		t.Errorf("by a part of the name: %v", got)
	}
	if got := find(t, m, nil, []string{beside.Path, filepath.Join(dir, "none.exe")}); len(got) != 1 || got[beside.Process.Pid].Rule != "process "+beside.Path {
		t.Errorf("by path: %v", got)
	}
	other.Process.Kill()
	other.Wait()
	if got := find(t, m, []string{filepath.Join(dir, "elsewhere")}, nil); len(got) != 0 {
		t.Errorf("found a process that ended: %v", got)
	}
}

func TestFindOwn(t *testing.T) {
	m := machine()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if p := find(t, m, nil, []string{filepath.Base(exe)})[os.Getpid()]; !p.Own || checks.Classify(m.Rules(), p) != events.ClassVital {
		t.Errorf("this program is %+v", p)
	}
	dir := room(t, m)
	cmd := run(t, sleeper(t, dir, "quietsetup", "agent.exe"))
	m.options.Own = []string{strings.ToUpper(filepath.Join(dir, "quietsetup"))}
	if p := find(t, m, []string{filepath.Join(dir, "quietsetup")}, nil)[cmd.Process.Pid]; !p.Own {
		t.Errorf("a program of quietsetup's folder is %+v", p)
	}
}

func TestFindService(t *testing.T) {
	m := machine()
	dir := room(t, m)
	cmd := run(t, sleeper(t, dir, "app", "served.exe"))
	app := filepath.Join(dir, "app")
	m.platform.services = func() (map[int32]bool, error) { return map[int32]bool{int32(cmd.Process.Pid): true}, nil }
	if p := seen(t, m, app, cmd); p.Class != events.ClassService {
		t.Errorf("class %s, want a service", p.Class)
	}
	m.platform.services = func() (map[int32]bool, error) { return nil, errors.New("the service manager sleeps") }
	o := checks.Look(context.Background(), m, events.Package{Dirs: []string{app}})
	if o.Complete || len(o.Programs) != 1 || !strings.Contains(o.Reason, "sleeps") {
		t.Errorf("without the service manager: %+v", o)
	}
}

// The services that run on this very machine are known as such, and never closed.
func TestFindServicesOfTheSystem(t *testing.T) {
	m := machine()
	running, err := serviceProcesses()
	if err != nil || len(running) == 0 || running[int32(os.Getpid())] {
		t.Fatalf("%v, %v", running, err)
	}
	rows, err := snapshot()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, r := range rows {
		if !running[r.pid] {
			continue
		}
		p, ok := find(t, m, nil, []string{r.name})[int(r.pid)]
		if !ok {
			continue // it has ended
		}
		seen++
		if class := checks.Classify(m.Rules(), p); !p.Service || class.Blocks() {
			t.Errorf("%s is %s: %+v", r.name, class, p)
		}
		shown := events.Process{ProcessID: p.ID, Class: events.ClassNamed, Rule: p.Rule}
		// Judged only: a guard that fails must not cost the machine a service.
		held, err := openTarget(shown)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(m.check(context.Background(), []*target{held})...); !errors.Is(err, ErrProtected) || !held.done {
			t.Errorf("%s: %v, want ErrProtected", r.name, err)
		}
		windows.CloseHandle(held.h)
		break // one is enough; the next look asks again
	}
	if seen == 0 {
		t.Error("no service was seen")
	}
}

// Of what is found by directory only those programs block that show a window;
// where nobody can see that, all do.
func TestFindShows(t *testing.T) {
	m := machine()
	dir := room(t, m)
	exe := sleeper(t, dir, "app", "busy.exe")
	front, back := run(t, exe), run(t, exe)
	app, session := filepath.Join(dir, "app"), sessionOf(int32(os.Getpid()))
	class := func(cmd *exec.Cmd) events.Class { return seen(t, m, app, cmd).Class }
	asked := 0
	m.options.Shows = func(_ context.Context, s string, ids []events.ProcessID) ([]events.ProcessID, error) {
		asked++
		if s != session || len(ids) != 2 {
			t.Errorf("asked session %s for %v", s, ids)
		}
		stale := events.ProcessID{PID: back.Process.Pid, Start: 1}
		for _, id := range ids {
			if id.PID == front.Process.Pid {
				return []events.ProcessID{stale, id}, nil
			}
		}
		return nil, nil
	}
	if a, b := class(front), class(back); a != events.ClassWindow || b != events.ClassBackground {
		t.Errorf("with a window %s, without %s", a, b)
	}
	asked = 0
	if got := find(t, m, nil, []string{exe}); len(got) != 2 || asked != 0 {
		t.Errorf("named programs: %v, and %d were asked for", got, asked)
	}
	m.options.Shows = func(context.Context, string, []events.ProcessID) ([]events.ProcessID, error) {
		return nil, errors.New("no agent")
	}
	if a := class(back); a != events.ClassWindow {
		t.Errorf("without an answer %s", a)
	}
}

func BenchmarkFind(b *testing.B) {
	m := machine()
	var dirs []string
	for i := range 500 {
		dirs = append(dirs, fmt.Sprintf(`C:\Program Files\Product %d`, i))
	}
	match, err := checks.NewMatcher(m.Rules(), dirs, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	rows, err := snapshot()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := m.Find(context.Background(), match); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(rows)), "processes")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(rows)), "us/process")
}

func TestMachineAccount(t *testing.T) {
	for owner, want := range map[string]bool{"sid:S-1-5-18": true, "sid:S-1-5-19": true, "sid:S-1-5-20": true, "sid:S-1-5-80-1-2-3-4-5": true, "sid:S-1-5-90-0-1": true,
		"sid:S-1-5-21-1-2-3-1000": false, "sid:S-1-5-181": false, "sid:S-1-5-8": false, "": false, "sid:S-1-12-1-2": false} {
		if got := machineAccount(owner); got != want {
			t.Errorf("%s: %v", owner, got)
		}
	}
}

func TestFindIsCancelled(t *testing.T) {
	m := machine()
	match, err := checks.NewMatcher(m.Rules(), nil, []string{"x.exe"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Find(ctx, match); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's error", err)
	}
}

func TestSnapshot(t *testing.T) {
	rows, err := snapshot()
	if err != nil {
		t.Fatal(err)
	}
	mine := 0
	for _, r := range rows {
		if r.pid != int32(os.Getpid()) {
			continue
		}
		mine++
		start, err := StartOf(os.Getpid())
		if exe, _ := os.Executable(); err != nil || r.start != start || !strings.EqualFold(r.name, filepath.Base(exe)) {
			t.Errorf("listed as %+v, started %d, %v", r, start, err)
		}
	}
	if mine != 1 {
		t.Errorf("this process is listed %d times among %d", mine, len(rows))
	}
	if start, err := startInList(int32(os.Getpid())); err != nil || start <= 0 {
		t.Errorf("from the list: %d, %v", start, err)
	}
	if _, err := startInList(-7); !errors.Is(err, errEnded) {
		t.Errorf("of no process: %v", err)
	}
}

func TestAncestors(t *testing.T) {
	me := int32(os.Getpid())
	rows := []row{{pid: me, parent: 90, start: 30}, {pid: 90, parent: 80, start: 20}, {pid: 80, parent: 70, start: 10}, {pid: 70, parent: 1, start: 15}, {pid: 5, parent: me, start: 40}}
	got := ancestors(rows)
	if len(got) != 3 || !got[me] || !got[90] || !got[80] {
		t.Errorf("%v; 70 is younger than the child it is said to have", got)
	}
	rows[2].parent = 90 // a circle
	if got := ancestors(rows); len(got) != 3 {
		t.Errorf("a circle: %v", got)
	}
}

func TestImageless(t *testing.T) {
	for name, want := range map[string]bool{"Registry": true, "Memory Compression": true, "vmmem": true, "csrss.exe": false, "a.b": false} {
		if got := imageless(row{name: name}, windows.ERROR_ACCESS_DENIED); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if imageless(row{name: "tool", session: 2}, windows.ERROR_ACCESS_DENIED) || !imageless(row{name: "tool", session: 2}, windows.ERROR_GEN_FAILURE) {
		t.Error("a program of a person")
	}
}

func TestWithLetter(t *testing.T) {
	d := drives{asked: true, device: map[string]string{`\device\harddiskvolume3`: "C:", `\device\harddiskvolume30`: "E:"}}
	for path, want := range map[string]string{
		`\Device\HarddiskVolume3\Program Files\Foo\x.exe`: `C:\Program Files\Foo\x.exe`,
		`\Device\HarddiskVolume30\x.exe`:                  `E:\x.exe`,
		`\Device\HarddiskVolume4\x.exe`:                   `\Device\HarddiskVolume4\x.exe`,
		`\DEVICE\MUP\server\share\x.exe`:                  `\\server\share\x.exe`,
		`\Device\HarddiskVolume3`:                         `\Device\HarddiskVolume3`,
		`C:\x.exe`:                                        `C:\x.exe`, "": "",
	} {
		if got := d.withLetter(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	var real drives
	for device, letter := range real.letters() {
		if got := real.withLetter(device + `\a\b.exe`); got != letter+`\a\b.exe` {
			t.Errorf("%s is %s", device, got)
		}
	}
	if len(real.letters()) == 0 {
		t.Error("no drive has a device")
	}
}
