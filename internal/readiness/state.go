// SPDX-License-Identifier: Apache-2.0

package readiness

import (
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// State says whether a package is fit to be installed while people work.
type State string

// The states.
const (
	Capable       State = "capable"
	NoMetadata    State = "no_metadata"      // nothing says what would be disturbed
	NotBackground State = "not_background"   // it says itself that nobody may be there
	Unsafe        State = "unsafe_directory" // it looks in a place that is too wide, or the system's
	Defect        State = "defect"           // something else about it is wrong
	NoCommand     State = "no_command"       // nothing that quietsetup could run for this action
	NoPackage     State = "no_package"       // not where packages are looked for
)

// StateOf judges a package for an action by how it was read: problem is why it
// cannot be used, and mistakes are all that is wrong with it.
func StateOf(p events.Package, problem *events.Problem, mistakes []tomlfile.Mistake, a events.Action) State {
	unsafe := slices.ContainsFunc(mistakes, func(m tomlfile.Mistake) bool { return m.Code == metadata.CodeUnsafe })
	switch {
	case problem != nil && problem.Code == metadata.CodeMissing:
		return NoPackage
	case unsafe:
		return Unsafe
	case problem != nil:
		return Defect
	case len(p.CommandFor(a)) == 0:
		return NoCommand
	case !p.Metadata:
		return NoMetadata
	case !p.Background:
		return NotBackground
	}
	return Capable
}
