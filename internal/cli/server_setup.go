// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

const schemaServerSetup = "server_setup/v1"

func (a *app) serverSetupCommand() *cobra.Command {
	var o serverOptions
	var write, takeOver, undo bool
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

With --undo what is set for this client by our ids is deleted. The ids themselves
only an administrator may delete; how is printed.

JSON: server_setup/v1.`, "5 the server cannot be reached or refuses the login", "7 address, key or CA file, or the configuration are not valid", "9 needs privileges"),
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := apitypes.ServerSetup{Schema: schemaServerSetup, IDs: []apitypes.ConfigID{}, Made: []string{}}
			for _, x := range opsi.ConfigObjects() {
				d.IDs = append(d.IDs, apitypes.ConfigID{ID: x.ID, Meaning: x.Description, Possible: x.PossibleValues, Many: x.MultiValue})
			}
			if undo && (write || takeOver) {
				return usage(errors.New("--undo goes with neither --make nor --take-over"))
			}
			if write || takeOver || undo {
				c, err := o.source()
				if err != nil {
					return err
				}
				client, err := a.clientOf(c.Source)
				if err != nil {
					return err
				}
				defer func() { _ = client.Close() }() // the session ends by itself, too
				if write {
					made, err := opsi.MakeConfigObjects(cmd.Context(), client)
					if err != nil {
						return err
					}
					d.Made = append(d.Made, made...)
				}
				if takeOver {
					if d.TookOver, err = opsi.TakeOver(cmd.Context(), client); err != nil {
						return err
					}
				}
				if undo {
					if d.Cleared, d.Left, err = opsi.ForgetValues(cmd.Context(), client); err != nil {
						return err
					}
				}
			}
			if a.json {
				return a.document(d)
			}
			if undo && !a.csv() {
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
			if write && !a.csv() {
				a.say("serversetup.made", i18n.Data{"Count": len(d.Made)})
			}
			if takeOver && !a.csv() {
				a.say("serversetup.took_over", i18n.Data{"Yes": d.TookOver})
			}
			return nil
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&write, "make", false, "make those that the server does not have")
	cmd.Flags().BoolVar(&takeOver, "take-over", false, "switch opsi's own background installation off for this client")
	cmd.Flags().BoolVar(&undo, "undo", false, "delete what is set for this client")
	return withRows(cmd, setupColumns()...)
}

func setupColumns() []string { return []string{"config_id", "values", "meaning"} }
