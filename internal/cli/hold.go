// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

func (a *app) holdCommand() *cobra.Command {
	return a.stopCommand("hold", "Stop everything, or one product", `
Stops everything, or one product, before its next question, closing or start.
Open questions close uncharged; a running installer ends. It holds over restarts
until it is released.`, (*localclient.Client).Hold)
}

func (a *app) releaseCommand() *cobra.Command {
	return a.stopCommand("release", "End a hold", `
Ends a hold on everything, or on one product.`, (*localclient.Client).Release)
}

// stopCommand is hold or release; without a product it is about everything.
func (a *app) stopCommand(name, short, text string, give func(*localclient.Client, context.Context, string, string) (apitypes.Done, error)) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:               name + " [PRODUCT] --reason TEXT",
		Short:             short,
		Long:              long(text+"\n\nThe reason is kept in the log.\n\nJSON: done/v1.", "3 the daemon is not running", "4 no such product", "9 needs privileges"),
		Args:              atMost(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.daemon()
			if err != nil {
				return err
			}
			if reason == "" {
				return usage(errNoReason)
			}
			id := ""
			if len(args) > 0 {
				if id, err = resolve(cmd.Context(), c, args[0]); err != nil {
					return err
				}
			}
			d, err := give(c, cmd.Context(), id, reason)
			if err != nil {
				return err
			}
			return a.printDone(d, id)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who read the log")
	return cmd
}
