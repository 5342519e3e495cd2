// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

func (a *app) syncCommand() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Look now at what the source wants",
		Long: long(`
Has the service look at its source now, the opsi server or the folder of packages,
and tells what is wanted, in the order in which it comes, what happens to each
product now, and which reports the source does not show yet. A server that could
not be reached is asked at once; what a server itself asked for, or a login that
it refused, is waited for all the same.

It ends with 1 if the source gave no answer.

With --dry-run nothing of what the source shows is brought in. Packages and
programs are looked at all the same.

JSON: sync/v1.`, "3 the daemon is not running", "9 needs privileges"),
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.daemon()
			if err != nil {
				return err
			}
			s, err := c.Sync(cmd.Context(), dry)
			if err != nil {
				return err
			}
			if a.json {
				err = a.document(s)
			} else {
				a.printSync(s)
			}
			if err == nil && !s.Answered {
				return done(exitFailed)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "look only, bring nothing in")
	return withRows(cmd, "product", "action", "version", "now", "waits")
}

func (a *app) printSync(s apitypes.Sync) {
	if !a.csv() {
		a.printSource(s.Source)
		if len(s.Wanted) == 0 {
			a.say("sync.nothing", nil)
		}
		fmt.Fprintln(a.Out)
	}
	if len(s.Wanted) > 0 || a.csv() {
		t := a.table("product", "action", "version", "now", "waits")
		for _, p := range s.Wanted {
			waits := told{}
			if p.Waits != nil {
				waits = told{because(a.words.Reason(p.Waits.Reason), a.words.Detail(p.Waits.Reason, p.Waits.Detail)), because(p.Waits.Reason, p.Waits.Detail)}
			}
			t.row(p.Product, p.Action, p.Version, told{a.oneOf(p.Now, "sync.wait", "sync.look", "sync.ask", "sync.close", "sync.install", "sync.report"), p.Now}, waits)
		}
		t.print()
	}
	if a.csv() {
		return
	}
	for _, r := range s.Reports {
		a.say("sync.due", i18n.Data{"Product": r.Product, "Status": r.Status, "Version": r.Version, "Result": r.Result, "Request": r.Request, "Progress": r.Progress,
			"State": a.oneOf(r.State, "report.due", "report.failing", "report.refused")})
	}
}

// printSource tells how a source is, and of a server what to do about it.
func (a *app) printSource(src apitypes.Source) {
	a.say("status.source", i18n.Data{"Kind": src.Kind, "Place": src.Place, "State": src.State, "Reason": src.Reason})
	if v := src.Server; v != nil {
		a.say("status.server", i18n.Data{"HostID": v.HostID, "Version": v.Version, "Last": a.when(src.Last)})
		if v.KnownAs != "" {
			a.say("status.server_name", i18n.Data{"Name": v.KnownAs})
		}
		if len(v.Held) > 0 {
			a.say("status.server_held", i18n.Data{"Products": strings.Join(v.Held, ", ")})
		}
		if len(v.Gone) > 0 {
			a.say("status.server_gone", i18n.Data{"Products": strings.Join(v.Gone, ", ")})
		}
		if v.AsksToo {
			a.say("status.server_asks", nil)
		}
		if v.EventsLost {
			a.say("status.server_events_lost", nil)
		}
		for _, text := range v.Ignored {
			a.say("status.server_ignored", i18n.Data{"Text": text})
		}
	}
	a.printTrouble(src)
}

// printTrouble tells since when a server gives no good answer, and what to do.
func (a *app) printTrouble(src apitypes.Source) {
	if src.Class == "" {
		return
	}
	a.say("status.server_since", i18n.Data{"Since": a.when(src.Since), "Again": a.when(src.Again)})
	a.say("status.server_mend", i18n.Data{"Do": a.oneOf(src.Class, "server.unreachable", "server.certificate", "server.login", "server.blocked", "server.busy", "server.failed",
		"server.rejected", "server.answer")})
}

// oneOf is the text of a word that a daemon says, which may be newer than this
// program: a word without a text stays as it is.
func (a *app) oneOf(word string, keys ...string) string {
	for _, key := range keys {
		if strings.HasSuffix(key, "."+word) {
			return a.words.Text(key, nil)
		}
	}
	return i18n.Clean(word, 50)
}
