// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// Package is a product's package as it counts on this machine.
type Package struct {
	events.Package
	Priority     int // -100..100, higher first
	Dependencies []Dependency
	Policy       policy.Layer // what the packager says about policy
	Warnings     []string     // one line each, with file, line and key
}

// Dependency is one [[ProductDependency]] of control.toml.
type Dependency struct {
	Action         events.Action // the action of this product that has the dependency
	Product        string
	RequiredAction events.Action // what must be done with Product; "" = only RequiredStatus counts
	RequiredStatus string        // installed, not_installed, or ""
	After          bool          // Product's action comes after this one, not before
}

// Requires lists the products that must be done before the action, in the order
// of the control file.
func (p Package) Requires(a events.Action) []string {
	var out []string
	seen := map[string]bool{p.Product: true}
	for _, d := range p.Dependencies {
		if d.Action == a && !d.After && !seen[d.Product] {
			seen[d.Product] = true
			out = append(out, d.Product)
		}
	}
	return out
}

// The codes of a Problem.
const (
	CodeMissing    = "package_missing"     // the depot has no such package
	CodeUnreadable = "metadata_unreadable" // a file of it cannot be read or says something impossible
	CodeNothing    = "nothing_fits"        // no installer is for this machine
	CodeNoCommand  = "no_command"          // nothing says how to carry out the action
	CodeDirectory  = "bad_directory"       // a directory that must not or cannot be searched
)

// CheckAction returns a Problem if the package has no command for the action.
func (p Package) CheckAction(a events.Action) *events.Problem {
	if len(p.CommandFor(a)) > 0 {
		return nil
	}
	key := "command"
	if a == events.ActionUninstall {
		key = "uninstall_command"
	}
	return &events.Problem{Code: CodeNoCommand,
		Message: p.Product + "/" + metaFile + ": quietsetup." + key + ": is not set, so there is nothing to run for " + string(a)}
}
