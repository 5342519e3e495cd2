// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/view"
)

func (a *app) metaExplainCommand() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain DIR|PRODUCT",
		Short: "What a package's metadata means on a machine",
		Long: long(`
Says what comes of a package's metadata on this machine, or on the one named by
--machine: which installer is chosen and why not the others, the directories and
programs that are looked for, whether it may run while people are there, how it is
run and what policy counts. For this machine it also looks which programs it
would hit now. Nothing is done about them.

A name with a slash, or that is a folder, is a package's folder; anything else is
a product of the depot in the config file, or of --depot.

JSON: meta_explain/v1.`, "4 no such product", "7 the package cannot be used, or the configuration is not valid"),
		Example: `  quietsetup meta explain ./firefox
  quietsetup meta explain firefox --machine windows-arm64`,
		Args: exact(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.metaExplain(cmd.Context(), args[0], o) },
	}
	cmd.Flags().StringVar(&o.machine, "machine", "", "machine in question, like windows-x64, linux-arm64, macos-arm64 (default: this one)")
	cmd.Flags().StringVar(&o.depot, "depot", "", "folder of packages (default: that of the config file)")
	cmd.Flags().StringVar(&o.config, "config", "", "config file (default "+config.DefaultPath()+")")
	return withRows(cmd, explainColumns()...)
}

type explainOptions struct{ machine, depot, config string }

func (a *app) metaExplain(ctx context.Context, what string, o explainOptions) error {
	machine, err := machineOf(o.machine)
	if err != nil {
		return err
	}
	c, err := config.Load(o.config)
	if err != nil {
		return err
	}
	depot, id, err := where(what, o.depot, c)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(filepath.Join(depot, id))
	if errors.Is(err, fs.ErrNotExist) {
		return notFound(fmt.Errorf("no product %q: there is no folder %s", id, filepath.Join(depot, id)))
	}
	if err != nil {
		return fmt.Errorf("cannot open the package: %w", err)
	}
	defer root.Close()

	here := machine == metadata.ThisMachine()
	m := host.New(host.Options{OwnUserOnly: os.Geteuid() != 0})
	there := depot
	if machine.OS == "windows" && runtime.GOOS != "windows" {
		there = `C:\ProgramData\quietsetup\depot` // where it lies as the system comes
	}
	constants := metadata.StandardConstants(machine)
	if here {
		constants = constants.WithFolders(metadata.Folders(host.SystemFolders()))
	}
	r := metadata.Reader{Depot: there, Overlay: c.Overlay, Machine: machine, Constants: constants,
		CheckDir: checkDir(machine, here, m), CheckOverlay: config.CheckOwner}
	if here {
		r.OldFolders = host.InstalledFolders
	}
	exam, err := r.Examine(root, id)
	if err != nil {
		return fmt.Errorf("cannot look at the package: %w", err)
	}
	policy, warnings := c.Policy(id, exam.Package.Policy)
	doc := explained(exam, machine, here)
	doc.Policy = view.PolicyValues(policy)
	for _, w := range warnings {
		doc.Warnings = append(doc.Warnings, w.String())
	}
	if here && len(exam.Mistakes) == 0 {
		seen := checks.Look(ctx, m, exam.Package.Package)
		doc.Now = &explainNow{Complete: seen.Complete, Reason: seen.Reason, Programs: view.Programs(seen.Programs, view.Open(nil)),
			OwnUserOnly: os.Geteuid() != 0}
	}
	if a.json {
		err = a.document(doc)
	} else {
		a.printExplained(doc)
	}
	if err == nil && len(doc.Mistakes) > 0 {
		return done(exitInvalid)
	}
	return err
}

// machineOf reads "windows-x64"; "" is this machine.
func machineOf(s string) (metadata.Machine, error) {
	if s == "" {
		return metadata.ThisMachine(), nil
	}
	system, arch, _ := strings.Cut(s, "-")
	m := metadata.Machine{OS: system, Arch: arch}
	if !m.Known() {
		return m, usage(fmt.Errorf("no machine %q: --machine is windows, linux or macos, a hyphen, and x86, x64, arm64 or arm", s))
	}
	return m, nil
}

// where finds the depot and the id of what was named.
func where(what, depot string, c config.Config) (dir, id string, err error) {
	info, statErr := os.Stat(what)
	if strings.ContainsAny(what, `/\`) || what == "." || what == ".." || depot == "" && statErr == nil && info.IsDir() {
		dir, err := filepath.Abs(what)
		if err != nil {
			return "", "", fmt.Errorf("cannot name the folder %s: %w", what, err)
		}
		id := filepath.Base(dir)
		if err := productid.Check(id); err != nil {
			return "", "", notFound(fmt.Errorf("no package %s: its folder's name is its product's id, and that is %w", what, err))
		}
		return filepath.Dir(dir), id, nil
	}
	if err := productid.Check(what); err != nil {
		return "", "", notFound(fmt.Errorf("no such product: %w", err))
	}
	if depot == "" {
		return c.Source.Depot, what, nil
	}
	dir, err = filepath.Abs(depot)
	if err != nil {
		return "", "", fmt.Errorf("cannot name the folder %s: %w", depot, err)
	}
	return dir, what, nil
}

// readerHere reads the packages of the config's depot as the service does.
func readerHere(c config.Config, m *host.Machine) metadata.Reader {
	machine := metadata.ThisMachine()
	return metadata.Reader{Depot: c.Source.Depot, Overlay: c.Overlay, Machine: machine,
		Constants: metadata.StandardConstants(machine).WithFolders(metadata.Folders(host.SystemFolders())),
		CheckDir:  checkDir(machine, true, m), OldFolders: host.InstalledFolders, CheckOverlay: config.CheckOwner}
}

// checkDir judges directories by the rules of the machine in question, and on
// this one also where they really lead, as the service does.
func checkDir(machine metadata.Machine, here bool, h checks.Host) func(string) error {
	rules := checks.Unix()
	if machine.OS == "windows" {
		rules = checks.Windows()
	}
	return func(dir string) error {
		if err := checks.CheckDir(rules, dir); err != nil || !here {
			return err
		}
		real, err := h.Resolve(dir)
		if err != nil {
			return err
		}
		return checks.CheckDir(rules, real)
	}
}
