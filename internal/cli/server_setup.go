// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

const schemaServerSetup = "server_setup/v1"

func (a *app) serverSetupCommand() *cobra.Command {
	var o serverOptions
	var write bool
	cmd := &cobra.Command{
		Use:   "setup",
		Short: "The config ids that a server needs, and with --make make them there",
		Long: long(`
Prints the config ids by which an opsi site says how quietsetup behaves. With
--make those that the server does not have are made, once for the whole site.
What is there is left as it is.

None gets a default value: a default at the server is stronger than what packages
and config files say. So nothing changes by making them.

JSON: server_setup/v1.`, "5 the server cannot be reached or refuses the login", "7 address, key or CA file, or the configuration are not valid", "9 needs privileges"),
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := apitypes.ServerSetup{Schema: schemaServerSetup, IDs: []apitypes.ConfigID{}, Made: []string{}}
			for _, x := range opsi.ConfigObjects() {
				d.IDs = append(d.IDs, apitypes.ConfigID{ID: x.ID, Meaning: x.Description, Possible: x.PossibleValues, Many: x.MultiValue})
			}
			if write {
				c, err := o.source()
				if err != nil {
					return err
				}
				client, err := a.clientOf(c.Source)
				if err != nil {
					return err
				}
				defer func() { _ = client.Close() }() // the session ends by itself, too
				made, err := opsi.MakeConfigObjects(cmd.Context(), client)
				if err != nil {
					return err
				}
				d.Made = append(d.Made, made...)
			}
			if a.json {
				return a.document(d)
			}
			t := a.table(setupColumns()...)
			for _, x := range d.IDs {
				t.row(x.ID, strings.Join(x.Possible, ", "), x.Meaning)
			}
			t.print()
			if write && !a.csv() {
				a.say("serversetup.made", i18n.Data{"Count": len(d.Made)})
			}
			return nil
		},
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&write, "make", false, "make those that the server does not have")
	return withRows(cmd, setupColumns()...)
}

func setupColumns() []string { return []string{"config_id", "values", "meaning"} }
