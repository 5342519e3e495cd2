// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/internal/localclient"
)

// Windows is what only a machine with Windows has.
type Windows interface {
	// Service says how the service manager has the service. An error that wraps
	// fs.ErrNotExist: it has none.
	Service() (Service, error)
	// Agent is the command line by which every session starts the agent; "" = none.
	Agent() (string, error)
	// RebootWanted reports whether Windows waits for a restart.
	RebootWanted() (bool, error)
}

// Service is the service as the service manager has it.
type Service struct {
	State string // "running", "stopped", …
	Exit  uint32 // of its last run
	Start string // "auto", "manual", "disabled"; "" = not known
}

func (v *visit) windowsService() []Finding {
	if !v.Default {
		return []Finding{finding("service_other", data{"Dir": v.StateDir})}
	}
	s, err := v.Windows.Service()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{finding("service_missing", nil)}
	case err != nil:
		return []Finding{finding("service_unasked", data{"Error": err.Error()})}
	}
	var out []Finding
	if s.State != "running" {
		d := data{"State": s.State, "Result": "", "Exit": ""}
		if s.Exit != 0 {
			d["Exit"] = strconv.FormatUint(uint64(s.Exit), 10)
		}
		out = append(out, finding("service_off", d))
	}
	if s.Start != "auto" && s.Start != "" {
		out = append(out, finding("service_disabled", data{"State": s.Start}))
	}
	if out == nil {
		out = append(out, finding("service_ok", data{"State": s.State}))
	}
	return out
}

// pipe tells whether the pipe is there. Whose it is was asked by who opened it.
func (v *visit) pipe() []Finding {
	_, err := v.status()
	d := data{"Socket": v.Socket, "Own": !v.Default, "Dir": v.StateDir}
	switch {
	case err == nil, errors.Is(err, localclient.ErrSilent):
		return []Finding{finding("socket_ok", d)}
	case errors.Is(err, localclient.ErrNotRunning):
		return []Finding{finding("socket_missing", d)}
	}
	d["Error"] = err.Error()
	return []Finding{finding("socket_hidden", d)}
}

func (v *visit) windowsAutostart() []Finding {
	line, err := v.Windows.Agent()
	d := data{"Path": `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run`}
	if err != nil || line == "" {
		return []Finding{finding("autostart_missing", d)}
	}
	if e, err := v.Files.Entry(programOf(line)); err != nil || !e.Mode.IsRegular() {
		return []Finding{finding("autostart_no_program", d)}
	}
	return []Finding{finding("autostart_ok", d)}
}

// programOf is the program of a command line.
func programOf(line string) string {
	if rest, quoted := strings.CutPrefix(line, `"`); quoted {
		path, _, _ := strings.Cut(rest, `"`)
		return path
	}
	path, _, _ := strings.Cut(line, " ")
	return path
}
