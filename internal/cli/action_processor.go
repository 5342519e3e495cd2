// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/actionprocessor"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/opsiscript"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// How long the service and the lock are waited for, if nothing else is said. At the start
// of the machine opsi's agent may be faster than the service.
const (
	serviceWait = 30 * time.Second
	lockWait    = 10 * time.Minute
)

func (a *app) actionProcessorCommand() *cobra.Command {
	p := &processor{app: a, people: people}
	cmd := &cobra.Command{
		Use:   "action-processor [--config FILE] OPTIONS OF OPSI-SCRIPT",
		Short: "Stands in for opsi-script in opsiclientd.conf",
		Long: long(`
Takes the command line that opsi's agent, opsiclientd, gives its action processor,
so that every event of the agent goes through the service. In opsiclientd.conf,
[action_processor]:

  command = /usr/bin/quietsetup action-processor -opsiservice %service_url% -depotpath %depot_path% -clientid %global.host_id%

on Windows:

  command = "C:\Program Files\quietsetup\quietsetup.exe" action-processor /opsiservice %service_url% /clientid %global.host_id%

No password is needed in it. The service looks at once at what is requested.
-processproducts narrows what is waited for.

With nobody logged in the command returns when nothing of that can go on by itself.
If what was done wants a restart, the wish is left for the agent, which restarts the
machine. With somebody there the service goes on alone, asks people itself, and the
command returns as soon as nothing is being installed and nobody is being asked about
a script, which needs the depot. In observe mode it returns at once.

What is no request, -productlist and scripts at a logon, is given to opsi-script as
it came, but with the login in a private file. So is everything when the service does
not run, or works for no opsi server, and certainly nobody is logged in. Nothing is
installed by the service meanwhile: opsi-script waits for its installer, and it for
opsi-script.

Options of quietsetup begin with two dashes and come first. The exit code of what
opsi-script did is its own.`, "3 the daemon is not running and somebody may be there: nothing was done", "5 the opsi server gave the service no answer",
			"6 something else was being installed all the time", "7 the call is for another server or client than the configuration", "9 needs privileges"),
		DisableFlagParsing: true, DisableFlagsInUseLine: true,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && (args[0] == "--help" || args[0] == "-h") {
				return cmd.Help()
			}
			rest, err := ownOptions(cmd, args)
			if err != nil {
				return err
			}
			if err := a.prepare(cmd); err != nil {
				return err
			}
			if p.call, err = opsiscript.ReadCall(rest); err != nil {
				return usage(fmt.Errorf("cannot read the command line: %w", err))
			}
			return p.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&p.config, "config", "", "config file (default "+config.DefaultPath()+")")
	cmd.Flags().DurationVar(&p.serviceWait, "service-wait", serviceWait, "how long a service that does not run is waited for")
	cmd.Flags().DurationVar(&p.lockWait, "lock-wait", lockWait, "how long opsi-script waits for an installer of the service")
	return cmd
}

// ownOptions reads the options in front that begin with two dashes, and returns the rest. An error
// repeats none of them: a password may stand in the wrong place.
func ownOptions(cmd *cobra.Command, args []string) ([]string, error) {
	n := 0
	for n < len(args) && strings.HasPrefix(args[n], "--") {
		name, _, whole := strings.Cut(args[n][2:], "=")
		f := cmd.Flags().Lookup(name)
		if f == nil {
			return nil, usage(fmt.Errorf("argument %d is an unknown option", n+1))
		}
		if n++; !whole && f.NoOptDefVal == "" {
			n++
		}
	}
	n = min(n, len(args))
	cmd.DisableFlagParsing = false
	defer func() { cmd.DisableFlagParsing = true }()
	if err := cmd.ParseFlags(args[:n]); err != nil {
		return nil, usage(fmt.Errorf("cannot read the first %d arguments: an option has no value, or one that it cannot have", n))
	}
	return args[n:], nil
}

// processor carries out one call.
type processor struct {
	*app
	config                string
	serviceWait, lockWait time.Duration
	people                func(ctx context.Context) (known bool, sessions int)
	call                  opsiscript.Call
	source                config.Source     // zero = there is none of use
	who                   *opsi.Credentials // of key_file, nil = it was not read
}

// people are those at this machine, asked without the service.
func people(ctx context.Context) (known bool, sessions int) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	seen, err := host.New(host.Options{}).People(ctx)
	return err == nil && seen.Known, len(seen.Sessions)
}

// note tells something. Standard output stays empty.
func (p *processor) note(key string, d i18n.Data) {
	fmt.Fprintln(p.Err, p.words.Text(key, d))
}

func (p *processor) run(ctx context.Context) error {
	unfit, err := p.configure()
	if err != nil {
		return err
	}
	switch {
	case !p.call.Requests():
		return p.pass(ctx, nil)
	case unfit != nil:
		return p.without(ctx, unfit)
	}
	err = p.follow(ctx)
	if errors.Is(err, localclient.ErrNotRunning) {
		return p.without(ctx, err)
	}
	return err
}

// configure reads the configuration and holds the call against it. unfit is why the
// service has nothing to do with the call.
func (p *processor) configure() (unfit, err error) {
	c, err := config.Load(p.config)
	switch {
	case err != nil && exitCode(err) == exitPrivileges:
		return nil, err
	case err != nil:
		return err, nil
	case c.Source.Kind != config.Opsi:
		return fmt.Errorf("the configuration names no opsi server: [source] kind is %q", c.Source.Kind), nil
	}
	p.source = c.Source
	id := c.Source.HostID
	who, err := opsi.ReadCredentials(c.Source.KeyFile, c.Source.HostID, config.CheckSecret)
	if err == nil {
		p.who, id = &who, who.HostID
	}
	ours, theirs := service(c.Source.URL), service(p.call.Service)
	if theirs == "" || ours != theirs {
		return nil, &coded{code: exitInvalid, err: fmt.Errorf("the call is for another server than the configured one, %s: set -opsiservice of the call, or [source] url", ours)}
	}
	if id != "" && !strings.EqualFold(id, p.call.ClientID) {
		return nil, &coded{code: exitInvalid, err: fmt.Errorf("the call is for another client than the configured one, %s: set -clientid of the call, or [source] host_id", id)}
	}
	if id == "" {
		return err, nil // the service does not start without it either
	}
	return nil, nil
}

// service is host and port of a server's address, "" for what is none.
func service(address string) string {
	u, err := opsi.Address(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// follow brings the call to the service.
func (p *processor) follow(ctx context.Context) error {
	path, err := p.socketPath()
	if err != nil {
		return fmt.Errorf("cannot find the socket: %w", err)
	}
	c := localclient.New(path)
	defer c.Close()
	if err := p.await(ctx, c); err != nil {
		return err
	}
	answered := true
	f := actionprocessor.Follower{Service: c, Only: p.call.Only, Tell: p.tell, Looked: func(s apitypes.Sync) {
		if answered = s.Answered; !answered {
			p.note("actionprocessor.unanswered", i18n.Data{"Reason": i18n.Clean(s.Source.Reason, 300)})
		}
	}}
	v, err := f.Follow(ctx)
	switch {
	case err != nil:
		return err
	case v.State == actionprocessor.Handed:
		p.note("actionprocessor.handed", nil)
	default:
		p.note("actionprocessor.done", i18n.Data{"Waits": strings.Join(v.Waits, ", ")})
	}
	if v.Restart {
		if err := p.Restart(); err != nil {
			return err
		}
		p.note("actionprocessor.restart", nil)
	}
	switch {
	case len(v.Failed) > 0:
		p.note("actionprocessor.failed", i18n.Data{"Products": strings.Join(v.Failed, ", ")})
		return done(exitFailed)
	case !answered:
		return done(exitServer)
	}
	return nil
}

// await waits until the service runs.
func (p *processor) await(ctx context.Context, c *localclient.Client) error {
	end := time.Now().Add(p.serviceWait)
	for told := false; ; told = true {
		_, err := c.Status(ctx)
		if !errors.Is(err, localclient.ErrNotRunning) || !time.Now().Before(end) {
			return err
		}
		if !told {
			p.note("actionprocessor.awaits", nil)
		}
		select {
		case <-time.After(min(time.Second/2, time.Until(end))):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tell says where a product stands.
func (p *processor) tell(x apitypes.Product) {
	d := i18n.Data{"Product": x.ID, "Phase": p.words.Phase(x.Phase)}
	if o := x.Outcome; o != nil {
		d["Outcome"] = p.words.Outcome(o.Outcome)
	} else if w := x.Waits; w != nil {
		d["Reason"], d["Detail"] = p.words.Reason(w.Reason), p.words.Detail(w.Reason, w.Detail)
	}
	p.note("actionprocessor.product", d)
}

// without does what can be done without the service.
func (p *processor) without(ctx context.Context, why error) error {
	d := i18n.Data{"Why": i18n.Clean(why.Error(), 500)}
	alone := func() bool {
		known, sessions := p.people(ctx)
		if !known {
			p.note("actionprocessor.unknown", d)
		} else if sessions > 0 {
			p.note("actionprocessor.stays", d)
		}
		return known && sessions == 0
	}
	if !alone() {
		return done(exitNotRunning)
	}
	p.note("actionprocessor.passes", d)
	return p.pass(ctx, alone)
}

// pass has opsi-script carry out the call. alone, if it is not nil, is asked when the
// lock is there: people may have come while it was waited for.
func (p *processor) pass(ctx context.Context, alone func() bool) error {
	program, err := opsiscript.Find(p.source.OpsiScript, opsiscript.Places(runtime.GOOS), config.CheckOwner)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(p.state())
	if err != nil {
		return fmt.Errorf("cannot name the state folder: %w", err)
	}
	if p.Take == nil {
		return errors.New("cannot run opsi-script: this program has no lock")
	}
	lock, err := actionprocessor.Await(ctx, p.Take, dir, p.lockWait, func(whom error) {
		p.note("actionprocessor.lock", i18n.Data{"Why": whom.Error()})
	})
	if errors.Is(err, actionprocessor.ErrBusy) {
		return &coded{code: exitWaitOver, err: err}
	}
	if err != nil {
		return err
	}
	if alone != nil && !alone() {
		if err := lock.Close(); err != nil {
			return err
		}
		return done(exitNotRunning)
	}
	code, err := opsiscript.Pass(ctx, p.call, program, dir, p.login(), lock.Runs)
	if err = errors.Join(err, lock.Close()); err != nil {
		return err
	}
	if code != 0 {
		return done(code)
	}
	return nil
}

// login is who opsi-script logs in as: the call says it, or our own key file.
func (p *processor) login() opsiscript.Login {
	if !p.call.Password.IsZero() {
		return opsiscript.Login{User: p.call.User, Password: p.call.Password}
	}
	if p.who == nil {
		return opsiscript.Login{}
	}
	return opsiscript.Login{User: p.who.HostID, Password: opsiscript.NewSecret(p.who.Key.Reveal())}
}
