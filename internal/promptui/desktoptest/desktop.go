// SPDX-License-Identifier: Apache-2.0

package desktoptest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// Size of the display.
const (
	Width  = 1024
	Height = 768
)

// patience is how long something may take to appear; machines under load are slow.
const patience = time.Minute

// Desktop is a display with a window manager.
type Desktop struct {
	testing.TB
	Display string // ":5"
	Bus     string // address of the session's bus
	server  *exec.Cmd
}

// Start starts a desktop that ends with the test.
func Start(t testing.TB) *Desktop {
	t.Helper()
	needs.Linux(t)
	needs.Tool(t, "Xvfb", "openbox", "xdotool", "dbus-daemon", "import", "convert")
	d := &Desktop{TB: t}
	d.startServer()
	d.startBus()
	d.run(exec.Command("openbox", "--sm-disable"))
	d.Until("the window manager answers", func() bool {
		out, err := d.Command("xdotool", "get_num_desktops").Output()
		return err == nil && len(out) > 0
	})
	return d
}

func (d *Desktop) startServer() {
	d.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		d.Fatal(err)
	}
	defer r.Close()
	d.server = exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", Width, Height), "-nolisten", "tcp", "-noreset")
	d.server.ExtraFiles = []*os.File{w}
	d.run(d.server)
	w.Close()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		d.Fatalf("the display does not start: %v", err)
	}
	d.Display = ":" + strings.TrimSpace(line)
}

// busConfig is a bus that starts no services: what this machine has installed is
// no part of a test.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
`

func (d *Desktop) startBus() {
	d.Helper()
	dir, err := os.MkdirTemp("", "qsbus")
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { os.RemoveAll(dir) })
	d.Bus = "unix:path=" + filepath.Join(dir, "bus")
	config := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, d.Bus), 0o600); err != nil {
		d.Fatal(err)
	}
	d.run(exec.Command("dbus-daemon", "--config-file="+config, "--nofork", "--nosyslog"))
	d.Until("the bus is there", func() bool { _, err := os.Stat(filepath.Join(dir, "bus")); return err == nil })
}

// Environ is the environment of a program on this desktop.
func (d *Desktop) Environ(more ...string) []string {
	var env []string
	for _, e := range os.Environ() {
		switch name, _, _ := strings.Cut(e, "="); name {
		case "DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_ID", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "LANG", "LANGUAGE", "LC_ALL":
		default:
			env = append(env, e)
		}
	}
	// GTK and Qt as they look without any desktop's settings; no bus for
	// accessibility, which would be started and stay.
	env = append(env, "DISPLAY="+d.Display, "DBUS_SESSION_BUS_ADDRESS="+d.Bus, "NO_AT_BRIDGE=1", "GSETTINGS_BACKEND=memory", "LANG=C.UTF-8")
	return append(env, more...)
}

// Getenv looks a variable up in Environ.
func (d *Desktop) Getenv(name string) string {
	value := ""
	for _, e := range d.Environ() {
		if n, v, _ := strings.Cut(e, "="); n == name {
			value = v
		}
	}
	return value
}

// Command is a program on this desktop.
func (d *Desktop) Command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = d.Environ()
	return cmd
}

// run starts a program that ends with the test.
func (d *Desktop) run(cmd *exec.Cmd) {
	d.Helper()
	if cmd.Env == nil && d.Display != "" {
		cmd.Env = d.Environ()
	}
	if err := cmd.Start(); err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// Run starts a program on this desktop that ends with the test.
func (d *Desktop) Run(name string, args ...string) {
	d.Helper()
	d.run(d.Command(name, args...))
}

// End takes the display away.
func (d *Desktop) End() { _ = d.server.Process.Kill() }

// Until waits until something is so.
func (d *Desktop) Until(what string, ok func() bool) {
	d.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			d.Shot(filepath.Join(os.TempDir(), "desktoptest-failed.png"))
			d.Fatalf("waited %v in vain until %s; windows are %q", patience, what, d.Titles())
		}
	}
}

// Titles are the titles of the windows that are on the display.
func (d *Desktop) Titles() []string {
	out, err := d.Command("xdotool", "search", "--onlyvisible", "--name", ".").Output()
	if err != nil { // also without any
		return nil
	}
	var titles []string
	for _, id := range strings.Fields(string(out)) {
		if title, err := d.Command("xdotool", "getwindowname", id).Output(); err == nil {
			titles = append(titles, strings.TrimSuffix(string(title), "\n"))
		}
	}
	return titles
}

// Window is a window. Its id alone does not say which: the display gives the id
// of one that has gone to the next.
type Window struct{ ID, PID string }

// Active is the window that has the keyboard, if its title begins so; the zero
// Window if not.
func (d *Desktop) Active(title string) Window {
	ask := func(what string, args ...string) string {
		out, err := d.Command("xdotool", append([]string{what}, args...)...).Output()
		if err != nil { // it has just gone
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	// The manager calls it active a moment before it gets the keys.
	id := ask("getactivewindow")
	if id == "" || ask("getwindowfocus") != id || !strings.HasPrefix(ask("getwindowname", id), title) {
		return Window{}
	}
	return Window{id, ask("getwindowpid", id)}
}

// Wait waits until the window of a title has the keyboard.
func (d *Desktop) Wait(title string) (w Window) {
	d.Helper()
	d.Until("the window "+title+" is there", func() bool { w = d.Active(title); return w != Window{} })
	return w
}

// Next waits until another window of the title has the keyboard.
func (d *Desktop) Next(title string, was Window) (w Window) {
	d.Helper()
	d.Until("the next window "+title+" is there", func() bool { w = d.Active(title); return w != Window{} && w != was })
	return w
}

// Gone waits until no window has the title.
func (d *Desktop) Gone(title string) {
	d.Helper()
	d.Until("the window "+title+" has gone", func() bool {
		for _, t := range d.Titles() {
			if strings.HasPrefix(t, title) {
				return false
			}
		}
		return true
	})
}

// Press presses keys, one after the other: "Tab", "Return", "Escape", "space".
func (d *Desktop) Press(keys ...string) {
	d.Helper()
	for _, k := range keys {
		if out, err := d.Command("xdotool", "key", k).CombinedOutput(); err != nil {
			d.Fatalf("cannot press %s: %v: %s", k, err, out)
		}
	}
	// A key that took its window away may be held for ever.
	_ = d.Command("xdotool", "keyup", "alt", "keyup", "Return", "keyup", "Escape").Run()
}

// Area is where a window is.
type Area struct{ X, Y, Width, Height int }

// Fits reports whether all of it is on the display.
func (a Area) Fits() bool {
	return a.X >= 0 && a.Y >= 0 && a.X+a.Width <= Width && a.Y+a.Height <= Height
}

// Area is where a window is.
func (d *Desktop) Area(w Window) Area {
	d.Helper()
	out, err := d.Command("xdotool", "getwindowgeometry", "--shell", w.ID).Output()
	if err != nil {
		d.Fatalf("cannot measure the window: %v", err)
	}
	n := map[string]int{}
	for _, line := range strings.Fields(string(out)) {
		k, v, _ := strings.Cut(line, "=")
		n[k], _ = strconv.Atoi(v)
	}
	return Area{n["X"], n["Y"], n["WIDTH"], n["HEIGHT"]}
}

// Shot takes a picture of what is on the display, as small as it can be, and
// reports whether there was anything.
func (d *Desktop) Shot(path string) bool {
	shot := d.Command("import", "-window", "root", "png:-")
	raw, err := shot.Output()
	if err != nil {
		return false
	}
	trim := d.Command("convert", "png:-", "-trim", "+repage", "-bordercolor", "#707070", "-border", "6", "+dither", "-colors", "32", "-strip", "png8:"+path)
	trim.Stdin = strings.NewReader(string(raw))
	return trim.Run() == nil
}
