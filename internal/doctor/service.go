// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

func (v *visit) rights(context.Context) []Finding {
	if v.UID > 0 {
		return []Finding{finding("rights_user", data{"UID": v.UID})}
	}
	return []Finding{finding("rights_root", nil)}
}

func (v *visit) versions(context.Context) []Finding {
	s, err := v.status()
	d := data{"Program": v.Version, "Service": s.Version}
	switch {
	case err != nil:
		return []Finding{finding("versions_unknown", d)}
	case s.Version != v.Version:
		return []Finding{finding("versions_differ", d)}
	}
	return []Finding{finding("versions_equal", d)}
}

// unit is the service's name for systemd.
const unit = "quietsetupd.service"

// manyRestarts is how often systemd may have started the service again before
// somebody should look.
const manyRestarts = 5

func (v *visit) service(ctx context.Context) []Finding {
	switch {
	case v.Windows != nil:
		return v.windowsService()
	case v.System != "linux":
		return []Finding{finding("service_unsupported", data{"System": v.System})}
	case !v.Default:
		return []Finding{finding("service_other", data{"Dir": v.StateDir})}
	}
	if _, err := v.Files.Entry("/run/systemd/system"); err != nil { // systemd's own sign that it runs
		return []Finding{finding("service_no_systemd", nil)}
	}
	text, err := v.Files.Run(ctx, "systemctl", "show", unit, "--property=LoadState,UnitFileState,ActiveState,Result,ExecMainStatus,NRestarts")
	if err != nil {
		return []Finding{finding("service_unasked", data{"Error": err.Error()})}
	}
	is := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		is[key] = value
	}
	d := data{"State": is["ActiveState"], "Result": is["Result"], "Exit": is["ExecMainStatus"], "N": is["NRestarts"]}
	restarts, _ := strconv.Atoi(is["NRestarts"]) // not told: none
	var out []Finding
	switch {
	case is["LoadState"] == "masked":
		return []Finding{finding("service_masked", d)}
	case is["LoadState"] != "loaded":
		return []Finding{finding("service_missing", d)}
	case is["ActiveState"] != "active":
		out = append(out, finding("service_off", d))
	case restarts > manyRestarts:
		out = append(out, finding("service_restarts", d))
	}
	if !strings.HasPrefix(is["UnitFileState"], "enabled") {
		out = append(out, finding("service_disabled", data{"State": is["UnitFileState"]}))
	}
	if out == nil {
		out = append(out, finding("service_ok", d))
	}
	return out
}

func (v *visit) daemon(context.Context) []Finding {
	s, err := v.status()
	d := data{"Socket": v.Socket, "Own": !v.Default, "Dir": v.StateDir, "Version": s.Version, "PID": s.PID, "Started": s.Started}
	if err != nil {
		d["Error"] = err.Error()
	}
	switch {
	case errors.Is(err, localclient.ErrNotRunning):
		return []Finding{finding("daemon_off", d)}
	case errors.Is(err, localclient.ErrSilent), errors.Is(err, context.DeadlineExceeded):
		return []Finding{finding("daemon_silent", d)}
	case errors.Is(err, localclient.ErrNotTrusted):
		return []Finding{finding("daemon_untrusted", d)}
	case err != nil:
		return []Finding{finding("daemon_error", d)}
	}
	out := []Finding{finding("daemon_ok", d)}
	if s.Store.Error != "" {
		out = append(out, finding("daemon_log_fails", data{"Error": s.Store.Error}))
	}
	if h := s.Hold; h != nil {
		out = append(out, finding("daemon_held", data{"Actor": h.Actor, "Reason": h.Reason}))
	}
	if o := s.Observe; o != nil {
		out = append(out, finding("daemon_observes", data{"Reason": o.Reason}))
	}
	for _, src := range s.Sources {
		if src.State != "ok" {
			out = append(out, finding("daemon_source", data{"Kind": src.Kind, "Place": src.Place, "State": src.State, "Class": src.Class, "Reason": src.Reason}))
		}
		out = append(out, ofServer(src.Server)...)
	}
	return out
}

// ofServer is what an opsi server says of itself that somebody should change.
func ofServer(s *apitypes.Server) (out []Finding) {
	if s == nil {
		return nil
	}
	if s.KnownAs != "" {
		out = append(out, finding("daemon_server_name", data{"Name": s.KnownAs}))
	}
	if len(s.Gone) > 0 {
		out = append(out, finding("daemon_server_gone", data{"Products": strings.Join(s.Gone, ", ")}))
	}
	if s.EventsLost {
		out = append(out, finding("daemon_server_events", nil))
	}
	if s.AsksToo {
		out = append(out, finding("daemon_server_asks", nil))
	}
	return out
}

func (v *visit) socket(context.Context) []Finding {
	if v.Windows != nil {
		return v.pipe()
	}
	if v.System == "windows" {
		return []Finding{finding("socket_unsupported", data{"System": v.System})}
	}
	d := data{"Socket": v.Socket, "Own": !v.Default, "Dir": v.StateDir, "Folder": filepath.Dir(v.Socket)}
	ours := func(uid int) bool { return uid == 0 || uid == v.UID }
	e, err := v.Files.Entry(v.Socket)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{finding("socket_missing", d)}
	case err != nil:
		d["Error"] = err.Error()
		return []Finding{finding("socket_hidden", d)}
	}
	var out []Finding
	d["UID"], d["Mode"] = e.UID, e.Mode.Perm().String()
	switch {
	case e.Mode.Type() != fs.ModeSocket:
		out = append(out, finding("socket_in_the_way", d))
	case !ours(e.UID):
		out = append(out, finding("socket_owner", d))
	case e.Mode.Perm() != 0o666:
		out = append(out, finding("socket_mode", d))
	}
	dir, err := v.Files.Entry(filepath.Dir(v.Socket))
	switch {
	case err != nil: // it was there a moment ago
		out = append(out, finding("socket_missing", d))
	case !ours(dir.UID):
		out = append(out, finding("socket_folder_owner", data{"Folder": filepath.Dir(v.Socket), "UID": dir.UID}))
	case dir.Mode.Perm()&0o002 != 0:
		out = append(out, finding("socket_folder_open", data{"Folder": filepath.Dir(v.Socket), "Mode": dir.Mode.Perm().String()}))
	}
	if out == nil {
		out = append(out, finding("socket_ok", d))
	}
	return out
}
