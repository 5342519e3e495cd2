// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/storecheck"
	"github.com/quietsetup/quietsetup/store"
)

func (a *app) storeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "store",
		Short: "Check, copy, export or compact the log",
		Long: `Looks after the log of the service: its state folder (` + stateFolder() + `
unless --state-dir says otherwise) or a copy of one.

All but compact only read, also while the service works.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.storeCheckCommand(), a.storeCopyCommand(), a.storeExportCommand(), a.storeCompactCommand(), storeProbeCommand())
	return cmd
}

// stateFolder is the service's when nothing else is said.
func stateFolder() string {
	if runtime.GOOS != "windows" {
		return "/var/lib/quietsetup"
	}
	return filepath.Join(config.ProgramData(), "quietsetup", "state")
}

func (a *app) state() string { return cmp.Or(a.stateDir, stateFolder()) }

// storeProbeCommand is the child of probe.
func storeProbeCommand() *cobra.Command {
	return &cobra.Command{Use: "probe FILE", Hidden: true, Args: exact(1), RunE: func(_ *cobra.Command, args []string) error {
		return store.ProbeFile(args[0])
	}}
}

// probe looks at a log.db in a process of its own, which damage may kill or hang.
func (a *app) probe() func(context.Context, string) error {
	if a.Program == "" {
		return nil
	}
	return func(ctx context.Context, path string) error {
		cmd := exec.CommandContext(ctx, a.Program, "store", "probe", path)
		var said strings.Builder
		cmd.Stderr = &said // a few lines of our own, or a stack
		if err := cmd.Run(); err != nil {
			first, _, _ := strings.Cut(said.String(), "\n")
			return fmt.Errorf("it does not pass: %w: %s", err, strings.TrimPrefix(first, "quietsetup: "))
		}
		return nil
	}
}

func (a *app) storeCheckCommand() *cobra.Command {
	return withRows(&cobra.Command{
		Use:   "check [FOLDER|FILE]",
		Short: "Whether the log is what was written",
		Long: long(`
Checks a whole state folder, or a copy of one: both twins of the log, the chain,
the archive, each checkpoint against the fold, what installers left behind,
owners and rights, how the last run ended, and the room on the disk. FILE may be
a segment of the journal, an export, or a copy of log.db. Not a byte is changed.

While the service works its journal is read and log.db is left alone. A private
copy of log.db is made in the folder for temporary files.

A damaged twin is mended from the other at the next start of the service; see
docs/recovery.md. Files that the service would refuse for their owner or rights
are "unsafe", exit code 1.

JSON: store_check/v1.`, "8 damaged, or newer than this build", "9 no right to read it", "10 a log.db that is in use"),
		Args: atMost(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := cmp.Or(strings.Join(args, ""), a.file, a.state())
			r, err := storecheck.Check(cmd.Context(), path, storecheck.Options{Probe: a.probe(), Free: host.FreeSpace})
			if err != nil {
				return err
			}
			switch {
			case a.json:
				err = a.document(r)
			case a.csv():
				a.checkRows(r)
			default:
				a.printCheck(r)
			}
			switch {
			case err != nil:
				return err
			case r.Verdict == store.StateDamaged, r.Verdict == store.StateNewer:
				return done(exitDiverged)
			case r.Verdict == store.StateUnsafe:
				return done(exitFailed)
			}
			return nil
		},
	}, checkColumns()...)
}

func checkColumns() []string {
	return []string{"part", "state", "files", "records", "first", "last", "code", "file", "from", "to", "uid", "text"}
}

// checkRows are the parts and what is wrong with each, in the words of JSON.
func (a *app) checkRows(r storecheck.Report) {
	t := a.table(checkColumns()...)
	for _, p := range r.Parts {
		row := func(state store.State, f store.Fault) {
			t.row(p.Name, state, known(p.Files), known(p.Records), known(p.First), known(p.Last), f.Code, f.File, known(f.From), known(f.To), known(f.UID), f.Text)
		}
		if len(p.Faults) == 0 {
			row(p.State, store.Fault{})
		}
		for _, f := range p.Faults {
			row(f.State, f)
		}
	}
	t.print()
}

// known is a number; 0 says that there is none, as it is left out of JSON.
func known[N int | uint64](n N) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func (a *app) printCheck(r storecheck.Report) {
	a.say("store.title", i18n.Data{"Path": r.Path, "ID": r.StoreID, "Format": r.Format})
	if r.InUse {
		a.say("store.in_use", nil)
	}
	t := a.table("part", "state", "text")
	for _, p := range r.Parts {
		name, state := a.words.Text("part."+strings.ReplaceAll(p.Name, ".", "_"), nil), a.judged("grade", string(p.State))
		found := a.words.Text("store.part", i18n.Data{"Files": p.Files, "Records": p.Records, "First": p.First, "Last": p.Last})
		if len(p.Faults) == 0 {
			t.row(name, state, found)
		}
		for i, f := range p.Faults {
			if i > 0 {
				name, state = "", coloured{}
			}
			d := i18n.Data{"File": f.File, "From": f.From, "To": f.To, "UID": f.UID, "Text": f.Text}
			t.row(name, state, a.words.Text("fault."+f.Code, d))
		}
	}
	t.print()
	a.say("store.verdict", i18n.Data{"Verdict": a.judged("grade", string(r.Verdict)).word, "Records": r.Records, "First": r.First, "Last": r.Last})
}

// copyDoc is the JSON of store copy.
type copyDoc struct {
	Schema string         `json:"schema"` // store_copy/v1
	From   string         `json:"from"`
	To     string         `json:"to"`
	InUse  bool           `json:"in_use"` // log.db was left out
	Bytes  int64          `json:"bytes"`
	Files  []store.Copied `json:"files"`
}

func (a *app) storeCopyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "copy DEST",
		Short: "A consistent copy for support or a backup",
		Long: long(`
Copies the log to the folder DEST, which must not exist or be empty: journal and
archive, the outcomes of installers, and log.db if the service does not work.
Each file is read back and its hash compared. The service is not kept waiting.

The copy holds private parts (user names, paths below homes); to hand a log to
others use store export. It can be read with store check, replay --verify and
--file.

JSON: store_copy/v1.`, "9 no right to read it"),
		Args: exact(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if a.file != "" {
				return usage(errors.New("--file does not go with this: it copies the state folder, see --state-dir"))
			}
			d := copyDoc{Schema: "store_copy/v1", From: a.state(), To: args[0]}
			var err error
			if d.Files, d.InUse, err = store.Duplicate(d.From, d.To); err != nil {
				return err
			}
			for _, f := range d.Files {
				d.Bytes += f.Bytes
			}
			if a.json {
				return a.document(d)
			}
			a.say("store.copied", i18n.Data{"To": d.To, "Files": len(d.Files), "Size": size(d.Bytes)})
			if d.InUse {
				a.say("store.without_db", nil)
			}
			return nil
		},
	}
}

// compactDoc is the JSON of store compact.
type compactDoc struct {
	Schema   string `json:"schema"` // store_compact/v1
	StateDir string `json:"state_dir"`
	Before   int64  `json:"before_bytes"` // of log.db
	After    int64  `json:"after_bytes"`
	Archived int    `json:"archived_segments"`
}

func (a *app) storeCompactCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Make log.db as small as it can be",
		Long: long(`
Moves segments of the journal that belong there to the archive and writes log.db
anew without what is archived and without free space. The new file is checked
before it takes the place of the old one. No record is lost, whatever happens
meanwhile.

The service must be stopped, and must have ended in order: what an interrupted
run left behind is for the service to mend and to record.

JSON: store_compact/v1.`, "8 damaged, or newer than this build", "9 no right to change it", "10 the service works on it"),
		Args: exact(0),
		RunE: func(*cobra.Command, []string) error {
			if a.file != "" {
				return usage(errors.New("--file does not go with this: it works on the state folder, see --state-dir"))
			}
			s, _, err := store.Open(store.Options{Dir: a.state(), OnlyClean: true, Probe: a.probe()})
			if err != nil {
				return err
			}
			c, err := s.Compact()
			if err = errors.Join(err, s.Close()); err != nil {
				return err
			}
			d := compactDoc{Schema: "store_compact/v1", StateDir: a.state(), Before: c.Before, After: c.After, Archived: c.Archived}
			if a.json {
				return a.document(d)
			}
			a.say("store.compacted", i18n.Data{"Before": size(d.Before), "After": size(d.After), "Archived": d.Archived})
			return nil
		},
	}
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 10<<10:
		return fmt.Sprintf("%d B", n)
	case n < 10<<20:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 10<<30:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
