// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"slices"
	"strings"
	"testing"
)

// TestConstantsTable holds the whole table by value, on each kind of machine.
func TestConstantsTable(t *testing.T) {
	win64, win32, linux, mac := Machine{"windows", "x64"}, Machine{"windows", "x86"}, Machine{"linux", "x64"}, Machine{"macos", "arm64"}
	p := Package{}
	p.Product, p.ProductVersion, p.PackageVersion = "p", "1.2", "3"
	const unknown, user, machine = "unknown constant", "is a folder of one user", "is known on the single machine alone"
	for name, want := range map[string][4]string{
		"%ProgramFilesDir%":          {`C:\Program Files (x86)`, `C:\Program Files`, unknown, unknown},
		"%ProgramFiles32Dir%":        {`C:\Program Files (x86)`, `C:\Program Files`, unknown, unknown},
		"%PROGRAMFILES64DIR%":        {`C:\Program Files`, `C:\Program Files`, unknown, unknown},
		"%ProgramFilesSysnativeDir%": {`C:\Program Files`, `C:\Program Files`, unknown, unknown},
		"%systemroot%":               {`C:\Windows`, `C:\Windows`, unknown, unknown},
		"%System%":                   {`C:\Windows\system32`, `C:\Windows\system32`, unknown, unknown},
		"%Systemdrive%":              {`C:`, `C:`, unknown, unknown},
		"%ProfileDir%":               {`C:\Users`, `C:\Users`, unknown, unknown},
		"%DefaultUserProfileDir%":    {`C:\Users\Default`, `C:\Users\Default`, unknown, unknown},
		"%AllUsersProfileDir%":       {`C:\Users\Public`, `C:\Users\Public`, unknown, unknown},
		"%CommonProfileDir%":         {`C:\Users\Public`, `C:\Users\Public`, unknown, unknown},
		"%CommonAppDataDir%":         {`C:\ProgramData`, `C:\ProgramData`, unknown, unknown},
		"%CommonStartMenuPath%":      {`C:\ProgramData\Microsoft\Windows\Start Menu`, `C:\ProgramData\Microsoft\Windows\Start Menu`, unknown, unknown},
		"%CommonStartmenuDir%":       {`C:\ProgramData\Microsoft\Windows\Start Menu`, `C:\ProgramData\Microsoft\Windows\Start Menu`, unknown, unknown},
		"%CommonProgramsDir%":        {`C:\ProgramData\Microsoft\Windows\Start Menu\Programs`, `C:\ProgramData\Microsoft\Windows\Start Menu\Programs`, unknown, unknown},
		"%CommonStartupDir%":         {`C:\ProgramData\Microsoft\Windows\Start Menu\Programs\Startup`, `C:\ProgramData\Microsoft\Windows\Start Menu\Programs\Startup`, unknown, unknown},
		"%CommonDesktopDir%":         {`C:\Users\Public\Desktop`, `C:\Users\Public\Desktop`, unknown, unknown},
		"%opsiTmpDir%":               {`C:\opsi.org\tmp`, `C:\opsi.org\tmp`, "/tmp", "/tmp"},
		"%opsiUserTmpDir%":           {`C:\opsi.org\usertmp`, `C:\opsi.org\usertmp`, "/tmp", "/tmp"},
		"%opsiLogDir%":               {`C:\opsi.org\log`, `C:\opsi.org\log`, "/var/log/opsi-script", "/var/log/opsi-script"},
		"%opsiapplog%":               {`C:\opsi.org\applog`, `C:\opsi.org\applog`, unknown, unknown},
		"%opsidata%":                 {`C:\opsi.org\data`, `C:\opsi.org\data`, unknown, unknown},
		"%Scriptpath%":               {`P:\p`, `P:\p`, `P:\p`, `P:\p`},
		"%ScriptDir%":                {`P:\p`, `P:\p`, `P:\p`, `P:\p`},
		"%RealScriptPath%":           {`P:\p`, `P:\p`, `P:\p`, `P:\p`},
		"%ScriptDrive%":              {`P:`, `P:`, `P:`, `P:`},
		"%installingProdName%":       {"p", "p", "p", "p"},
		"%installingProdVersion%":    {"1.2-3", "1.2-3", "1.2-3", "1.2-3"},
		"%installingVersion%":        {"1.2", "1.2", "1.2", "1.2"},
		"%AppdataDir%":               {user, user, user, user},
		"%CurrentAppdataDir%":        {user, user, user, user},
		"%CurrentProfileDir%":        {user, user, user, user},
		"%CurrentDesktopDir%":        {user, user, user, user},
		"%CurrentStartmenuDir%":      {user, user, user, user},
		"%CurrentProgramsDir%":       {user, user, user, user},
		"%CurrentStartupDir%":        {user, user, user, user},
		"%CurrentSendToDir%":         {user, user, user, user},
		"%UserProfileDir%":           {user, user, user, user},
		"%PCName%":                   {machine, machine, machine, machine},
		"%Host%":                     {machine, machine, machine, machine},
		"%HostID%":                   {machine, machine, machine, machine},
		"%OpsiscriptDir%":            {machine, machine, machine, machine},
		"%WinstDir%":                 {machine, machine, machine, machine},
		"%OpsiscriptVersion%":        {machine, machine, machine, machine},
		"%opsiScriptHelperPath%":     {machine, machine, machine, machine},
		"%Nonsense%":                 {unknown, unknown, unknown, unknown},
	} {
		for i, m := range []Machine{win64, win32, linux, mac} {
			c := StandardConstants(m).with(p, `P:\p`)
			got, err := c.resolve(name)
			if err != nil {
				if !strings.Contains(err.Error(), name) {
					t.Errorf("%s on %s: %v", name, m, err)
				}
				got = err.Error()
			}
			if got != want[i] && (err == nil || !strings.Contains(got, want[i])) {
				t.Errorf("%s on %s is %q, want %q", name, m, got, want[i])
			}
		}
		if plain := strings.Trim(name, "%"); plain != "Nonsense" && !slices.ContainsFunc(ConstantNames(), func(n string) bool { return strings.EqualFold(n, plain) }) {
			t.Errorf("%s is not listed", name)
		}
	}
	if n := len(ConstantNames()); n != 45 {
		t.Errorf("%d constants", n)
	}
	// A machine of Windows has values of its own, which nobody may guess.
	if c := MachineConstants(win64); len(c) != 0 {
		t.Errorf("%v", c)
	}
	own := Constants{"pcname": "pc7", "appdatadir": "/x"}
	if got, err := own.resolve("%PCName%"); err != nil || got != "pc7" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := own.resolve("%AppDataDir%"); err == nil {
		t.Error("a folder of one user is accepted")
	}
}

// A machine's own folders count, and what it does not tell has no value.
func TestWithFolders(t *testing.T) {
	c := MachineConstants(Machine{"windows", "x64"}).WithFolders(Folders{ProgramFiles: `D:\Programme`, ProgramFilesX86: `D:\Programme (x86)`, Windows: `D:\Windows`})
	for in, want := range map[string]string{`%ProgramFiles64Dir%\Foo`: `D:\Programme\Foo`, `%programfilesdir%\Foo`: `D:\Programme (x86)\Foo`, "%Systemdrive%": "D:", "%opsiLogDir%": `D:\opsi.org\log`} {
		if got, err := c.resolve(in); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"%System%", "%CommonAppDataDir%", "%AppdataDir%"} {
		if got, err := c.resolve(in); err == nil {
			t.Errorf("%s is %q", in, got)
		}
	}
	if c := MachineConstants(Machine{"linux", "x64"}).WithFolders(Folders{}); c["opsitmpdir"] != "/tmp" || len(c) != 3 {
		t.Errorf("on Linux: %v", c)
	}
}
