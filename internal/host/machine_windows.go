// SPDX-License-Identifier: Apache-2.0

package host

import (
	"os"

	"github.com/quietsetup/quietsetup/checks"
)

// platform is what a Machine keeps on Windows.
type platform struct {
	logons   logons                         // who is asked for sessions
	services func() (map[int32]bool, error) // the processes of services
	holders  holders                        // who uses files
	presence
}

// New returns the machine. It opens nothing and starts nothing.
func New(o Options) *Machine {
	m := &Machine{options: o, platform: platform{logons: terminalServices{}, services: serviceProcesses, holders: newRestartManager()}}
	if exe, err := os.Executable(); err == nil {
		own := []string{exe}
		if real, err := m.Resolve(exe); err == nil && real != exe {
			own = append(own, real)
		}
		m.options.Own = append(own, o.Own...)
	}
	return m
}

// Rules returns the rules of paths of Windows.
func (m *Machine) Rules() checks.PathRules { return checks.Windows() }
