// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

func (a *app) statusCommand() *cobra.Command {
	return withRows(&cobra.Command{
		Use:   "status",
		Short: "The service and all products at a glance",
		Long: long(`
Shows the service, its log, who is at the machine, what is on hold, and one row
for each product that was ever requested.

JSON: status/v1 (the products: quietsetup show --json).`, "3 the daemon is not running"),
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := a.reader(cmd.Context())
			if err != nil {
				return err
			}
			s, err := r.Status(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.document(s)
			}
			ps, err := r.Products(cmd.Context())
			if err != nil {
				return err
			}
			if !a.csv() { // the rows are the products
				a.printStatus(s)
				fmt.Fprintln(a.Out)
			}
			a.printProducts(ps)
			return nil
		},
	}, productColumns()...)
}

func (a *app) printStatus(s apitypes.Status) {
	if a.file != "" {
		a.say("status.offline", i18n.Data{"File": a.file, "At": a.words.Time(s.At)})
	} else {
		a.say("status.service", i18n.Data{"Version": s.Version, "PID": s.PID, "Started": a.words.Time(s.Started)})
	}
	a.say("status.store", i18n.Data{"Seq": s.Store.Seq, "Dir": s.StateDir})
	if s.Store.Error != "" {
		a.say("status.store_error", i18n.Data{"Error": s.Store.Error})
	}
	if h := s.Hold; h != nil {
		a.say("status.hold", i18n.Data{"Since": a.when(h.Since), "Actor": h.Actor, "Reason": h.Reason})
	}
	if o := s.Observe; o != nil {
		a.say("status.observe", i18n.Data{"Since": a.when(o.Since), "Reason": o.Reason})
	}
	if s.Slot != "" {
		a.say("status.slot", i18n.Data{"Product": s.Slot})
	}
	if len(s.Reboot) > 0 {
		a.say("status.reboot", i18n.Data{"Products": strings.Join(s.Reboot, ", ")})
	}
	a.printSessions(s)
	for _, src := range s.Sources {
		a.printSource(src)
	}
}

func (a *app) printSessions(s apitypes.Status) {
	if len(s.Sessions) == 0 {
		if s.SessionsKnown {
			a.say("status.sessions_none", nil)
		} else {
			a.say("status.sessions_unknown", nil)
		}
		return
	}
	var all []string
	for _, x := range s.Sessions {
		t := x.ID + " " + x.Owner
		if x.User != "" {
			t = x.ID + " " + x.User
		}
		all = append(all, t)
	}
	a.say("status.sessions", i18n.Data{"Sessions": strings.Join(all, ", ")})
}

func productColumns() []string {
	return []string{"product", "phase", "action", "version", "installed", "defers", "note"}
}

// printProducts prints one row for each product.
func (a *app) printProducts(ps apitypes.Products) {
	if len(ps.Products) == 0 && !a.csv() {
		a.say("status.empty", nil)
		return
	}
	t := a.table(productColumns()...)
	for _, p := range ps.Products {
		t.row(p.ID, a.phase(p), p.Action, p.Version, installed(p), used(p.Defers), a.note(p))
	}
	t.print()
}

// installed is the version that is on the machine, "" if the product is not: the
// last version that was there is no news then.
func installed(p apitypes.Product) string {
	if p.Status != statusInstalled {
		return ""
	}
	return p.Installed
}

// statusInstalled is opsi's word for a product that is there.
const statusInstalled = "installed"

// used is "2/5", or the number alone where no limit is known.
func used(c apitypes.Count) string {
	if c.Max == 0 {
		return fmt.Sprint(c.Used)
	}
	return fmt.Sprintf("%d/%d", c.Used, c.Max)
}

// note is the one thing that should be known about a product.
func (a *app) note(p apitypes.Product) told {
	switch {
	case p.OverdueWhy != "":
		return told{words.Clean("! " + p.OverdueWhy), p.OverdueWhy}
	case p.Outcome != nil && p.Outcome.Outcome != "ok" && p.Outcome.Reason != "":
		return told{words.Clean(a.words.Outcome(p.Outcome.Outcome) + ": " + p.Outcome.Reason), p.Outcome.Outcome + ": " + p.Outcome.Reason}
	case p.Outcome != nil:
		return told{a.words.Outcome(p.Outcome.Outcome), p.Outcome.Outcome}
	case p.Waits != nil:
		return told{because(a.words.Reason(p.Waits.Reason), a.words.Detail(p.Waits.Reason, p.Waits.Detail)), because(p.Waits.Reason, p.Waits.Detail)}
	}
	return told{}
}

// because is a reason with its detail, of which it may have none: the product
// that is waited for, say.
func because(reason, detail string) string {
	if detail != "" {
		reason += " (" + detail + ")"
	}
	return words.Clean(reason)
}
