// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/promptui/desktoptest"
)

// within waits for a channel.
func within[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(30 * time.Second):
		t.Fatalf("%s does not come", what)
	}
	return v
}

// A dialog is shown when its program has read the text, and only then.
func TestShownIsRead(t *testing.T) {
	needs.Tool(t, "zenity")
	d := desktoptest.Start(t)
	p, err := Zenity(t.Context(), d.Environ("LC_ALL=C")) // which takes no dash
	if err != nil {
		t.Fatal(err)
	}
	w, err := p.Open(Dialog{Title: "A – b", Text: "one", OK: "OK", Others: []string{"Other"}})
	if err != nil {
		t.Fatal(err)
	}
	if n := within(t, "the first text", w.Shown()); n != 1 {
		t.Errorf("text %d is shown first", n)
	}
	d.Wait("A – b")
	if err := w.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	last := 0
	for range 10 {
		last = w.Set(50, strings.Repeat("two ", 5000)) // more than a pipe holds, in all
	}
	select {
	case n := <-w.Shown():
		t.Errorf("a program that stands still has read text %d", n)
	case <-time.After(200 * time.Millisecond):
	}
	if err := w.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for n := 0; n != last; {
		n = within(t, "the last text", w.Shown())
	}
	// The focus stays where the person has moved it, whatever is written.
	d.Press("Tab")
	w.Set(100, "three")
	within(t, "the next text", w.Shown())
	d.Press("Return")
	within(t, "the end", w.Done())
	if b := w.Button(); b != First {
		t.Errorf("it ended by %d", b)
	}
	w.Close() // once more does no harm
}

// A program that does not end when asked is ended; one that was killed, or has
// no display any more, was answered by nobody.
func TestNobodyAnswered(t *testing.T) {
	needs.Tool(t, "zenity")
	d := desktoptest.Start(t)
	p, err := Zenity(t.Context(), d.Environ())
	if err != nil {
		t.Fatal(err)
	}
	open := func() *Window {
		t.Helper()
		w, err := p.Open(Dialog{Title: "T", Text: "one", OK: "OK"})
		if err != nil {
			t.Fatal(err)
		}
		within(t, "the text", w.Shown())
		return w
	}
	stuck := open()
	if err := stuck.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stuck.Close()
	gone := open()
	d.End()
	within(t, "the end", gone.Done())
	for _, w := range []*Window{stuck, gone} {
		if b := w.Button(); b != Lost {
			t.Errorf("it ended by %d", b)
		}
	}
	if _, err := Zenity(t.Context(), d.Environ()); !errors.Is(err, ErrNoDisplay) {
		t.Errorf("without a display: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Zenity(t.Context(), nil); !errors.Is(err, ErrNone) {
		t.Errorf("without zenity: %v", err)
	}
	if _, err := KDialog(t.Context(), nil); !errors.Is(err, ErrNone) {
		t.Errorf("without kdialog: %v", err)
	}
	p.path = filepath.Join(t.TempDir(), "gone")
	if _, err := p.Open(Dialog{}); !errors.Is(err, ErrNone) {
		t.Errorf("when it has gone: %v", err)
	}
}

// notificationServer takes notifications as a desktop's does.
type notificationServer struct {
	mu     sync.Mutex
	shown  []string
	hints  map[string]dbus.Variant
	closed chan uint32
}

func (s *notificationServer) Notify(app string, _ uint32, icon, title, text string, actions []string, hints map[string]dbus.Variant, lasts int32) (uint32, *dbus.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = append(s.shown, app+"|"+icon+"|"+title+"|"+text)
	s.hints = hints
	if len(actions) > 0 {
		return 0, dbus.MakeFailedError(errors.New("there are buttons"))
	}
	return 7, nil
}

func (s *notificationServer) CloseNotification(id uint32) *dbus.Error {
	s.closed <- id
	return nil
}

func onBus(t *testing.T, address, name string, path dbus.ObjectPath, objects map[string]any) *dbus.Conn {
	t.Helper()
	c, err := connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for iface, o := range objects {
		if err := c.Export(o, path, iface); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := c.RequestName(name, 0); err != nil || r != dbus.RequestNameReplyPrimaryOwner {
		t.Fatal(r, err)
	}
	return c
}

func TestNotes(t *testing.T) {
	d := desktoptest.Start(t)
	n := NewNotes(d.Getenv, "The App")
	defer n.Close()
	if _, err := n.Show(t.Context(), Note{Title: "T"}); err == nil {
		t.Error("there is a notification without a server")
	}
	s := &notificationServer{closed: make(chan uint32, 1)}
	onBus(t, d.Bus, "org.freedesktop.Notifications", "/org/freedesktop/Notifications", map[string]any{"org.freedesktop.Notifications": s})
	id, err := n.Show(t.Context(), Note{Title: "T <b>", Text: "a <b> & c", Icon: "/srv/a b.png", Lasts: time.Second})
	if err != nil || id != 7 {
		t.Fatal(id, err)
	}
	s.mu.Lock()
	if s.shown[0] != "The App||T <b>|a &lt;b&gt; &amp; c" || s.hints["image-path"].Value() != "file:///srv/a%20b.png" || s.hints["value"].Value() != nil {
		t.Errorf("shown is %q with %v", s.shown, s.hints)
	}
	s.mu.Unlock()
	n.Hide(t.Context(), id)
	if got := within(t, "the end of the notification", s.closed); got != 7 {
		t.Errorf("%d is taken away", got)
	}
	for _, env := range []map[string]string{{}, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}, {"XDG_RUNTIME_DIR": t.TempDir()}, {"DBUS_SESSION_BUS_ADDRESS": "junk"}} {
		if _, err := NewNotes(func(k string) string { return env[k] }, "A").Show(t.Context(), Note{}); err == nil {
			t.Errorf("%v has a bus", env)
		}
	}
}

// logind is one as far as it is asked.
type logind struct {
	mu    sync.Mutex
	state string // of session c2; "" = there is none
}

func (l *logind) set(state string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = state
}

func (l *logind) GetSession(id string) (dbus.ObjectPath, *dbus.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id != "c2" || l.state == "" {
		return "", dbus.NewError("org.freedesktop.login1.NoSuchSession", nil)
	}
	return "/org/freedesktop/login1", nil
}

func (l *logind) Get(_, property string) (dbus.Variant, *dbus.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return dbus.MakeVariant(l.state), nil
}

func TestSessionEnds(t *testing.T) {
	d := desktoptest.Start(t)
	p := Place{session: "c2", bus: d.Bus}
	if p.sessionEnds(t.Context()) {
		t.Error("without logind it ends")
	}
	l := &logind{state: "active"}
	onBus(t, d.Bus, "org.freedesktop.login1", "/org/freedesktop/login1", map[string]any{"org.freedesktop.login1.Manager": l, "org.freedesktop.DBus.Properties": l})
	for state, ends := range map[string]bool{"active": false, "online": false, "closing": true, "": true} {
		l.set(state)
		if got := p.sessionEnds(t.Context()); got != ends {
			t.Errorf("%q ends: %v", state, got)
		}
	}
	for _, p := range []Place{{bus: d.Bus}, {session: "c2", bus: "unix:path=/nonexistent"}, {session: "c2", bus: "junk"}} {
		if p.sessionEnds(t.Context()) {
			t.Errorf("%+v ends", p)
		}
	}
}

func TestPlace(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		env   map[string]string
		want  Place
		there bool
	}{
		{map[string]string{}, Place{}, false},
		{map[string]string{"DISPLAY": ":7.1", "XDG_SESSION_ID": "c2"}, Place{display: "/tmp/.X11-unix/X7", session: "c2"}, true},
		{map[string]string{"DISPLAY": "unix:0"}, Place{display: "/tmp/.X11-unix/X0"}, true},
		{map[string]string{"DISPLAY": ":../../etc"}, Place{}, false},
		{map[string]string{"DISPLAY": "localhost:10.0"}, Place{remote: true}, true},
		{map[string]string{"DISPLAY": "junk"}, Place{}, false},
		{map[string]string{"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": dir}, Place{wayland: filepath.Join(dir, "wayland-0")}, true},
		{map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, Place{}, false},
	} {
		if got, there := Here(func(k string) string { return c.env[k] }); got != c.want || there != c.there {
			t.Errorf("%v is %+v, %v", c.env, got, there)
		}
	}
	wayland := filepath.Join(dir, "w")
	l, err := net.Listen("unix", wayland)
	if err != nil {
		t.Fatal(err)
	}
	p := Place{wayland: wayland}
	if !p.displayed(t.Context()) {
		t.Error("a display that takes connections is not there")
	}
	l.Close()
	if p.displayed(t.Context()) {
		t.Error("a display that has gone is there")
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if !p.displayed(stopped) || p.Over(stopped) {
		t.Error("who is stopped finds that the session is over")
	}
}

func TestNames(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	write := func(dir, file, name, exec string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dir, "applications"), 0o755); err != nil {
			t.Fatal(err)
		}
		text := "[Desktop Entry]\nType=Application\nName=" + name + "\nName[de]=" + name + " (de)\nExec=" + exec + "\n"
		if err := os.WriteFile(filepath.Join(dir, "applications", file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(first, "firefox.desktop", "Mine", "/opt/firefox-esr %u")
	write(second, "firefox.desktop", "Hidden by the first", "firefox-esr")
	write(second, "writer.desktop", "Writer", "soffice --writer")
	write(second, "calc.desktop", "Calc", "soffice --calc")
	write(second, "math.desktop", "Math", "soffice --math")
	write(second, "readme.txt", "No entry", "readme")
	if err := os.Symlink("/dev/zero", filepath.Join(second, "applications", "endless.desktop")); err != nil {
		t.Fatal(err)
	}
	n := NewNames(func(k string) string { return map[string]string{"XDG_DATA_DIRS": first + ":relative:" + second}[k] }, "de")
	for program, want := range map[string]string{"firefox-esr": "Mine (de)", "soffice": "", "readme": "", "": ""} {
		if got := n.Of(program); got != want {
			t.Errorf("%q is called %q, want %q", program, got, want)
		}
	}
}
