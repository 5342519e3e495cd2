// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/internal/winfile"
)

// windowsDir is the folder of Windows itself, asked of the system and not of the
// environment.
func windowsDir() string {
	dir, err := windows.GetSystemWindowsDirectory()
	if err != nil {
		return `C:\Windows`
	}
	return dir
}

// programFolders is where bare names are looked up, and the installer's PATH. It
// holds only folders of Windows.
func programFolders() []string {
	dir := windowsDir()
	system := filepath.Join(dir, "System32")
	return []string{system, dir, filepath.Join(system, "Wbem"), filepath.Join(system, "WindowsPowerShell", "v1.0")}
}

// fixedEnv is the whole environment of every program this package starts: what
// Windows gives a new process of this account, less the account's own additions,
// and with a PATH of Windows' own folders. Nothing of the daemon's own environment
// gets through.
func fixedEnv() []string {
	dir := windowsDir()
	env := []string{"PATH=" + strings.Join(programFolders(), ";")}
	names := passed()
	if winfile.Privileged() {
		temp := systemTemp(dir)
		env = append(env, "TEMP="+temp, "TMP="+temp)
	} else {
		names = append(names, "TEMP", "TMP")
	}
	all, err := accountEnv()
	if err != nil {
		return append(env, "SystemRoot="+dir, "windir="+dir)
	}
	for _, e := range all {
		name, _, _ := strings.Cut(e, "=")
		if slices.ContainsFunc(names, func(n string) bool { return sameVariable(n, name) }) {
			env = append(env, e)
		}
	}
	return env
}

// accountEnv is the environment of a new process of this account. The right to
// duplicate the token is needed for it ("CreateEnvironmentBlock function").
func accountEnv() ([]string, error) {
	var token windows.Token
	if err := windows.OpenProcessToken(windows.CurrentProcess(), windows.TOKEN_QUERY|windows.TOKEN_DUPLICATE, &token); err != nil {
		return nil, err
	}
	defer token.Close()
	return token.Environ(false)
}

// systemTemp is the system's folder for what is thrown away: the one that newer
// builds of Windows keep from users ("GetTempPath2W function"). Older ones have only
// Temp, where every user may put a library beside what a setup unpacks; there the
// private one is made.
func systemTemp(windowsDir string) string {
	private := filepath.Join(windowsDir, "SystemTemp")
	err := winfile.MakePrivate(private)
	if info, lost := os.Stat(private); lost == nil && info.IsDir() && (err == nil || errors.Is(err, fs.ErrExist)) {
		return private
	}
	return filepath.Join(windowsDir, "Temp")
}

// passed are the variables that installers rely on.
func passed() []string {
	return []string{
		"SystemRoot", "windir", "SystemDrive", "ComSpec", "PATHEXT", "OS", "NUMBER_OF_PROCESSORS",
		"PROCESSOR_ARCHITECTURE", "PROCESSOR_IDENTIFIER", "PROCESSOR_LEVEL", "PROCESSOR_REVISION",
		"ProgramData", "ALLUSERSPROFILE", "PUBLIC", "ProgramFiles", "ProgramFiles(x86)", "ProgramW6432",
		"CommonProgramFiles", "CommonProgramFiles(x86)", "CommonProgramW6432",
		"COMPUTERNAME", "USERNAME", "USERDOMAIN", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
	}
}

// sameVariable compares names of variables: case does not count.
func sameVariable(a, b string) bool { return strings.EqualFold(a, b) }

// programEnds are the ends of the names of what can be run. A package for Windows
// Installer is one: it is run by msiexec.
func programEnds() []string { return []string{".exe", ".com", ".cmd", ".bat", endOfPackage} }

// endOfPackage ends the name of a package for Windows Installer.
const endOfPackage = ".msi"

// program reports whether a file may be run: its name says so.
func program(path string, _ fs.FileMode) bool {
	end := filepath.Ext(path)
	return slices.ContainsFunc(programEnds(), func(e string) bool { return strings.EqualFold(e, end) })
}

// spellings are the names of files that a name stands for: with an end it is
// itself, without one any program.
func spellings(name string) []string {
	if program(name, 0) {
		return []string{name}
	}
	names := []string{name}
	for _, end := range programEnds() {
		names = append(names, name+end)
	}
	return names
}

// neutralDir is a working directory that is always there.
func neutralDir() string { return filepath.Join(windowsDir(), "System32") }

// busy is true of a program that somebody still holds open for writing, a virus
// scanner most often.
func busy(err error) bool { return errors.Is(err, windows.ERROR_SHARING_VIOLATION) }
