// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"

	"github.com/quietsetup/quietsetup/checks"
)

// sessions tells which sessions there are and whether each can be asked. Only
// the service knows the agents.
func (v *visit) sessions(ctx context.Context) []Finding {
	s, err := v.status()
	if err != nil {
		return v.sessionsWithoutDaemon(ctx)
	}
	if !s.SessionsKnown {
		return []Finding{finding("sessions_unknown", nil)}
	}
	if len(s.Sessions) == 0 {
		return []Finding{finding("sessions_none", nil)}
	}
	var out []Finding
	for _, x := range s.Sessions {
		code := "sessions_no_agent"
		if x.Agent {
			code = "sessions_agent"
		}
		who := x.Owner
		if x.User != "" {
			who = x.User
		}
		out = append(out, finding(code, data{"ID": x.ID, "Who": who, "Kind": x.Kind}))
	}
	return out
}

func (v *visit) sessionsWithoutDaemon(ctx context.Context) []Finding {
	people, err := v.Host.People(ctx)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return []Finding{finding("sessions_unsupported", data{"System": v.System})}
	case err != nil || !people.Known:
		return []Finding{finding("sessions_unknown", nil)}
	case len(people.Sessions) == 0:
		return []Finding{finding("sessions_none", nil)}
	}
	return []Finding{finding("sessions_seen", data{"N": len(people.Sessions)})}
}

// autostartFile starts the agent in every session of a desktop.
const autostartFile = "/etc/xdg/autostart/quietsetup-prompt.desktop"

func (v *visit) autostart(context.Context) []Finding {
	if v.Windows != nil {
		return v.windowsAutostart()
	}
	if v.System != "linux" {
		return []Finding{finding("autostart_unsupported", data{"System": v.System})}
	}
	d := data{"Path": autostartFile}
	if _, err := v.Files.Program("quietsetup-prompt"); err != nil {
		return []Finding{finding("autostart_no_program", d)}
	}
	if e, err := v.Files.Entry(autostartFile); err != nil || !e.Mode.IsRegular() {
		return []Finding{finding("autostart_missing", d)}
	}
	return []Finding{finding("autostart_ok", d)}
}

// windows tells what a question can be shown with.
func (v *visit) windows(ctx context.Context) []Finding {
	if v.Windows != nil {
		return []Finding{finding("windows_own", nil)} // every Windows has it, and the agent says so if not
	}
	if v.System != "linux" {
		return []Finding{finding("windows_unsupported", data{"System": v.System})}
	}
	out := []Finding{finding("windows_terminal", nil)}
	for _, tool := range []string{"kdialog", "zenity"} { // the last one found is the one that is used
		if path, err := v.Files.Program(tool); err == nil {
			out[0] = finding("windows_"+tool, data{"Path": path})
		}
	}
	there, err := v.Host.Notifications(ctx)
	switch {
	case err != nil:
		out = append(out, finding("windows_notify_unseen", nil))
	case there:
		out = append(out, finding("windows_notify", nil))
	default:
		out = append(out, finding("windows_no_notify", nil))
	}
	if out[0].Code == "windows_terminal" && !v.desktop(ctx) {
		out[0].State = OK // nobody would see a window here
	}
	return out
}

// desktop reports whether somebody sits at a desktop, or that may be.
func (v *visit) desktop(ctx context.Context) bool {
	people, err := v.Host.People(ctx)
	if err != nil || !people.Known {
		return false // a machine without any session manager has no desktop either
	}
	for _, s := range people.Sessions {
		if s.Kind == checks.KindGraphical {
			return true
		}
	}
	return false
}
