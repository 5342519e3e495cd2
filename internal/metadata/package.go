// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"fmt"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// Package is a product's package as it counts on this machine.
type Package struct {
	events.Package
	Priority     int // -100..100, higher first
	Dependencies []Dependency
	Installer    *Installer // the one for this machine; nil if none is listed
	// Scripts are what the control file names for opsi-script, by action.
	Scripts    map[events.Action]string
	RequiredMB int64        // space the installer needs, in megabytes; 0 = not known
	Policy     policy.Layer // what the packager says about policy
	Warnings   []string     // one line each, with file, line and key

	install, uninstall tomlfile.Mistake // where the commands stand, without a text
}

// Installer is the installer of the metadata file that was chosen.
type Installer struct {
	Name     string
	OS, Arch string // what it requires, as compared: "windows", "x64"
	At       string // where it stands, "file:line"
}

// Dependency is one [ProductDependency] of a control file.
type Dependency struct {
	Action         events.Action // the action of this product that has the dependency
	Product        string
	RequiredAction events.Action // what must be done with Product; "" = only RequiredStatus counts
	RequiredStatus string        // installed, not_installed, or ""
	// ProductVersion and PackageVersion are what Product must have; "" = any.
	ProductVersion, PackageVersion string

	After     bool // Product's action comes after this one, not before
	Unordered bool // Product's action is added too, and may come before or after
}

// Requires lists the products that must be done before the action, in the order
// of the control file.
func (p Package) Requires(a events.Action) []string {
	var out []string
	seen := map[string]bool{p.Product: true}
	for _, d := range p.Dependencies {
		if d.Action == a && !d.After && !d.Unordered && !seen[d.Product] {
			seen[d.Product] = true
			out = append(out, d.Product)
		}
	}
	return out
}

// Asks is the action that the dependency asks for, none if it asks for nothing.
func (d Dependency) Asks() events.Action {
	switch {
	case d.RequiredAction != "":
		return d.RequiredAction
	case d.RequiredStatus == events.StatusInstalled:
		return events.ActionSetup
	case d.RequiredStatus == events.StatusNotInstalled:
		return events.ActionUninstall
	}
	return events.ActionNone
}

// Fits reports whether a product of these versions is the one that is meant.
func (d Dependency) Fits(productVersion, packageVersion string) bool {
	return (d.ProductVersion == "" || d.ProductVersion == productVersion) && (d.PackageVersion == "" || d.PackageVersion == packageVersion)
}

// The codes of a Problem.
const (
	CodeMissing    = "package_missing"     // the depot has no such package
	CodeUnreadable = "metadata_unreadable" // a file of it cannot be read or says something impossible
	CodeNothing    = "nothing_fits"        // no installer is for this machine
	CodeNoCommand  = "no_command"          // nothing says how to carry out the action, or what it says cannot be started
	CodeDirectory  = "bad_directory"       // a directory that must not or cannot be searched
)

// The codes of mistakes and doubts beside those of tomlfile.
const (
	CodeFiles     = "file"              // a file or folder is missing, or not plain
	CodeSection   = "unknown-section"   // of a control file
	CodeID        = "id-mismatch"       // the product is called otherwise than its folder
	CodeType      = "not-localboot"     // a product of another kind
	CodeVersion   = "bad-version"       // of product or package
	CodeNewer     = "newer-version"     // our table is of a later quietsetup
	CodeSchema    = "unknown-version"   // of the metadata file
	CodeSystem    = "unknown-system"    // an installer for a system that nobody knows
	CodeEqual     = "same-requirement"  // two installers for the same machines
	CodeConstant  = "unknown-constant"  // a %Name% that nobody knows
	CodeUser      = "user-constant"     // a %Name% that is of one user
	CodePlaces    = "machine-constant"  // a %Name% that is known on the machine alone
	CodePath      = "bad-path"          // not one exact absolute path
	CodeUnsafe    = "unsafe-directory"  // too wide, or the system's
	CodeProcess   = "bad-process"       // no program can be called so
	CodeInvisible = "control-character" // in a name or path
	CodeBlind     = "nothing-to-hold"   // names no directory and no program
)

// CheckCommand returns nil if a command can be started from a package's folder.
// The error says why it cannot.
type CheckCommand func(folder string, argv []string) error

// CheckStart returns a Problem if the package has no command for the action, or
// one that check does not let start: better now than when programs were closed
// for it. Without a check no command is good.
func (p Package) CheckStart(a events.Action, check CheckCommand) *events.Problem {
	if problem := p.CheckAction(a); problem != nil {
		return problem
	}
	at := p.CommandAt(a)
	argv := p.CommandFor(a)
	if check == nil {
		at.Text = fmt.Sprintf("%.200q cannot be judged", argv[0])
	} else if err := check(p.Folder, argv); err != nil {
		at.Text = err.Error()
	} else {
		return nil
	}
	return &events.Problem{Code: CodeNoCommand, Message: at.Error()}
}

// CommandAt is where the command for an action stands, as a mistake without a
// text; without a file if there is none.
func (p Package) CommandAt(a events.Action) tomlfile.Mistake {
	if a == events.ActionUninstall {
		return p.uninstall
	}
	return p.install
}

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
		Message: p.Product + "/" + MetaFile + ": quietsetup." + key + ": is not set, so there is nothing to run for " + string(a)}
}
