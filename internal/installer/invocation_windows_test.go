// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestInvocation(t *testing.T) {
	system := filepath.Join(windowsDir(), "System32")
	msiexec := filepath.Join(system, "msiexec.exe")
	cmd := filepath.Join(system, "cmd.exe")
	const report = `C:\state dir\t.report`
	for _, c := range []struct {
		path string
		argv []string
		want string
	}{
		{`C:\pkg\setup.exe`, []string{"./setup.exe", "/S"}, `C:\pkg\setup.exe /S`},
		{`C:\my pkg\setup.exe`, []string{"setup", "a b", `say "x"`, `end\`, `a b\`, ""}, `"C:\my pkg\setup.exe" "a b" "say \"x\"" end\ "a b\\" ""`},
		// NSIS: last and without quotation marks.
		{`C:\p\un.exe`, []string{"un.exe", "/S", `_?=C:\Program Files\X`}, `C:\p\un.exe /S _?=C:\Program Files\X`},
		{`C:\p\un.exe`, []string{"un.exe", `_?=C:\Program Files\X`, "/S"}, `C:\p\un.exe "_?=C:\Program Files\X" /S`},
		// Windows Installer.
		{`C:\my pkg\x.msi`, []string{"./x.msi"}, msiexec + ` /i "C:\my pkg\x.msi" /qn /norestart /l*v "` + report + `"`},
		{`C:\p\x.MSI`, []string{"x.msi", "DIR=C:\\a b", `NAME=say "x"`, "A=1", `B="c d"`, "/qb-!"},
			msiexec + ` /i C:\p\x.MSI DIR="C:\a b" NAME="say ""x""" A=1 B="c d" /qb-! /norestart /l*v "` + report + `"`},
		{msiexec, []string{"msiexec", "/x", "{ABC}", "/quiet", "REBOOT=ReallySuppress", "/l*v", "own.log"}, msiexec + ` /x {ABC} /quiet REBOOT=ReallySuppress /l*v own.log`},
		{msiexec, []string{"msiexec", "-I", "x.msi", "-passive", "/forcerestart", "/L", "own.log"}, msiexec + ` -I x.msi -passive /forcerestart /L own.log`},
		{msiexec, []string{"msiexec", "/i", "x.msi", "/log", "own.log", "/qn"}, msiexec + ` /i x.msi /log own.log /qn /norestart`},
		{msiexec, []string{"msiexec", "/fa", "x.msi"}, msiexec + ` /fa x.msi /qn /norestart /l*v "` + report + `"`},
		{msiexec, []string{"msiexec", "/regserver"}, msiexec + ` /regserver`},
		// The command interpreter.
		{`C:\my pkg\a.cmd`, []string{"a", "b c", "d"}, cmd + ` /d /s /c ""C:\my pkg\a.cmd" "b c" "d""`},
	} {
		got, err := invocation(c.path, c.argv, report)
		if err != nil || got.line != c.want {
			t.Errorf("%q:\n got %s, %v\nwant %s", c.argv, got.line, err, c.want)
		}
	}
	for _, bad := range []string{"%PATH%", "a&b", `a"b`, "a|b", "a>b", "a<b", "a^b", "a!b!", "a\nb", "a\rb"} {
		if _, err := invocation(`C:\p\a.bat`, []string{"a.bat", bad}, report); err == nil || !strings.Contains(err.Error(), "batch file") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
