// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/localclient"
)

// registered is what a Windows machine says of itself.
type registered struct {
	service    Service
	serviceErr error
	agent      string
	agentErr   error
	reboot     bool
}

func (r *registered) Service() (Service, error)   { return r.service, r.serviceErr }
func (r *registered) Agent() (string, error)      { return r.agent, r.agentErr }
func (r *registered) RebootWanted() (bool, error) { return r.reboot, nil }

const agentProgram = `C:\Program Files\quietsetup\quietsetup-prompt.exe`

// TestLookAtWindows changes one thing of a healthy machine with Windows.
func TestLookAtWindows(t *testing.T) {
	well := []string{"rights_root", "versions_equal", "service_ok", "daemon_ok", "socket_ok", "config_ok", "depot_ok", "overlay_none", "sessions_agent",
		"autostart_ok", "windows_own", "store_ok", "clock_ok", "power_mains", "reboot_none", "space_ok", "space_ok"}
	for _, c := range []struct {
		name  string
		spoil func(*computer, *registered)
		want  string
	}{
		{"healthy", func(*computer, *registered) {}, ""},
		{"no service", func(_ *computer, r *registered) { r.serviceErr = fs.ErrNotExist }, "service_missing"},
		{"a service manager that refuses", func(_ *computer, r *registered) { r.serviceErr = errors.New("no") }, "service_unasked"},
		{"off", func(_ *computer, r *registered) { r.service.State, r.service.Exit = "stopped", 7 }, "service_off"},
		{"off and disabled", func(_ *computer, r *registered) { r.service = Service{State: "stopped", Start: "disabled"} }, "service_off service_disabled"},
		{"start not known", func(_ *computer, r *registered) { r.service.Start = "" }, ""},
		{"a state folder of one's own", func(c *computer, _ *registered) { c.patient.Default = false }, "service_other"},
		{"not running", func(c *computer, _ *registered) { c.statusErr = localclient.ErrNotRunning }, "versions_unknown daemon_off socket_missing sessions_seen"},
		{"a fake service", func(c *computer, _ *registered) { c.statusErr = localclient.ErrNotTrusted },
			"versions_unknown daemon_untrusted socket_hidden sessions_seen"},
		{"no autostart", func(_ *computer, r *registered) { r.agent, r.agentErr = "", fs.ErrNotExist }, "autostart_missing"},
		{"an agent that is gone", func(_ *computer, r *registered) { r.agent = `C:\gone.exe --socket x` }, "autostart_no_program"},
		{"restart wanted", func(_ *computer, r *registered) { r.reboot = true }, "reboot_system"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := healthy()
			r := &registered{service: Service{State: "running", Start: "auto"}, agent: `"` + agentProgram + `" --lang de`}
			m.patient.System, m.patient.Windows, m.patient.Socket = "windows", r, `\\.\pipe\ProtectedPrefix\Administrators\quietsetup-api`
			m.names[agentProgram] = Entry{Mode: 0o755}
			c.spoil(m, r)
			var news []string
			for _, f := range Look(t.Context(), m.patient) {
				if !slices.Contains(well, f.Code) {
					news = append(news, f.Code)
				}
				if f.State != Codes()[f.Code] || f.State == "" || !strings.HasPrefix(f.Code, f.Check+"_") {
					t.Errorf("%+v", f)
				}
			}
			if want := strings.Fields(c.want); !slices.Equal(news, want) {
				t.Errorf("found %q, want %q", news, want)
			}
			if c.want == "" && c.name == "healthy" {
				if got := codes(Look(t.Context(), m.patient)); !slices.Equal(got, well) {
					t.Errorf("%q", got)
				}
			}
		})
	}
}
