// SPDX-License-Identifier: Apache-2.0

package agentstart

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// asAgent makes the test's own program play the agent: it writes down where it is.
const asAgent = "play-the-agent"

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == asAgent {
		os.Exit(playAgent(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func playAgent(args []string) int {
	lines := append(slices.Clone(args[1:]), "USERPROFILE="+os.Getenv("USERPROFILE"), desktopName())
	if os.WriteFile(args[0]+".new", []byte(strings.Join(lines, "\n")), 0o600) != nil || os.Rename(args[0]+".new", args[0]) != nil {
		return 1
	}
	time.Sleep(time.Minute) // until it is ended
	return 0
}

// desktopName asks for the name of the desktop this process is on.
func desktopName() string {
	user32 := windows.NewLazySystemDLL("user32.dll")
	thread := windows.GetCurrentThreadId()
	h, _, _ := user32.NewProc("GetThreadDesktop").Call(uintptr(thread))
	station, _, _ := user32.NewProc("GetProcessWindowStation").Call()
	return objectName(user32, station) + `\` + objectName(user32, h)
}

func TestAnAgentIsStartedOnTheDesktop(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said := filepath.Join(os.TempDir(), rand.Text()) // Wine cannot empty a folder by os.RemoveAll
	odd := []string{`a blank`, `a "quote"`, `ends with \`, ``}
	r := Real{Exe: exe, Args: append([]string{asAgent, said}, odd...)}
	there, err := r.List()
	if err != nil || len(there) == 0 {
		t.Fatalf("the sessions are %q, %v", there, err)
	}
	p, err := r.Start(there[0])
	if err != nil {
		t.Fatal(err)
	}
	agent := p.(*process)
	defer func() {
		_ = windows.TerminateProcess(agent.h, 1)
		_, _ = windows.WaitForSingleObject(agent.h, 5000)
		p.Close()
		_ = os.Remove(said)
	}()
	var text []byte
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if text, err = os.ReadFile(said); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the agent says nothing; it lives: %v", p.Alive())
		}
	}
	got := strings.Split(string(text), "\n")
	if len(got) != len(odd)+2 || !slices.Equal(got[:len(odd)], odd) {
		t.Errorf("its arguments are %q, want %q", got, odd)
	}
	if last := got[len(got)-1]; !strings.EqualFold(last, `winsta0\default`) {
		t.Errorf("it is on the desktop %q", last)
	}
	if profile := got[len(got)-2]; !strings.HasPrefix(profile, `USERPROFILE=C:\`) {
		t.Errorf("it has no user's environment: %q", profile)
	}
	if !p.Alive() {
		t.Error("it does not count as alive")
	}
	if n, err := End(filepath.Join(filepath.Dir(exe), "elsewhere", filepath.Base(exe))); n != 0 || err != nil || !p.Alive() {
		t.Errorf("%d processes of another program were ended, %v", n, err)
	}
	if ended, err := end(agent.pid(t), exe); !ended || err != nil {
		t.Errorf("the agent was ended: %v, %v", ended, err)
	}
	if p.Alive() {
		t.Error("after its end it counts as alive")
	}
}

func (p *process) pid(t *testing.T) uint32 {
	t.Helper()
	pid, err := windows.GetProcessId(p.h)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestOddSessionsAreRefused(t *testing.T) {
	for _, id := range []string{"", "x", "-1", "4294967296", "1 ", "sid:S-1-5-18"} {
		if p, err := (Real{Exe: os.Args[0]}).Start(id); err == nil {
			p.Close()
			t.Errorf("an agent was started in %q", id)
		}
	}
}

func TestTheAgentLiesBesideTheService(t *testing.T) {
	if path, err := Agent(); err == nil {
		t.Errorf("beside the test's program there is %s", path)
	}
}

// objectName is the name of a window station or desktop.
func objectName(user32 *windows.LazyDLL, h uintptr) string {
	const uoiName = 2
	var name [128]uint16
	var n uint32
	ok, _, _ := user32.NewProc("GetUserObjectInformationW").Call(h, uoiName, uintptr(unsafe.Pointer(&name[0])), unsafe.Sizeof(name), uintptr(unsafe.Pointer(&n)))
	if ok == 0 {
		return ""
	}
	return windows.UTF16ToString(name[:])
}
