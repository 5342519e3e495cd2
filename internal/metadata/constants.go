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
// differs between machines of Windows, a caller there must add.
func MachineConstants(m Machine) Constants {
	out := Constants{}
	for _, c := range constants() {
		if m.OS != "windows" && c.unix != "" {
			c.put(out, c.unix)
		}
	}
	return out
}

// StandardConstants are those of a machine that was set up as the system comes:
// enough to judge a package for it from anywhere. Where a package is installed,
// the machine's own values count.
func StandardConstants(m Machine) Constants {
	if m.OS != "windows" {
		return MachineConstants(m)
	}
	out := Constants{}
	for _, c := range constants() {
		v := c.windows
		if m.Arch == "x86" && c.windows32 != "" {
			v = c.windows32
		}
		if v != "" {
			c.put(out, v)
		}
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
	kind      constantKind
	names     []string
	windows   string // of a 64-bit Windows, or of any
	windows32 string // of a 32-bit one where it differs
	unix      string // of Linux and macOS
}

func (c constant) put(into Constants, value string) {
	for _, n := range c.names {
		into[strings.ToLower(n)] = value
	}
}

// constants is the table of opsi's constants. The program of opsi that reads
// them is a 32-bit one, so %ProgramFilesDir% is the (x86) folder.
func constants() []constant {
	const menu = `C:\ProgramData\Microsoft\Windows\Start Menu`
	system := func(windows string, names ...string) constant {
		return constant{kind: ofSystem, names: names, windows: windows}
	}
	out := []constant{
		{kind: ofSystem, names: []string{"ProgramFilesDir", "ProgramFiles32Dir"}, windows: `C:\Program Files (x86)`, windows32: `C:\Program Files`},
		system(`C:\Program Files`, "ProgramFiles64Dir", "ProgramFilesSysnativeDir"),
		system(`C:\Windows`, "Systemroot"),
		system(`C:\Windows\system32`, "System"),
		system(`C:`, "Systemdrive"),
		system(`C:\Users`, "ProfileDir"),
		system(`C:\Users\Default`, "DefaultUserProfileDir"),
		system(`C:\Users\Public`, "AllUsersProfileDir", "CommonProfileDir"),
		system(`C:\ProgramData`, "CommonAppDataDir"),
		system(menu, "CommonStartMenuPath", "CommonStartmenuDir"),
		system(menu+`\Programs`, "CommonProgramsDir"),
		system(menu+`\Programs\Startup`, "CommonStartupDir"),
		system(`C:\Users\Public\Desktop`, "CommonDesktopDir"),
		{kind: ofSystem, names: []string{"opsiTmpDir"}, windows: `C:\opsi.org\tmp`, unix: "/tmp"},
		{kind: ofSystem, names: []string{"opsiUserTmpDir"}, windows: `C:\opsi.org\usertmp`, unix: "/tmp"},
		{kind: ofSystem, names: []string{"opsiLogDir"}, windows: `C:\opsi.org\log`, unix: "/var/log/opsi-script"},
		system(`C:\opsi.org\applog`, "opsiapplog"),
		system(`C:\opsi.org\data`, "opsidata"),
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
