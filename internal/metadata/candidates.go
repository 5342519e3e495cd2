// SPDX-License-Identifier: Apache-2.0

package metadata

import "github.com/quietsetup/quietsetup/internal/metadata/tomlfile"

// Candidate is one installer of a metadata file, and why it is the one for a
// machine or is not.
type Candidate struct {
	Installer
	Path string // as written
	Why  Reason
}

// Reason says how a candidate stands to a machine.
type Reason string

// The reasons.
const (
	ReasonChosen  Reason = "chosen"
	ReasonSystem  Reason = "other_system"       // is for another system
	ReasonArch    Reason = "other_architecture" // does not run on the machine's processor
	ReasonCloser  Reason = "another_is_closer"  // would run, but another fits more closely
	ReasonEarlier Reason = "another_is_earlier" // fits as well, but another stands before it
	ReasonWord    Reason = "unknown_word"       // its requirement names nothing that is known
)

// candidates judges every installer beside the chosen one.
func (m Machine) candidates(installers []*tomlfile.Table, chosen *tomlfile.Table) []Candidate {
	most := 0
	if chosen != nil {
		most = m.fit(Requires(chosen))
	}
	var out []Candidate
	for _, t := range installers {
		os, arch := Requires(t)
		c := Candidate{Installer: Installer{Name: t.Text("name", ""), OS: os, Arch: arch, At: t.Place("")}, Path: t.Text("path", "")}
		switch {
		case t == chosen:
			c.Why = ReasonChosen
		case !knownOS(os) || !knownArch(arch):
			c.Why = ReasonWord
		case os != m.OS && os != anyOS:
			c.Why = ReasonSystem
		case m.fitArch(arch) == 0:
			c.Why = ReasonArch
		case m.fit(os, arch) == most:
			c.Why = ReasonEarlier
		default:
			c.Why = ReasonCloser
		}
		out = append(out, c)
	}
	return out
}
