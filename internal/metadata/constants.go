// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"maps"
	"regexp"
	"strings"
)

// Constants are the %Name% of opsi's scripts and metadata: lower-case name
// without the percent signs -> value. Names are found in any case.
type Constants map[string]string

// MachineConstants are those that are the same on every machine of a kind. What
// differs between machines of Windows, WithFolders adds there.
func MachineConstants(m Machine) Constants {
	out := Constants{}
	for _, c := range constants() {
		if m.OS != "windows" && c.unix != "" {
			c.put(out, c.unix)
		}
	}
	return out
}

// Folders are the places of a Windows machine that constants stand for. What is
// empty is not known, and its constants have no value.
type Folders struct {
	ProgramFiles    string // for programs of the machine's own kind
	ProgramFilesX86 string // for 32-bit programs; on a 32-bit Windows the same
	Windows, System string
	Profiles        string // below it the folders of people
	DefaultProfile  string
	Public          string
	ProgramData     string
	StartMenu       string // of all people, and what lies below it
	Programs        string
	Startup         string
	Desktop         string
}

// standardFolders are those of a Windows that was set up as it comes.
func standardFolders(arch string) Folders {
	const menu = `C:\ProgramData\Microsoft\Windows\Start Menu`
	f := Folders{ProgramFiles: `C:\Program Files`, ProgramFilesX86: `C:\Program Files (x86)`, Windows: `C:\Windows`, System: `C:\Windows\system32`,
		Profiles: `C:\Users`, DefaultProfile: `C:\Users\Default`, Public: `C:\Users\Public`, ProgramData: `C:\ProgramData`,
		StartMenu: menu, Programs: menu + `\Programs`, Startup: menu + `\Programs\Startup`, Desktop: `C:\Users\Public\Desktop`}
	if arch == "x86" {
		f.ProgramFilesX86 = f.ProgramFiles
	}
	return f
}

// WithFolders adds the constants that stand for places of the machine.
func (c Constants) WithFolders(f Folders) Constants {
	out := maps.Clone(c)
	if out == nil {
		out = Constants{}
	}
	for _, row := range constantsOn(f) {
		if row.windows != "" {
			row.put(out, row.windows)
		}
	}
	return out
}

// StandardConstants are those of a machine that was set up as the system comes:
// enough to judge a package for it from anywhere. Where a package is installed,
// the machine's own values count.
func StandardConstants(m Machine) Constants {
	out := MachineConstants(m)
	if m.OS == "windows" {
		out = out.WithFolders(standardFolders(m.Arch))
	}
	return out
}

// ConstantNames lists the names that can stand in a value, as people write them.
func ConstantNames() []string {
	var out []string
	for _, c := range constants() {
		out = append(out, c.names...)
	}
	return out
}

// constantKind says what a constant depends on.
type constantKind int

const (
	ofSystem  constantKind = iota // on the system; the table has its value
	ofPackage                     // on the package that is read
	ofMachine                     // on the single machine
	ofUser                        // on who is logged in, which an installer must not
)

// constant is one line of the table.
type constant struct {
	kind    constantKind
	names   []string
	windows string // "" = not there or not known
	unix    string // of Linux and macOS
}

func (c constant) put(into Constants, value string) {
	for _, n := range c.names {
		into[strings.ToLower(n)] = value
	}
}

// constants is the table for a machine that was set up as the system comes.
func constants() []constant { return constantsOn(standardFolders("x64")) }

// constantsOn is the table of opsi's constants. The program of opsi that reads
// them is a 32-bit one, so %ProgramFilesDir% is the (x86) folder.
func constantsOn(f Folders) []constant {
	system := func(windows string, names ...string) constant {
		return constant{kind: ofSystem, names: names, windows: windows}
	}
	drive := ""
	if len(f.Windows) > 2 && f.Windows[1] == ':' {
		drive = f.Windows[:2]
	}
	opsi := func(folder, unix, name string) constant {
		c := constant{kind: ofSystem, names: []string{name}, unix: unix}
		if drive != "" {
			c.windows = drive + `\opsi.org\` + folder
		}
		return c
	}
	out := []constant{
		system(f.ProgramFilesX86, "ProgramFilesDir", "ProgramFiles32Dir"),
		system(f.ProgramFiles, "ProgramFiles64Dir", "ProgramFilesSysnativeDir"),
		system(f.Windows, "Systemroot"),
		system(f.System, "System"),
		system(drive, "Systemdrive"),
		system(f.Profiles, "ProfileDir"),
		system(f.DefaultProfile, "DefaultUserProfileDir"),
		system(f.Public, "AllUsersProfileDir", "CommonProfileDir"),
		system(f.ProgramData, "CommonAppDataDir"),
		system(f.StartMenu, "CommonStartMenuPath", "CommonStartmenuDir"),
		system(f.Programs, "CommonProgramsDir"),
		system(f.Startup, "CommonStartupDir"),
		system(f.Desktop, "CommonDesktopDir"),
		opsi("tmp", "/tmp", "opsiTmpDir"),
		opsi("usertmp", "/tmp", "opsiUserTmpDir"),
		opsi("log", "/var/log/opsi-script", "opsiLogDir"),
		opsi("applog", "", "opsiapplog"),
		opsi("data", "", "opsidata"),
	}
	return append(out,
		constant{kind: ofPackage, names: []string{"ScriptPath", "ScriptDir", "RealScriptPath", "ScriptDrive",
			"installingProdName", "installingProdVersion", "installingVersion"}},
		constant{kind: ofMachine, names: []string{"PCName", "Host", "HostID", "OpsiscriptDir", "WinstDir", "OpsiscriptVersion", "opsiScriptHelperPath"}},
		constant{kind: ofUser, names: []string{"AppdataDir", "CurrentAppdataDir", "CurrentProfileDir", "CurrentDesktopDir",
			"CurrentStartmenuDir", "CurrentProgramsDir", "CurrentStartupDir", "CurrentSendToDir", "UserProfileDir"}})
}

// with adds the constants of one package. Its files lie in folder.
func (c Constants) with(p Package, folder string) Constants {
	out := maps.Clone(c)
	if out == nil {
		out = Constants{}
	}
	for _, name := range []string{"scriptpath", "scriptdir", "realscriptpath"} {
		out[name] = folder
	}
	out["scriptdrive"] = ""
	if len(folder) > 1 && folder[1] == ':' {
		out["scriptdrive"] = folder[:2]
	}
	out["installingprodname"] = p.Product
	out["installingprodversion"] = p.ProductVersion + "-" + p.PackageVersion
	out["installingversion"] = p.ProductVersion
	return out
}

// constantError is a constant that has no value here.
type constantError struct {
	name string // with its percent signs
	code string
}

func (e *constantError) Error() string {
	switch e.code {
	case CodeUser:
		return "constant " + e.name + " is a folder of one user, and a package is for all of them: no programs are looked for there"
	case CodePlaces:
		return "constant " + e.name + " is known on the single machine alone, and not to quietsetup"
	}
	return "unknown constant " + e.name
}

// resolve replaces every constant in s once: a value is not searched again. A
// percent sign that begins no name stays as it is. The error is a
// *constantError about the first that has no value.
func (c Constants) resolve(s string) (string, error) {
	var unknown *constantError
	out := constantPattern().ReplaceAllStringFunc(s, func(name string) string {
		v, err := c.value(name)
		if err != nil && unknown == nil {
			unknown = err
		}
		return v
	})
	if unknown != nil {
		return "", unknown
	}
	return out, nil
}

func (c Constants) value(name string) (string, *constantError) {
	plain := strings.ToLower(strings.Trim(name, "%"))
	kind, known := kindOf(plain)
	if known && kind == ofUser {
		return "", &constantError{name, CodeUser}
	}
	v, ok := c[plain]
	switch {
	case ok:
		return v, nil
	case known && kind == ofMachine:
		return "", &constantError{name, CodePlaces}
	}
	return "", &constantError{name, CodeConstant}
}

func kindOf(plain string) (constantKind, bool) {
	for _, c := range constants() {
		for _, n := range c.names {
			if strings.EqualFold(n, plain) {
				return c.kind, true
			}
		}
	}
	return 0, false
}

func constantPattern() *regexp.Regexp {
	return regexp.MustCompile(`%[A-Za-z][A-Za-z0-9_]{0,63}%`)
}
