// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/rs/zerolog"
	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/internal/agentstart"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/localsock"
	"github.com/quietsetup/quietsetup/internal/winfile"
	"github.com/quietsetup/quietsetup/internal/winsvc"
)

// serviceName is the service's for the service manager and the event log.
const serviceName = "quietsetupd"

// Exit codes of the service's commands alone, those of the command line.
const (
	exitNotRunning = 3
	exitMissing    = 4
)

const serviceUsage = `
  quietsetupd service install [--config FILE] [--state-dir DIR]
  quietsetupd service start|stop|status|delete
  quietsetupd service run [--config FILE] [--state-dir DIR]

service: Windows' service ` + serviceName + `.
  install          put it into the service manager, to be started with the
                   machine and again when it dies; the agent into the Run key
  start, stop      and wait until it has started or ended; a running installer
                   goes on
  status           how it is
  delete           stop it, and take all of this away again; agents are ended
  run              what the service manager starts; not to be called by hand
  --json           how it is now, as JSON (service/v1); not with run

Exit codes of service: also 3 not running (status), 4 no such service; of run also 7
for a program that others could change.
`

// serviceDoc is the JSON of a command about the service.
type serviceDoc struct {
	Schema string   `json:"schema"` // service/v1
	Name   string   `json:"name"`
	State  string   `json:"state"` // "running", "stopped", …; "missing"
	PID    uint32   `json:"pid,omitempty"`
	Exit   uint32   `json:"exit"` // of its last run
	Notes  []string `json:"notes,omitempty"`
}

// service is the command service.
func service(ctx context.Context, version string, args []string, stdout, stderr io.Writer) int {
	wrong := func(format string, a ...any) int {
		fmt.Fprintf(stderr, "quietsetupd service: "+format+"; see quietsetupd help\n", a...)
		return exitUsage
	}
	if len(args) == 0 {
		return wrong("what is to be done?")
	}
	f := flag.NewFlagSet("quietsetupd service", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	file := f.String("config", "", "")
	state := f.String("state-dir", "", "")
	asJSON := f.Bool("json", false, "")
	switch err := f.Parse(args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, help())
		return exitOK
	case err != nil:
		return wrong("%v", err)
	case f.NArg() > 0:
		return wrong("unexpected argument %q", f.Arg(0))
	}
	var do func() (serviceDoc, error)
	switch verb := args[0]; verb {
	case "run":
		return runService(version, *file, *state, stderr)
	case "install":
		do = func() (serviceDoc, error) { return installService(*file, *state) }
	case "start":
		do = func() (serviceDoc, error) { return docOf(winsvc.Start(ctx, serviceName)) }
	case "stop":
		do = func() (serviceDoc, error) { return docOf(winsvc.Stop(ctx, serviceName)) }
	case "status":
		do = func() (serviceDoc, error) { return docOf(winsvc.Look(serviceName)) }
	case "delete":
		do = func() (serviceDoc, error) {
			err := winsvc.Delete(ctx, serviceName)
			if err == nil {
				err = endAgents()
			}
			return serviceDoc{State: "missing"}, err
		}
	case "end-agents": // for the installer, once the service has stopped
		if err := endAgents(); err != nil {
			fmt.Fprintf(stderr, "quietsetupd: %v\n", err)
			return exitFailed
		}
		return exitOK
	default:
		return wrong("no command %q", verb)
	}
	doc, err := do()
	if err != nil {
		fmt.Fprintf(stderr, "quietsetupd: %v\n", err)
		return serviceCode(err)
	}
	doc.Schema, doc.Name = "service/v1", serviceName
	for _, n := range doc.Notes {
		fmt.Fprintf(stderr, "quietsetupd: %s\n", n)
	}
	if err := printService(stdout, doc, *asJSON); err != nil {
		return exitFailed
	}
	if args[0] == "status" && doc.State != "running" {
		return exitNotRunning
	}
	return exitOK
}

// endAgents ends the agents in all sessions, if one is installed.
func endAgents() error {
	exe, err := agentstart.Agent()
	if err != nil {
		return nil // none is installed, so none runs
	}
	_, err = agentstart.End(exe)
	return err
}

func printService(w io.Writer, d serviceDoc, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(d)
	}
	line := "service " + d.Name + ": " + d.State
	if d.PID != 0 {
		line += fmt.Sprintf(" (pid %d)", d.PID)
	} else if d.Exit != 0 {
		line += fmt.Sprintf(" (ended with %d)", d.Exit)
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

func docOf(s winsvc.State, err error) (serviceDoc, error) {
	return serviceDoc{State: s.Name, PID: s.PID, Exit: s.Exit}, err
}

func serviceCode(err error) int {
	switch {
	case errors.Is(err, winsvc.ErrMissing):
		return exitMissing
	case errors.Is(err, winsvc.ErrRights):
		return exitPrivileges
	case errors.Is(err, winsvc.ErrNoService):
		return exitUsage
	}
	return exitCode(err)
}

// installService puts the service in, with this program and this config.
func installService(file, state string) (serviceDoc, error) {
	exe, err := os.Executable()
	if err != nil {
		return serviceDoc{}, fmt.Errorf("cannot find the running program: %w", err)
	}
	args := []string{"service", "run"}
	for _, f := range []struct{ name, path string }{{"--config", file}, {"--state-dir", state}} {
		if f.path == "" {
			continue
		}
		path, err := filepath.Abs(f.path) // the service runs elsewhere
		if err != nil {
			return serviceDoc{}, fmt.Errorf("cannot name %s: %w", f.path, err)
		}
		args = append(args, f.name, path)
	}
	_, socket, err := place(state)
	if err != nil {
		return serviceDoc{}, err
	}
	if err := guarded(exe); err != nil {
		return serviceDoc{}, err
	}
	plan := winsvc.Plan{Name: serviceName, Title: "quietsetup", Exe: exe, Args: args,
		Text: "Installs software while people work. Asks before programs are closed."}
	var notes []string
	if agent, err := agentstart.Agent(); err != nil {
		notes = append(notes, err.Error()+": nobody will be asked by it")
	} else if err := guarded(agent); err != nil {
		return serviceDoc{}, err
	} else {
		line := []string{agent}
		if socket != localsock.DefaultPath {
			line = append(line, "--socket", socket)
		}
		plan.Agent = windows.ComposeCommandLine(line)
	}
	left, err := winsvc.Install(plan)
	if err != nil {
		return serviceDoc{}, err
	}
	for _, err := range left {
		notes = append(notes, err.Error())
	}
	doc, err := docOf(winsvc.Look(serviceName))
	doc.Notes = notes
	return doc, err
}

// guarded refuses a program that others could change or replace: the service would
// run it with all rights.
func guarded(exe string) error {
	info, err := os.Lstat(exe)
	if err == nil {
		err = config.Changeable(exe, info)
	}
	if err == nil { // who can add a file beside it adds a DLL that it loads
		if err = winfile.Check(filepath.Dir(exe)); err != nil {
			err = fmt.Errorf("%s: %w", filepath.Dir(exe), err)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot run a program that others could change as a service: %w", err)
	}
	return nil
}

// guardedNow is guarded for what runs. Lists may have changed since it was put in,
// and the MSI puts it in without asking.
func guardedNow() error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("cannot find the running program: %w", err)
	}
	return guarded(exe)
}

// tighten keeps others from the folder of config and state, where it belongs to the
// administrators and is only lax. What it did is for the log.
func tighten(dir string) (note string, err error) {
	done, err := winfile.Tighten(dir)
	if err != nil || !done {
		return "", err
	}
	return "everybody could put files into " + dir + "; now only the system and the administrators can; look at what is in it", nil
}

// runService is the daemon as a service. What it says goes to the log in the
// state folder, and what an admin should see to the event log, too.
func runService(version, file, state string, stderr io.Writer) int {
	err := winsvc.Run(serviceName, func(ctx context.Context, ready func(), logons <-chan struct{}) winsvc.Ending {
		events := newEventLog()
		defer events.close()
		// The MSI cannot say that, and an admin may have put the service in by hand.
		if err := winsvc.Recover(serviceName); err != nil {
			events.tell(winsvc.Warning, err.Error())
		}
		if err := guardedNow(); err != nil {
			events.tell(winsvc.Error, "quietsetupd has ended: "+err.Error())
			return winsvc.Ending{Code: exitInvalid}
		}
		code := exitCode(serve(ctx, version, file, state, &Service{Ready: ready, Logons: logons}, events))
		return winsvc.Ending{Code: code, Again: mayPass(code)}
	})
	if err != nil {
		fmt.Fprintf(stderr, "quietsetupd: %v; see quietsetupd help\n", err)
		return serviceCode(err)
	}
	return exitOK
}

// mayPass reports whether a start soon after may do better. The others an admin
// must mend; the unit for systemd has the same list and exitInUse, for there the
// socket lies where only root can make one. A name of a pipe anybody can take, and
// must not be able to keep the service from coming back.
func mayPass(code int) bool {
	switch code {
	case exitOK, exitUsage, exitInvalid, exitDamaged:
		return false
	}
	return true
}

// serve runs the daemon. Why it ended is in its log, if there is one by then, and
// in the event log.
func serve(ctx context.Context, version, file, state string, s *Service, events *eventLog) (err error) {
	var to *logFile
	note, lax := tighten(filepath.Dir(defaultState()))
	o, err := options(version, file, state, func(c config.Log, dir string) (zerolog.Logger, error) {
		to = newLogFile(dir)
		log, err := logger(c, to)
		if err != nil {
			return log, err
		}
		return log.Output(zerolog.MultiLevelWriter(lines(c, to), events)), nil
	})
	if to != nil {
		defer func() { err = errors.Join(err, to.Close()) }()
	}
	if err != nil {
		if note != "" {
			events.tell(winsvc.Warning, note)
		}
		events.tell(winsvc.Error, "quietsetupd has ended: "+err.Error())
		return err
	}
	if note != "" {
		o.Log.Warn().Msg(note)
	}
	if lax != nil { // what matters of it is judged again
		o.Log.Warn().Err(lax).Msg("the folder of config and state may be open to others")
	}
	crashes := sync.OnceFunc(func() {
		last, err := keepCrash(o.StateDir)
		if err != nil {
			o.Log.Warn().Err(err).Msg("a crash would not be told")
		}
		if last != "" {
			o.Log.Error().Str("crash", last).Msg("the last run crashed")
		}
	})
	if _, err := os.Stat(o.StateDir); err == nil { // at the first start the store makes it
		crashes()
	}
	begun := s.Ready
	s.Ready = func() {
		crashes()
		events.tell(winsvc.Info, "quietsetupd "+version+" runs; its log is "+filepath.Join(o.StateDir, logName))
		begun()
	}
	o.Service = s
	if err = Run(ctx, o); err != nil {
		e := o.Log.Error().Err(err)
		if do := advice(err); do != "" {
			e = e.Str("advice", do)
		}
		e.Msg("quietsetupd has ended")
	}
	return err
}
