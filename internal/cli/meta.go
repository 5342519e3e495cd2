// SPDX-License-Identifier: Apache-2.0

package cli

import "github.com/spf13/cobra"

// metaCommand is the parent of what works on packages: it needs no daemon and
// no server, so a packager's workstation will do.
func (a *app) metaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "meta",
		Short: "Work on the metadata of packages",
		Long: `Works on the metadata of packages: what an installer would disturb, and how it
is run. It reads folders and asks no daemon, so it runs where packages are made.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.metaLintCommand(), a.metaFmtCommand())
	return cmd
}
