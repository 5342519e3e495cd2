// SPDX-License-Identifier: Apache-2.0

package host

import (
	"path/filepath"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/quietsetup/quietsetup/checks"
)

// SystemFolders returns where this machine keeps things. They are read from the
// registry that the whole machine shares: the environment and the shell speak
// for the account they are asked by, and the shell is large.
func SystemFolders() Folders {
	const (
		current  = `SOFTWARE\Microsoft\Windows\CurrentVersion`
		profiles = `SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList`
		shell    = current + `\Explorer\Shell Folders`
	)
	// In the 32-bit view "Program Files" is the folder of 32-bit programs.
	read := func(key, name string) string {
		text, err := registryText(registry.LOCAL_MACHINE, key, name, registry.WOW64_64KEY)
		if err != nil {
			return ""
		}
		return local(text)
	}
	f := Folders{
		ProgramFiles: read(current, "ProgramFilesDir"), ProgramFilesX86: read(current, "ProgramFilesDir (x86)"),
		Profiles: read(profiles, "ProfilesDirectory"), DefaultProfile: read(profiles, "Default"), Public: read(profiles, "Public"), ProgramData: read(profiles, "ProgramData"),
		StartMenu: read(shell, "Common Start Menu"), Programs: read(shell, "Common Programs"), Startup: read(shell, "Common Startup"), Desktop: read(shell, "Common Desktop"),
	}
	if f.ProgramFilesX86 == "" { // a 32-bit Windows has one folder
		f.ProgramFilesX86 = f.ProgramFiles
	}
	if f.DefaultProfile == "" && f.Profiles != "" {
		f.DefaultProfile = filepath.Join(f.Profiles, "Default") // where it is unless somebody moved it
	}
	if dir, err := windows.GetSystemWindowsDirectory(); err == nil {
		f.Windows = local(dir)
	}
	if dir, err := windows.GetSystemDirectory(); err == nil {
		f.System = local(dir)
	}
	return f
}

// local returns a folder on a drive of the machine, "" for anything else.
func local(dir string) string {
	dir = filepath.Clean(dir)
	if len(dir) < 4 || dir[1] != ':' || !checks.Windows().IsAbs(dir) {
		return ""
	}
	return dir
}
