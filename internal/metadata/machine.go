// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"runtime"
	"slices"
)

// Machine is what an installer's requirement is compared with, in opsi's words.
type Machine struct {
	OS   string // windows, linux, macos
	Arch string // x86, x64, arm64, arm
}

// Words of a requirement that fit any machine; a missing key means the same.
const (
	anyOS   = "os_unknown"
	anyArch = "arch_unknown"
)

// ThisMachine is the machine this program was built for.
func ThisMachine() Machine {
	m := Machine{OS: runtime.GOOS, Arch: runtime.GOARCH}
	switch m.OS {
	case "darwin":
		m.OS = "macos"
	}
	switch m.Arch {
	case "amd64":
		m.Arch = "x64"
	case "386":
		m.Arch = "x86"
	}
	return m
}

// String is "linux x64".
func (m Machine) String() string { return m.OS + " " + m.Arch }

// fit says how closely a requirement fits: 0 = not at all, higher is closer. The
// system weighs more than the architecture, an exact architecture more than one
// the machine can only emulate.
func (m Machine) fit(os, arch string) int {
	rank := m.fitArch(arch)
	switch {
	case rank == 0:
		return 0
	case os == m.OS:
		return 10 + rank
	case os == anyOS:
		return rank
	}
	return 0
}

func (m Machine) fitArch(arch string) int {
	switch {
	case arch == m.Arch:
		return 4
	case arch == "x64" && m.Arch == "arm64" && m.OS == "windows":
		return 3
	case arch == "x86" && m.Arch == "arm64" && m.OS == "windows":
		return 2
	case arch == "x86" && m.Arch == "x64" && m.OS != "macos":
		return 2
	case arch == anyArch:
		return 1
	}
	return 0
}

// systems and architectures are opsi's words.
func systems() []string       { return []string{"windows", "linux", "macos", anyOS} }
func architectures() []string { return []string{"x86", "x64", "arm64", "arm", anyArch} }

func knownOS(os string) bool { return slices.Contains(systems(), os) }

func knownArch(arch string) bool { return slices.Contains(architectures(), arch) }
