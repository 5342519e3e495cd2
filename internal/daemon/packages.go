// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// parts are what every source stands on.
type parts struct {
	config config.Config
	eyes   checks.Host
	log    zerolog.Logger
	submit submit
	view   func(func(*fsm.Client)) // the engine's View
}

// reader reads the packages below a folder.
func (p parts) reader(depot string) metadata.Reader {
	machine := metadata.ThisMachine()
	return metadata.Reader{Depot: depot, Overlay: p.config.Overlay, Machine: machine, Constants: metadata.MachineConstants(machine).WithFolders(metadata.Folders(host.SystemFolders())),
		CheckDir: func(dir string) error {
			if err := checks.CheckDir(p.eyes.Rules(), dir); err != nil {
				return err
			}
			real, err := p.eyes.Resolve(dir)
			if err != nil {
				return err
			}
			return checks.CheckDir(p.eyes.Rules(), real)
		},
		OldFolders: host.InstalledFolders, CheckOverlay: config.CheckOwner}
}

// policy puts the policy of a package together. The layers of a server are asked
// for each time: it may have said something else meanwhile.
func (p parts) policy(server func(product string) []policy.Layer) func(metadata.Package) (events.Policy, []string) {
	return func(pkg metadata.Package) (events.Policy, []string) {
		effective, warnings := p.config.Policy(pkg.Product, pkg.Policy, server(pkg.Product)...)
		var lines []string
		for _, w := range warnings {
			lines = append(lines, w.String())
		}
		return effective, lines
	}
}

func (p parts) warn(product, line string) { p.log.Warn().Str("product", product).Msg(line) }
