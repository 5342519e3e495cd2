// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/opsiclientd"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

const schemaServerSetup = "server_setup/v1"

// setupOrders say what is to be done at the server.
type setupOrders struct {
	serverOptions
	write, takeOver, handOver, undo bool
	clients                         []string // for these, by an administrator
	system, program                 string   // of theirs, and of ours
}

func (a *app) serverSetupCommand() *cobra.Command {
	var o setupOrders
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "The config ids of a site: print them, make them, take their values back",
		Long: long(`
Prints the config ids by which an opsi site says how quietsetup behaves. With
--make those that the server does not have are made, once for the whole site.
What is there is left as it is.

None gets a default value: a default at the server is stronger than what packages
and config files say. So nothing changes by making them.

With --take-over opsi's own background installation is switched off for this
client (opsi-script.backgroundinstall.active): both on one client would ask twice.

With --hand-over the events of opsiclientd on this client go through quietsetup:
opsiclientd.action_processor.command is set to "quietsetup action-processor" for it,
and its event notifier to the desktop winlogon. opsiclientd fetches that by itself.
What the line was is kept in the state folder.

With --undo what is set for this client by our ids is deleted, and a hand-over is
taken back: what the line was is set first, since opsiclientd removes no line by
itself. Run again once opsiclientd has fetched that, it deletes that value, too. The
ids themselves only an administrator may delete; how is printed.

With --clients nothing is written: a client may write for itself alone. What an
administrator runs at the server to hand over these clients, or to undo it, is
printed.

JSON: server_setup/v1.`, "5 the server cannot be reached or refuses the login", "7 address, key or CA file, or the configuration are not valid", "9 needs privileges"),
		Example: `  quietsetup server setup --hand-over
  quietsetup server setup --hand-over --clients pc2.example.org,pc3.example.org --system windows
  quietsetup server setup --undo`,
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			d := apitypes.ServerSetup{Schema: schemaServerSetup, IDs: []apitypes.ConfigID{}, Made: []string{}}
			for _, x := range opsi.ConfigObjects() {
				d.IDs = append(d.IDs, apitypes.ConfigID{ID: x.ID, Meaning: x.Description, Possible: x.PossibleValues, Many: x.MultiValue})
			}
			calls, err := a.setUp(cmd.Context(), o, &d)
			if err != nil {
				return err
			}
			if a.json {
				return a.document(d)
			}
			return a.printSetup(o, d, calls)
		},
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.write, "make", false, "make those that the server does not have")
	f.BoolVar(&o.takeOver, "take-over", false, "switch opsi's own background installation off for this client")
	f.BoolVar(&o.handOver, "hand-over", false, "have the events of opsiclientd on this client go through quietsetup")
	f.BoolVar(&o.undo, "undo", false, "delete what is set for this client, and take a hand-over back")
	f.StringSliceVar(&o.clients, "clients", nil, "print what an administrator runs for these clients, and write nothing")
	f.StringVar(&o.system, "system", "", "with --clients: what they run, linux or windows (default that of this machine)")
	f.StringVar(&o.program, "program", "", "with --hand-over: quietsetup, as opsiclientd is to start it (default where its packages put it)")
	return withRows(cmd, setupColumns()...)
}

// check refuses orders that do not go together.
func (o *setupOrders) check() error {
	switch {
	case o.undo && (o.write || o.takeOver || o.handOver):
		return usage(errors.New("--undo goes with none of --make, --take-over and --hand-over"))
	case len(o.clients) > 0 && (o.write || o.takeOver || o.handOver == o.undo):
		return usage(errors.New("--clients goes with --hand-over or with --undo alone"))
	case o.system != "" && len(o.clients) == 0:
		return usage(errors.New("--system is for --clients"))
	case o.program != "" && !o.handOver:
		return usage(errors.New("--program is for --hand-over"))
	case o.system != "" && o.system != "linux" && o.system != "windows":
		return usage(fmt.Errorf("--system is linux or windows, not %q", o.system))
	}
	if o.system = cmp.Or(o.system, runtime.GOOS); o.program == "" {
		o.program = opsiclientd.Program(o.system)
	}
	if _, err := opsiclientd.Line(o.system, o.program); err != nil {
		return usage(err)
	}
	for i, c := range o.clients {
		o.clients[i] = strings.ToLower(strings.TrimSpace(c))
		if err := opsi.CheckHostID(o.clients[i]); err != nil {
			return usage(fmt.Errorf("--clients: %q is no full name of a host such as pc1.example.org, in small letters", o.clients[i]))
		}
	}
	return nil
}

// setUp does what is ordered, notes it in d, and returns what is left to an administrator.
func (a *app) setUp(ctx context.Context, o setupOrders, d *apitypes.ServerSetup) ([]opsi.AdminCall, error) {
	if o.undo && len(o.clients) > 0 {
		return noted(d, opsi.TakeBackCalls(o.clients, o.system)), nil
	}
	if !o.write && !o.takeOver && !o.handOver && !o.undo {
		return nil, nil
	}
	c, err := o.source()
	if err != nil {
		return nil, err
	}
	client, err := a.clientOf(c.Source)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }() // the session ends by itself, too
	if len(o.clients) > 0 {
		calls, err := opsi.HandOverCalls(ctx, client, o.clients, o.system, o.program)
		return noted(d, calls), err
	}
	if o.write {
		made, err := opsi.MakeConfigObjects(ctx, client)
		if err != nil {
			return nil, err
		}
		d.Made = append(d.Made, made...)
	}
	if o.takeOver {
		if d.TookOver, err = opsi.TakeOver(ctx, client); err != nil {
			return nil, err
		}
	}
	if o.handOver || o.undo {
		if err := a.agentsValues(ctx, o, c.Source, client, d); err != nil {
			return nil, err
		}
	}
	if o.undo {
		if d.Cleared, d.Left, err = opsi.ForgetValues(ctx, client); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// agentsValues hands the events of this machine's opsiclientd over, or takes that back.
func (a *app) agentsValues(ctx context.Context, o setupOrders, source config.Source, client *opsi.Client, d *apitypes.ServerSetup) error {
	agent := opsi.Agent{System: o.system, Program: o.program, Server: source.URL, StateDir: a.state(), There: true}
	var err error
	if agent.Conf, err = opsiclientd.Read(opsiclientd.Place(o.system, source.KeyFile)); errors.Is(err, fs.ErrNotExist) {
		agent.There = false
	} else if err != nil {
		return err
	}
	do := agent.TakeBack
	if o.handOver {
		do = agent.HandOver
		// opsiclientd runs it with all rights.
		info, err := os.Stat(o.program)
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("it is not a plain file")
		}
		if err == nil {
			err = config.CheckOwner(o.program, info)
		}
		if err != nil {
			return &coded{code: exitInvalid, err: fmt.Errorf("cannot have opsiclientd start %s (another one is named by --program): %w", o.program, err)}
		}
	}
	values, err := do(ctx, client)
	for _, v := range values {
		d.HandOver = append(d.HandOver, apitypes.AgentValue(v))
	}
	return err
}

// noted notes calls for programs.
func noted(d *apitypes.ServerSetup, calls []opsi.AdminCall) []opsi.AdminCall {
	for _, c := range calls {
		d.Calls = append(d.Calls, apitypes.AdminCall(c))
	}
	return calls
}

func (a *app) printSetup(o setupOrders, d apitypes.ServerSetup, calls []opsi.AdminCall) error {
	if len(calls) > 0 && !a.csv() {
		return a.printCalls(o, calls)
	}
	if o.undo && !a.csv() {
		a.printAgentValues(d)
		a.say("serversetup.cleared", i18n.Data{"Count": len(d.Cleared), "IDs": strings.Join(d.Cleared, ", ")})
		if len(d.Left) > 0 {
			a.say("serversetup.left", nil)
		}
		for _, id := range d.Left {
			fmt.Fprintln(a.Out, "    opsi-admin -d method config_delete '"+strings.ReplaceAll(words.Clean(id), "'", "")+"'")
		}
		return nil
	}
	t := a.table(setupColumns()...)
	for _, x := range d.IDs {
		t.row(x.ID, strings.Join(x.Possible, ", "), x.Meaning)
	}
	t.print()
	if a.csv() {
		return nil
	}
	if o.write {
		a.say("serversetup.made", i18n.Data{"Count": len(d.Made)})
	}
	if o.takeOver {
		a.say("serversetup.took_over", i18n.Data{"Yes": d.TookOver})
	}
	a.printAgentValues(d)
	return nil
}

func (a *app) printAgentValues(d apitypes.ServerSetup) {
	for _, v := range d.HandOver {
		a.say("handover."+v.State, i18n.Data{"ID": v.ID, "Value": v.Value})
	}
}

// printCalls prints lines for a shell. Nothing but ids, paths and words that were
// checked is in them.
func (a *app) printCalls(o setupOrders, calls []opsi.AdminCall) error {
	a.say("serversetup.admin_now", nil)
	for i, c := range calls {
		if o.undo && i == len(calls)-1 {
			a.say("serversetup.admin_then", nil)
		}
		line, err := c.Line()
		if err != nil {
			return err
		}
		fmt.Fprintln(a.Out, "    "+line)
	}
	return nil
}

func setupColumns() []string { return []string{"config_id", "values", "meaning"} }
