// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// processDoc is one program of processes as a line of NDJSON.
type processDoc struct {
	Schema   string    `json:"schema"` // process/v1
	At       time.Time `json:"at"`
	Product  string    `json:"product"`
	Complete bool      `json:"complete"` // false = the list it is from is not all
	apitypes.Process
}

func processColumns() []string { return []string{"pid", "name", "class", "blocks", "rule", "path"} }

func (a *app) processesCommand() *cobra.Command {
	return withRows(&cobra.Command{
		Use:   "processes PRODUCT",
		Short: "What would keep a product's installer waiting now",
		Long: long(`
Looks which programs are running now that the installer of a product would
disturb, and says which rule found each. Nothing is done about them.

JSON: processes/v1; as NDJSON one process/v1 per line.`, "3 the daemon is not running", "4 no such product"),
		Args:              exact(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.daemon()
			if err != nil {
				return err
			}
			id, err := resolve(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			ps, err := c.Processes(cmd.Context(), id)
			if err != nil {
				return err
			}
			if a.json {
				return a.document(ps)
			}
			if !ps.Complete {
				a.say("processes.incomplete", i18n.Data{"Reason": ps.Reason})
			}
			if len(ps.Processes) == 0 && !a.csv() {
				if ps.Complete {
					a.say("processes.none", i18n.Data{"Product": id})
				}
				return nil
			}
			t := a.table(processColumns()...)
			for _, p := range ps.Processes {
				blocks := "processes.no"
				if p.Blocks {
					blocks = "processes.yes"
				}
				t.row(p.PID, p.Name, p.Class, told{a.words.Text(blocks, nil), strconv.FormatBool(p.Blocks)}, p.Rule, p.Path)
			}
			t.print()
			return nil
		},
	}, processColumns()...)
}
