// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// order is an operator's wish about one product.
type order struct{ verb, short, long string }

func orders() []order {
	return []order{
		{apitypes.VerbDefer, "Put a product off, uncounted", `
Puts a product off as an operator. An open question closes; nobody is charged a
defer. A running installer ends first.`},
		{apitypes.VerbResume, "Begin a product's next round now", `
Ends a product's wait: it is looked and asked again as soon as the slot is free.`},
		{apitypes.VerbCancel, "Take a product's request back", `
Takes the request back at the source. An open question closes; a running
installer ends.`},
		{apitypes.VerbReset, "Begin a product's counters anew", `
Sets the counters of defers and unanswered questions of a product to zero.`},
	}
}

func (a *app) orderCommand(o order) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:               o.verb + " PRODUCT --reason TEXT",
		Short:             o.short,
		Long:              long(o.long+"\n\nThe reason is kept in the log.\n\nJSON: done/v1.", "3 the daemon is not running", "4 no such product", "9 needs privileges"),
		Args:              exact(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.daemon()
			if err != nil {
				return err
			}
			if reason == "" {
				return usage(errNoReason)
			}
			id, err := resolve(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			d, err := c.Order(cmd.Context(), id, o.verb, reason)
			if err != nil {
				return err
			}
			return a.printDone(d, id)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who read the log")
	return cmd
}

var errNoReason = errors.New("--reason is missing: those who read the log want to know why")

// printDone says that an order was carried out.
func (a *app) printDone(d apitypes.Done, product string) error {
	switch {
	case a.json:
		return a.document(d)
	case !d.Changed && product != "":
		a.say("done.unchanged", i18n.Data{"Product": product})
	case product == "":
		a.say("done.all", i18n.Data{"Seq": d.Seq})
	default:
		a.say("done.order", i18n.Data{"Product": product, "Seq": d.Seq})
	}
	return nil
}
