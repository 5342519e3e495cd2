// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/configcheck"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// configCommand is the parent of what reads the config file. It needs no daemon:
// a file can be tried before it is put in place.
func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "What the config file and the packages say, and what counts",
		Long: `Shows what counts on this machine and who said so, and finds what is wrong with
the config file before the service does. It reads files and asks no daemon.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.configShowCommand(), a.configCheckCommand())
	return cmd
}

// packages reads the packages that a config names, as the daemon reads them.
func packages(c config.Config) metadata.Reader {
	machine, eyes := metadata.ThisMachine(), host.New(host.Options{})
	return metadata.Reader{Depot: c.Source.Depot, Overlay: c.Overlay, Machine: machine, Constants: metadata.MachineConstants(machine).WithFolders(metadata.Folders(host.SystemFolders())),
		CheckDir: func(dir string) error {
			if err := checks.CheckDir(eyes.Rules(), dir); err != nil {
				return err
			}
			real, err := eyes.Resolve(dir)
			if err != nil {
				return err
			}
			return checks.CheckDir(eyes.Rules(), real)
		},
		OldFolders: host.InstalledFolders, CheckOverlay: config.CheckOwner}
}

// loadConfig reads a config file. Each mistake is said in a line of its own, so
// that an editor can go there.
func (a *app) loadConfig(path string) (config.Config, error) {
	c, err := config.Load(path)
	if mistakes := tomlfile.Mistakes(err); len(mistakes) > 0 && !errors.Is(err, fs.ErrPermission) {
		slices.SortStableFunc(mistakes, func(a, b tomlfile.Mistake) int { return cmp.Compare(a.Line, b.Line) })
		for _, m := range mistakes {
			fmt.Fprintln(a.Err, words.Clean(m.Error()))
		}
		return c, done(exitInvalid)
	}
	return c, err
}

// allowed says what a value of a policy key must be.
func allowed(w *words.Words, k policy.Key) string {
	return w.Text("allowed."+string(k.Kind), i18n.Data{"Words": strings.Join(k.Words, ", "), "Least": k.Least, "Most": k.Most})
}

// originIn is who a layer is, in a language.
func originIn(w *words.Words, o string) string {
	if t := w.Text("origin."+o, nil); t != "[origin."+o+"]" {
		return t
	}
	return words.Clean(o)
}

// wordsOf is the sentence about a finding.
func wordsOf(w *words.Words, f configcheck.Finding) string {
	d := i18n.Data{}
	for k, v := range f.Args {
		d[k] = v
	}
	if k, ok := policy.Lookup(f.Args["Policy"]); ok {
		d["Allowed"], d["Origin"] = allowed(w, k), originIn(w, f.Args["Origin"])
	}
	if values := f.Args["Values"]; values != "" {
		return w.Text("clash."+f.Code, nil) + " (" + words.Clean(values) + ")"
	}
	return w.Text("finding."+f.Code, d)
}
