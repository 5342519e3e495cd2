// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/opsiclientd/agentcheck"
	"github.com/quietsetup/quietsetup/store"
)

// computer is a machine as a test wants it.
type computer struct {
	names    map[string]Entry
	hidden   map[string]error // folders that cannot be listed
	programs []string
	unit     string // what systemctl prints
	unitErr  error
	hangs    string // a folder that answers nothing

	people    checks.People
	peopleErr error
	notify    bool
	notifyErr error
	supply    host.Power
	synced    bool
	syncErr   error
	free      uint64
	freeErr   error

	status    apitypes.Status
	statusErr error
	conf      config.Config
	confErr   error
	glance    store.Glance
	glanceErr error

	patient Patient
}

// at finds a name however the system under test and that of the test spell it.
func at[V any](names map[string]V, name string) (v V, there bool) {
	for n, v := range names {
		if filepath.ToSlash(n) == filepath.ToSlash(name) {
			return v, true
		}
	}
	return v, false
}

func (c *computer) Entry(name string) (Entry, error) {
	if e, ok := at(c.names, name); ok {
		return e, nil
	}
	return Entry{}, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
}

func (c *computer) Count(folder string) (int, error) {
	if folder == c.hangs {
		select {}
	}
	if err, hidden := at(c.hidden, folder); hidden {
		return 0, err
	}
	if e, ok := at(c.names, folder); !ok {
		return 0, fs.ErrNotExist
	} else if !e.Mode.IsDir() {
		return 0, errors.New("no folder")
	}
	n := 0
	for name := range c.names {
		if path.Dir(filepath.ToSlash(name)) == filepath.ToSlash(folder) {
			n++
		}
	}
	return n, nil
}

func (c *computer) Program(name string) (string, error) {
	if slices.Contains(c.programs, name) {
		return "/usr/bin/" + name, nil
	}
	return "", fs.ErrNotExist
}

func (c *computer) Run(context.Context, ...string) (string, error)  { return c.unit, c.unitErr }
func (c *computer) People(context.Context) (checks.People, error)   { return c.people, c.peopleErr }
func (c *computer) Notifications(context.Context) (bool, error)     { return c.notify, c.notifyErr }
func (c *computer) Power() (host.Power, error)                      { return c.supply, nil }
func (c *computer) ClockSynced() (bool, error)                      { return c.synced, c.syncErr }
func (c *computer) FreeSpace(string) (uint64, error)                { return c.free, c.freeErr }
func (c *computer) Status(context.Context) (apitypes.Status, error) { return c.status, c.statusErr }

var today = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// healthy is a machine on which nothing is wrong.
func healthy() *computer {
	const folder, plain = fs.ModeDir | 0o755, fs.FileMode(0o644)
	c := &computer{
		names: map[string]Entry{
			"/run/systemd/system":      {Mode: folder},
			"/run/quietsetup":          {Mode: folder},
			"/run/quietsetup/api.sock": {Mode: fs.ModeSocket | 0o666},
			"/srv/depot":               {Mode: folder},
			"/srv/depot/firefox":       {Mode: folder},
			autostartFile:              {Mode: plain},
		},
		programs: []string{"zenity", "quietsetup-prompt"},
		unit:     "LoadState=loaded\nUnitFileState=enabled\nActiveState=active\nResult=success\nExecMainStatus=0\nNRestarts=0\n",
		people:   checks.People{Known: true, Sessions: []events.Session{{ID: "c1", Kind: checks.KindGraphical}}},
		notify:   true, supply: host.Power{Mains: true, Percent: -1}, synced: true, free: 1 << 40,
		status: apitypes.Status{Version: "1.0", PID: 7, SessionsKnown: true,
			Sessions: []apitypes.Session{{ID: "c1", Owner: "uid:1000", User: "somebody", Kind: "graphical", Agent: true}},
			Sources:  []apitypes.Source{{Kind: "local", Place: "/srv/depot", State: "ok"}}},
		conf:   config.Config{Path: "/etc/quietsetup/quietsetup.toml", Source: config.Source{Depot: "/srv/depot"}},
		glance: store.Glance{InUse: true, Seq: 9, At: today.Add(-time.Hour)},
	}
	c.patient = Patient{System: "linux", Version: "1.0", StateDir: "/var/lib/quietsetup", Default: true, Socket: "/run/quietsetup/api.sock",
		Now: func() time.Time { return today }, Files: c, Host: c, Daemon: c,
		Config: func() (config.Config, error) { return c.conf, c.confErr },
		Store:  func(string) (store.Glance, error) { return c.glance, c.glanceErr }}
	return c
}

func codes(fs []Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, f.Code)
	}
	return out
}

var well = []string{"rights_root", "versions_equal", "service_ok", "daemon_ok", "socket_ok", "config_ok", "depot_ok", "overlay_none", "sessions_agent",
	"autostart_ok", "windows_zenity", "windows_notify", "store_ok", "clock_ok", "power_mains", "reboot_none", "space_ok", "space_ok"}

// TestLook changes one thing of a healthy machine; what changed must be found,
// and nothing else.
func TestLook(t *testing.T) {
	noted := filepath.Join(t.TempDir(), "quietsetup.toml")
	if err := os.WriteFile(noted, []byte("[source]\ndepot = '/srv/depot'\n[policy]\nmax_defer = -1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range []struct {
		name  string
		spoil func(*computer)
		want  string // codes that came, without those of a healthy machine
	}{
		{"healthy", func(*computer) {}, ""},
		{"a user", func(c *computer) { c.patient.UID = 1000 }, "rights_user"},
		{"another version", func(c *computer) { c.status.Version = "0.9" }, "versions_differ"},

		{"no systemd", func(c *computer) { delete(c.names, "/run/systemd/system") }, "service_no_systemd"},
		{"no unit", func(c *computer) { c.unit = "LoadState=not-found\nActiveState=inactive\n" }, "service_missing"},
		{"masked", func(c *computer) { c.unit = "LoadState=masked\n" }, "service_masked"},
		{"failed", func(c *computer) {
			c.unit = "LoadState=loaded\nUnitFileState=enabled\nActiveState=failed\nExecMainStatus=7\n"
		}, "service_off"},
		{"disabled and off", func(c *computer) { c.unit = "LoadState=loaded\nUnitFileState=disabled\nActiveState=inactive\n" }, "service_off service_disabled"},
		{"restarts", func(c *computer) { c.unit = strings.Replace(c.unit, "NRestarts=0", "NRestarts=99", 1) }, "service_restarts"},
		{"systemctl hangs", func(c *computer) { c.unitErr = context.DeadlineExceeded }, "service_unasked"},
		{"a state folder of one's own", func(c *computer) { c.patient.Default = false }, "service_other"},

		{"the service is off", func(c *computer) { c.statusErr = localclient.ErrNotRunning }, "versions_unknown daemon_off sessions_seen"},
		{"the service hangs", func(c *computer) { c.statusErr = localclient.ErrSilent }, "versions_unknown daemon_silent sessions_seen"},
		{"a fake service", func(c *computer) { c.statusErr = localclient.ErrNotTrusted }, "versions_unknown daemon_untrusted sessions_seen"},
		{"the service fails", func(c *computer) { c.statusErr = localclient.ErrBroken }, "versions_unknown daemon_error sessions_seen"},
		{"off, nobody there", func(c *computer) { c.statusErr = localclient.ErrNotRunning; c.people.Sessions = nil }, "versions_unknown daemon_off sessions_none"},
		{"off, sessions unknown", func(c *computer) { c.statusErr = localclient.ErrNotRunning; c.people.Known = false }, "versions_unknown daemon_off sessions_unknown"},
		{"off, no sessions here", func(c *computer) { c.statusErr = localclient.ErrNotRunning; c.peopleErr = errors.ErrUnsupported },
			"versions_unknown daemon_off sessions_unsupported"},
		{"the log fails", func(c *computer) { c.status.Store.Error = "no space left" }, "daemon_log_fails"},
		{"observes", func(c *computer) { c.status.Observe = &apitypes.Hold{Reason: "mode = observe (server)"} }, "daemon_observes"},
		{"held", func(c *computer) { c.status.Hold = &apitypes.Hold{Actor: "uid:0", Reason: "exams"} }, "daemon_held"},
		{"the server does not know it so", func(c *computer) { c.status.Sources[0].Server = &apitypes.Server{KnownAs: "pc2.example.org"} }, "daemon_server_name"},
		{"not on the depot", func(c *computer) { c.status.Sources[0].Server = &apitypes.Server{Gone: []string{"app"}} }, "daemon_server_gone"},
		{"opsi took its events back", func(c *computer) { c.status.Sources[0].Server = &apitypes.Server{EventsLost: true} }, "daemon_server_events"},
		{"opsi asks too", func(c *computer) { c.status.Sources[0].Server = &apitypes.Server{AsksToo: true} }, "daemon_server_asks"},
		{"the source fails", func(c *computer) { c.status.Sources[0].State = "failing" }, "daemon_source"},

		{"no socket", func(c *computer) { delete(c.names, "/run/quietsetup/api.sock") }, "socket_missing"},
		{"no socket's folder", func(c *computer) { delete(c.names, "/run/quietsetup") }, "socket_missing"},
		{"something else there", func(c *computer) { c.names["/run/quietsetup/api.sock"] = Entry{Mode: 0o644} }, "socket_in_the_way"},
		{"a foreign socket", func(c *computer) { c.names["/run/quietsetup/api.sock"] = Entry{Mode: fs.ModeSocket | 0o666, UID: 5} }, "socket_owner"},
		{"a narrow socket", func(c *computer) { c.names["/run/quietsetup/api.sock"] = Entry{Mode: fs.ModeSocket | 0o600} }, "socket_mode"},
		{"a foreign folder", func(c *computer) { c.names["/run/quietsetup"] = Entry{Mode: fs.ModeDir | 0o755, UID: 5} }, "socket_folder_owner"},
		{"an open folder", func(c *computer) { c.names["/run/quietsetup"] = Entry{Mode: fs.ModeDir | 0o777} }, "socket_folder_open"},

		{"no config file", func(c *computer) { c.conf.Path = "" }, "config_default"},
		{"a bad config", func(c *computer) { c.confErr = config.ErrInvalid }, "config_bad depot_unknown overlay_unknown"},
		{"a hidden config", func(c *computer) { c.confErr = fs.ErrPermission }, "config_hidden depot_unknown overlay_unknown"},
		{"a config with a slip", func(c *computer) {
			c.conf, c.confErr = config.Load(noted)
			c.conf.Source.Depot = "/srv/depot" // as it is on Linux
		}, "config_note"},
		{"no depot", func(c *computer) { delete(c.names, "/srv/depot") }, "depot_missing"},
		{"an empty depot", func(c *computer) { delete(c.names, "/srv/depot/firefox") }, "depot_empty"},
		{"a depot that is fetched", func(c *computer) { c.conf.Source.Kind, c.conf.Source.Depot = config.Opsi, "" }, "depot_fetched"},
		{"a file as depot", func(c *computer) { c.names["/srv/depot"] = Entry{Mode: 0o644} }, "depot_no_folder"},
		{"an unreadable depot", func(c *computer) { c.hidden = map[string]error{"/srv/depot": errors.New("stale handle")} }, "depot_unreadable"},
		{"a depot that is not a user's", func(c *computer) {
			c.patient.UID, c.hidden = 1000, map[string]error{"/srv/depot": fs.ErrPermission}
		}, "rights_user depot_hidden"},
		{"an overlay", func(c *computer) { c.conf.Overlay = "/srv/depot" }, "overlay_ok"},
		{"no overlay", func(c *computer) { c.conf.Overlay = "/nowhere" }, "overlay_missing"},
		{"a file as overlay", func(c *computer) { c.conf.Overlay = autostartFile }, "overlay_unreadable"},

		{"nobody there", func(c *computer) { c.status.Sessions = nil }, "sessions_none"},
		{"no agent", func(c *computer) { c.status.Sessions[0].Agent = false }, "sessions_no_agent"},
		{"sessions unknown", func(c *computer) { c.status.SessionsKnown = false }, "sessions_unknown"},
		{"no autostart", func(c *computer) { delete(c.names, autostartFile) }, "autostart_missing"},
		{"no agent's program", func(c *computer) { c.programs = c.programs[:1] }, "autostart_no_program"},
		{"kdialog", func(c *computer) { c.programs[0] = "kdialog" }, "windows_kdialog"},
		{"no windows", func(c *computer) { c.programs[0] = "xterm" }, "windows_terminal"},
		{"no notifications", func(c *computer) { c.notify = false }, "windows_no_notify"},
		{"no session bus", func(c *computer) { c.notifyErr = errors.New("no bus") }, "windows_notify_unseen"},

		{"an empty log", func(c *computer) { c.glance = store.Glance{InUse: true} }, "store_empty"},
		{"no log", func(c *computer) { c.glanceErr = fs.ErrNotExist }, "store_missing"},
		{"a hidden log", func(c *computer) { c.glanceErr = fs.ErrPermission }, "store_hidden"},
		{"rubbish", func(c *computer) { c.glanceErr = events.ErrNotARecord }, "store_unreadable"},
		{"a newer log", func(c *computer) { c.glance.Newer = true }, "store_newer"},
		{"a killed service", func(c *computer) { c.glance.InUse = false }, "store_unclean"},
		{"damage noted", func(c *computer) { c.glance.Pending, c.glance.Kept = true, 2 }, "store_pending store_kept"},

		{"a clock never set", func(c *computer) { c.patient.Now = func() time.Time { return time.Unix(0, 0) } }, "clock_year"},
		{"a clock that went back", func(c *computer) { c.glance.At = today.Add(time.Hour) }, "clock_behind"},
		{"a clock alone", func(c *computer) { c.synced = false }, "clock_not_set"},
		{"a clock of another system", func(c *computer) { c.syncErr = errors.ErrUnsupported }, "clock_unknown"},
		{"on battery", func(c *computer) { c.supply = host.Power{Battery: true, Percent: 80} }, "power_battery"},
		{"a low battery", func(c *computer) { c.supply = host.Power{Battery: true, Percent: 5} }, "power_low"},
		{"restart for a product", func(c *computer) { c.status.Reboot = []string{"java"} }, "reboot_products"},
		{"restart for the system", func(c *computer) { c.names[rebootMark] = Entry{Mode: 0o644} }, "reboot_system"},
		{"little room", func(c *computer) { c.free = 500 << 20 }, "space_little"},
		{"no room", func(c *computer) { c.free = 5 << 20 }, "space_none"},
		{"room unknown", func(c *computer) { c.freeErr = errors.ErrUnsupported }, "space_unknown space_unknown"},
		{"another system", func(c *computer) { c.patient.System, c.peopleErr = "windows", errors.ErrUnsupported },
			"service_unsupported socket_unsupported autostart_unsupported windows_unsupported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := healthy()
			c.spoil(m)
			found := Look(t.Context(), m.patient)
			var news []string
			for _, f := range found {
				seen[f.Code] = true
				if !slices.Contains(well, f.Code) {
					news = append(news, f.Code)
				}
				if !strings.HasPrefix(f.Code, f.Check+"_") {
					t.Errorf("%s: %+v", c.name, f)
				}
				if f.State != Codes()[f.Code] || f.State == "" {
					t.Errorf("%s: state %q", f.Code, f.State)
				}
			}
			if want := strings.Fields(c.want); !slices.Equal(news, want) {
				t.Errorf("found %q, want %q", news, want)
			}
			if c.want == "" && !slices.Equal(codes(found), well) {
				t.Errorf("%q", codes(found))
			}
		})
	}
	m := healthy()
	m.programs = []string{"quietsetup-prompt"}
	m.people.Sessions = nil
	for _, f := range Look(t.Context(), m.patient) {
		if f.Code == "windows_terminal" && f.State != OK {
			t.Errorf("a server needs no windows: %+v", f)
		}
	}
	for code := range Codes() {
		if _, agents := agentcheck.Codes()[code]; agents {
			continue // they have a table of their own
		}
		if !seen[code] && code != Slow && code != "socket_hidden" && code != "overlay_hidden" && code != "power_unknown" && code != "windows_own" {
			t.Errorf("no case leads to %s", code)
		}
	}
}

// TestHanging: a depot on a file system that answers nothing holds nobody up.
func TestHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := healthy()
		free := make(chan bool)
		list := []check{{"depot", func(*visit, context.Context) []Finding { <-free; return nil }}, {"rights", (*visit).rights},
			{"daemon", func(_ *visit, ctx context.Context) []Finding {
				<-ctx.Done()
				return []Finding{finding("daemon_silent", nil)}
			}}}
		begin := time.Now()
		found := lookAt(t.Context(), m.patient, list, 10*time.Second)
		if got := codes(found); !slices.Equal(got, []string{Slow, "rights_root", "daemon_silent"}) || time.Since(begin) > 12*time.Second {
			t.Errorf("%q after %v", got, time.Since(begin))
		}
		if found[0].Check != "depot" || found[0].Data["Seconds"] != 10 || Worst(found) != Fail {
			t.Errorf("%+v", found[0])
		}
		close(free)
	})
}

func TestWorst(t *testing.T) {
	for _, c := range []struct {
		states []State
		want   State
	}{{nil, OK}, {[]State{OK, Skipped}, OK}, {[]State{Warn, OK}, Warn}, {[]State{Warn, Fail, OK}, Fail}} {
		var fs []Finding
		for _, s := range c.states {
			fs = append(fs, Finding{State: s})
		}
		if got := Worst(fs); got != c.want {
			t.Errorf("%v: %s", c.states, got)
		}
	}
}

func TestRealFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var r RealFiles
	if n, err := r.Count(dir); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := r.Count(file); err == nil {
		t.Error("a file was counted")
	}
	if _, err := r.Count(filepath.Join(dir, "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if e, err := r.Entry(file); err != nil || !e.Mode.IsRegular() || e.UID != os.Geteuid() && runtime.GOOS != "windows" {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := r.Program("no-such-program-anywhere"); err == nil {
		t.Error("found what is nowhere")
	}
	if _, err := r.Run(t.Context(), "no-such-program-anywhere"); err == nil {
		t.Error("ran what is nowhere")
	}
	words := []string{"echo", "said"}
	if runtime.GOOS == "windows" {
		words = []string{"cmd", "/c", "echo said"}
	}
	if out, err := r.Run(t.Context(), words...); err != nil || !strings.HasPrefix(out, "said") {
		t.Errorf("%q, %v", out, err)
	}
}
