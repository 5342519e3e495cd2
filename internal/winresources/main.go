// SPDX-License-Identifier: Apache-2.0

// Command winresources writes what Windows reads in our programs: manifest, icon
// and version information. Each goes to a file rsrc_windows_ARCH.syso beside the
// program's main.go, from where the Go linker takes it.
//
//	go run ./internal/winresources
//
// The files are committed, so that a build needs no generator; a test fails when
// they are not what it gives.
//
// # The manifest
//
// It asks for version 6 of the common controls, without which there are no task
// dialogs; says that windows scale themselves on every screen (PerMonitorV2); and
// that the program runs with the rights of who starts it. The last matters for
// all three: a program with "setup" in its name and no word about rights may be
// taken for an installer, for which Windows asks for an administrator.
//
// # The version
//
// In the committed files the number is 0.0.0.0: they cannot know the build they end
// up in. What is shipped gets the number of the MSI once it is linked:
//
//	go run ./internal/winresources -stamp 0.0.1234 bin/windows/*.exe
//
// Of two files with the same name Windows Installer keeps the one with the higher
// number ("File Versioning Rules").
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tc-hib/winres"
	"github.com/tc-hib/winres/version"
)

// program is one of our programs, as Windows shows it to people.
type program struct{ name, description string }

func programs() []program {
	return []program{
		{"quietsetup", "quietsetup command line"},
		{"quietsetupd", "quietsetup service"},
		{"quietsetup-prompt", "quietsetup: questions about software on this computer"},
	}
}

func arches() []winres.Arch { return []winres.Arch{winres.ArchAMD64, winres.ArchARM64} }

// file is where the resources of a program lie, below the folder of the module.
func (p program) file(arch winres.Arch) string {
	return filepath.Join("cmd", p.name, "rsrc_windows_"+string(arch)+".syso")
}

// iconID is the resource whose icon the Explorer shows: the lowest number.
const iconID = winres.ID(1)

// english is the language that the version information says it is in.
const english = 0x0409

// object is the file's content. It is the same each time.
func (p program) object(arch winres.Arch) ([]byte, error) {
	var rs winres.ResourceSet
	rs.SetManifest(winres.AppManifest{
		Description:         p.description,
		Compatibility:       winres.Win10AndAbove,
		ExecutionLevel:      winres.AsInvoker,
		DPIAwareness:        winres.DPIPerMonitorV2,
		LongPathAware:       true,
		UseCommonControlsV6: true,
	})
	icon, err := winres.NewIconFromImages(icons())
	if err != nil {
		return nil, fmt.Errorf("cannot make the icon of %s: %w", p.name, err)
	}
	if err := rs.SetIcon(iconID, icon); err != nil {
		return nil, fmt.Errorf("cannot make the icon of %s: %w", p.name, err)
	}
	var vi version.Info
	for key, value := range map[string]string{
		version.ProductName:      "quietsetup",
		version.FileDescription:  p.description,
		version.OriginalFilename: p.name + ".exe",
		version.LegalCopyright:   "The quietsetup authors, Apache License 2.0",
	} {
		if err := vi.Set(english, key, value); err != nil {
			return nil, fmt.Errorf("cannot name %s of %s: %w", key, p.name, err)
		}
	}
	rs.SetVersionInfo(vi)
	var b bytes.Buffer
	if err := rs.WriteObject(&b, arch); err != nil {
		return nil, fmt.Errorf("cannot write the resources of %s: %w", p.name, err)
	}
	return b.Bytes(), nil
}

func main() {
	dir := flag.String("C", ".", "the module's `folder`")
	version := flag.String("stamp", "", "write this `version` into the programs that are named")
	flag.Parse()
	if *version != "" {
		v, err := numbers(*version)
		for _, file := range flag.Args() {
			if err == nil {
				err = stamp(file, v)
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "winresources: cannot stamp:", err)
			os.Exit(1)
		}
		return
	}
	for _, p := range programs() {
		for _, arch := range arches() {
			text, err := p.object(arch)
			if err == nil {
				err = os.WriteFile(filepath.Join(*dir, p.file(arch)), text, 0o644)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "winresources:", err)
				os.Exit(1)
			}
		}
	}
}
