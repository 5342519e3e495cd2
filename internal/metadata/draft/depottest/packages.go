// SPDX-License-Identifier: Apache-2.0

package depottest

import (
	"os"
	"path/filepath"
	"strings"
	"unicode/utf16"
)

const (
	setup = "setupScript = 'setup.opsiscript'\n"
	both  = setup + "uninstallScript = 'uninstall.opsiscript'\n"
)

// Packages lists the depot.
func Packages() []Package {
	x64 := []string{"windows x64 background"}
	return []Package{
		{"grepwin", Want{Result: "written", Sure: "package", Machines: x64, Dirs: []string{`%ProgramFiles64Dir%\grepTool`}, Notes: []string{"no_command"}, LoadsOn: "windows x64", HoldsThere: true},
			func(m *maker) { // an MSI that says all itself
				m.control(setup)
				m.script("setup.opsiscript", "[Actions]\nWinBatch_install\n\n[WinBatch_install]\nmsiexec /i \"%ScriptPath%\\files1\\greptool.msi\" /qn ALLUSERS=1\n")
				m.data("files1/greptool.msi", MSI("x64;1033", map[string]string{"ProductName": "grepTool", "ProductVersion": "2.1.0"}, [][3]string{
					{"TARGETDIR", "", "SourceDir"}, {"ProgramFiles64Folder", "TARGETDIR", "."}, {"INSTALLDIR", "ProgramFiles64Folder", "GREPTO~1|grepTool"}}))
			}},
		{"oldmsi", Want{Result: "written", Sure: "package", Machines: []string{"windows x86 background"}, Dirs: []string{`%ProgramFiles32Dir%\Vendor\Old Tool`}, LoadsOn: "windows x64", HoldsThere: true},
			func(m *maker) { // an MSI for 32 bits without the usual names, and opsi's old control file
				m.oldControl("setupScript: setup.ins\nuninstallScript:\nupdateScript:")
				m.script("setup.ins", "[Actions]\r\nDefVar $MsiFile$\r\nSet $MsiFile$ = \"%ScriptPath%\\tool.msi\"\r\nWinbatch_Install\r\n[Winbatch_Install]\r\nmsiexec /i \"$MsiFile$\" /qb\r\n")
				m.data("tool.msi", MSI("Intel;1031", map[string]string{"ProductName": "Old Tool"}, [][3]string{
					{"TARGETDIR", "", "SourceDir"}, {"ProgramFilesFolder", "TARGETDIR", "PFiles"}, {"dirV", "ProgramFilesFolder", "Vendor"}, {"dirT", "dirV", "OLDTOO~1|Old Tool"}}))
			}},
		{"7zip", Want{Result: "written", Sure: "guessed", Machines: []string{"windows x64 background", "windows x86 background"},
			Dirs:      []string{`%ProgramFiles64Dir%\7-Zip;%ProgramFiles32Dir%\7-Zip`, `%ProgramFiles32Dir%\7-Zip`},
			Processes: []string{"7zFM.exe;7zG.exe", "7zFM.exe;7zG.exe"}, LoadsOn: "windows x64", HoldsThere: true},
			func(m *maker) { // a pair for 32 and 64 bits
				m.control(both)
				m.script("setup.opsiscript", `[Actions]
DefVar $InstallDir32$
DefVar $InstallDir64$
Set $InstallDir32$ = "%ProgramFiles32Dir%\7-Zip"
Set $InstallDir64$ = "%ProgramFiles64Dir%\7-Zip"
killTask "7zFM.exe"
killTask "7zG.exe"
if GetSystemType = "64 Bit System"
	WinBatch_install64
else
	WinBatch_install32
endif

[WinBatch_install64]
"%ScriptPath%\files2\7z-x64.exe" /S
[WinBatch_install32]
"%ScriptPath%\files1\7z-x86.exe" /S
`)
				m.script("uninstall.opsiscript", "[Actions]\nkillTask \"7zFM.exe\"\n")
				m.data("files1/7z-x86.exe", Program(false, map[string]string{"ProductName": "7-Zip"}, ".text", "7z\xbc\xaf\x27\x1c"))
				m.data("files2/7z-x64.exe", Program(true, map[string]string{"ProductName": "7-Zip"}, ".text", "7z\xbc\xaf\x27\x1c"))
			}},
		{"notes-nsis", Want{Result: "written", Sure: "package", Machines: []string{"windows arch_unknown background"}, Dirs: []string{`%ProgramFiles32Dir%\Notes Company\Notes`}, LoadsOn: "windows x86", HoldsThere: true},
			func(m *maker) { // NSIS; the folder is put together from variables
				m.control(setup)
				m.script("setup.opsiscript", `[Actions]
DefVar $Vendor$
DefVar $Name$
DefVar $InstallDir$
set $Vendor$ = "Notes " + 'Company'
set $Name$ = "Notes"
set $InstallDir$ = "%ProgramFiles32Dir%\" + $Vendor$ + "\" + $Name$
WinBatch_i
[WinBatch_i]
"%ScriptPath%\setup.exe" /S /D=$InstallDir$
`)
				m.data("setup.exe", NSIS("Notes", "3.2"))
			}},
		{"planner", Want{Result: "written", Sure: "package", Machines: x64, Dirs: []string{`%ProgramFiles64Dir%\Planner`}, Processes: []string{"planner.exe"}, LoadsOn: "windows x64", HoldsThere: true},
			func(m *maker) { // Inno, 64 bits; kills through a list
				m.control(setup)
				m.script("setup.opsiscript", `[Actions]
DefStringList $tasks$
DefConst $InstallDir$ = "%ProgramFiles64Dir%\Planner\"
Set $tasks$ = createStringList("planner.exe", 'explorer.exe')
for %t% in $tasks$ do killTask "%t%"
WinBatch_i /SysNative
[WinBatch_i]
"%scriptpath%\files1\planner-setup.exe" /verysilent /DIR="$InstallDir$"
`)
				m.data("files1/planner-setup.exe", Inno("Planner", "7.0", true))
			}},
		{"burnsuite", Want{Result: "written", Sure: "nothing", Machines: []string{"windows arch_unknown background"}, Dirs: []string{""}, Notes: []string{"nothing", "no_command"}, LoadsOn: "windows x64"},
			func(m *maker) { // a bundle that says nothing of its folder
				m.control(setup)
				m.script("setup.opsiscript", "[Actions]\nWinBatch_i\n[WinBatch_i]\n\"%ScriptPath%\\suite.exe\" /quiet /norestart\n")
				m.data("suite.exe", Burn("Burn Suite", "1.2"))
			}},
		{"utf16-script", Want{Result: "written", Sure: "package", Machines: []string{"windows arch_unknown background"}, Dirs: []string{`%ProgramFilesDir%\Übersicht`}, Processes: []string{"übersicht.exe"}, LoadsOn: "windows x64", HoldsThere: true},
			func(m *maker) { // a script in UTF-16
				m.control(setup)
				m.data("setup.opsiscript", inUTF16("[Actions]\r\nSet $InstallDir$ = \"%ProgramFilesDir%\\Übersicht\"\r\nKillTask \"übersicht.exe\"\r\nWinbatch_i\r\n[WinBatch_i]\r\n\"%ScriptPath%\\setup.exe\" /S\r\n"))
				m.data("setup.exe", NSIS("Übersicht", "1"))
			}},
		{"ansi-script", Want{Result: "written", Sure: "package", Machines: []string{"windows arch_unknown background"}, Dirs: []string{`%ProgramFiles32Dir%\Schüler & Größe`}, LoadsOn: "windows x64", HoldsThere: true},
			func(m *maker) { // a script in CP1252
				m.control(setup)
				m.data("setup.opsiscript", inCP1252("; für alle\r\n[Aktionen]\r\nset $ZielVerzeichnis$ = '%ProgramFiles32Dir%\\Schüler & Größe'\r\nWinBatch_i\r\n[WinBatch_i]\r\n\"%ScriptPath%\\Schüler Größe.exe\" /S\r\n"))
				m.data("Schüler Größe.exe", NSIS("Schueler", "1"))
			}},
		{"with-includes", Want{Result: "written", Sure: "package", Machines: []string{"windows arch_unknown background"}, Dirs: []string{`%ProgramFiles32Dir%\Inc`}, Processes: []string{"inc.exe;inc-helper.exe"}, LoadsOn: "windows x64", HoldsThere: true},
			func(m *maker) { // scripts that include each other, also in a circle
				m.control(both)
				m.script("setup.opsiscript", "[Actions]\ninclude_insert \"declarations.opsiinc\"\nsub \"%ScriptPath%\\DelSub.opsiscript\"\nincludeAppend \"%ScriptPath%/sections.opsiinc\"\n")
				m.script("declarations.opsiinc", "DefVar $InstallDir$\nSet $InstallDir$ = \"%ProgramFiles32Dir%\\Inc\"\ninclude_insert \"setup.opsiscript\"\n")
				m.script("delsub.opsiscript", "killTask \"inc.exe\"\nif FileExists($InstallDir$ + \"\\uninstall.exe\")\n\tkilltask 'inc-helper.exe'\n\tWinBatch_un\nendif\n[WinBatch_un]\n\"$InstallDir$\\uninstall.exe\" /S\n")
				m.script("sections.opsiinc", "WinBatch_i\n[WinBatch_i]\n%ScriptPath%\\bin\\inc.exe /S\n")
				m.script("uninstall.opsiscript", "[Actions]\ninclude_insert \"declarations.opsiinc\"\nsub \"delsub.opsiscript\"\n")
				m.data("bin/inc.exe", NSIS("Inc", "1"))
			}},
		{"shell-kills", Want{Result: "written", Sure: "guessed", Machines: x64, Dirs: []string{`%ProgramFiles64Dir%\Kills`}, Processes: []string{"b c.exe;a.exe;d.exe"}, LoadsOn: "windows x64", HoldsThere: true},
			func(m *maker) { // kills by the system's own tools
				m.control(setup)
				m.script("setup.opsiscript", `[Actions]
Set $ProgDir$ = "%ProgramFiles64Dir%\Kills"
DosInAnIcon_k
set $out$ = shellCall('taskkill /f /im "b c.exe"')
ExecWith_ps powershell.exe
WinBatch_i
[DosInAnIcon_k]
rem taskkill /im never.exe
taskkill /F /IM a.exe
[ExecWith_ps]
[string]$x = 'y'
Stop-Process -Force -Name d
[WinBatch_i]
"%ScriptPath%\files1\setup.exe" /S
`)
				m.data("files1/setup.exe", NSIS("Kills", "1"))
			}},
		{"linux-sh", Want{Result: "written", Sure: "package", Machines: []string{"linux arch_unknown background"}, Dirs: []string{"/opt/linux-sh"}, Processes: []string{"linuxed"}, Command: "./setup.sh", LoadsOn: "linux x64", HoldsThere: true},
			func(m *maker) { // a shell script of its own
				m.control("setupScript = 'setup.sh'\nuninstallScript = 'remove.sh'\n")
				m.file("CLIENT_DATA/setup.sh", []byte("#!/bin/sh\nset -eu\nNAME=linux-sh\nINSTALL_DIR=\"/opt/${NAME}\"\npkill -x linuxed || true\nsystemctl stop linuxed.service\ntar -C \"$INSTALL_DIR\" -xf data.tar\n"), 0o755)
				m.script("remove.sh", "#!/usr/bin/env bash\nrm -rf /opt/linux-sh\n")
			}},
		{"linux-deb", Want{Result: "written", Sure: "package", Machines: []string{"linux x64 background"}, Dirs: []string{"/opt/editor"}, Processes: []string{"/usr/bin/editor"}, Command: "./setup.sh", LoadsOn: "linux x64", HoldsThere: true},
			func(m *maker) { // a deb that lists its programs
				m.control("setupScript = 'setup.sh'\n")
				m.file("CLIENT_DATA/setup.sh", []byte("#!/bin/sh\nexec dpkg -i editor_2.0_amd64.deb\n"), 0o755)
				m.data("editor_2.0_amd64.deb", Deb("editor", "2.0", "amd64", "/opt/editor/bin/editor", "/usr/bin/editor"))
			}},
		{"linux-rpm", Want{Result: "written", Sure: "guessed", Machines: []string{"linux arm64 background"}, Dirs: []string{"/usr/lib/viewer"}, Processes: []string{"/usr/bin/viewer"}, LoadsOn: "linux arm64", HoldsThere: true},
			func(m *maker) { // an rpm and a script that was forgotten
				m.control("setupScript = 'setup.sh'\n")
				m.data("files/viewer-1.aarch64.rpm", RPM("viewer", "1", "aarch64", "/usr/lib/viewer/viewer", "/usr/bin/viewer"))
			}},
		{"two-systems", Want{Result: "written", Sure: "package", Machines: []string{"windows x64 background", "linux arch_unknown background"},
			Dirs: []string{`%ProgramFiles64Dir%\Two`, "/opt/two"}, LoadsOn: "linux x64", HoldsThere: true},
			func(m *maker) { // one script for two systems
				m.control(setup)
				m.script("setup.opsiscript", "[Actions]\nif GetOS = \"Linux\"\n\tset $InstallDir$ = \"/opt/two\"\nelse\n\tset $InstallDir$ = \"%ProgramFiles64Dir%\\Two\"\n\tWinBatch_i\nendif\n[WinBatch_i]\n\"%ScriptPath%\\two.exe\"\n")
				m.data("two.exe", Plain())
			}},
		{"no-script", Want{Result: "written", Sure: "nothing", Machines: nil, Notes: []string{"nothing", "no_script"}, LoadsOn: "windows x64"},
			func(m *maker) { m.control("") }},
		{"meta-office", Want{Result: "written", Sure: "nothing", Machines: nil, Notes: []string{"nothing", "no_script"}, LoadsOn: "windows x64"},
			func(m *maker) { // dependencies only
				m.control("\n[[ProductDependency]]\naction = 'setup'\nrequiredProduct = '7zip'\nrequiredAction = 'setup'\n\n[[ProductDependency]]\naction = 'setup'\nrequiredProduct = 'planner'\nrequiredStatus = 'installed'\n")
			}},
		{"missing-script", Want{Result: "written", Sure: "nothing", Machines: nil, Notes: []string{"nothing", "missing", "no_command"}, LoadsOn: "windows x64"},
			func(m *maker) { m.control(setup) }},
		{"broken-control", Want{Result: "failed"},
			func(m *maker) {
				m.text("OPSI/control.toml", "# SPDX-License-Identifier: Apache-2.0\n[Product\nid = \n")
			}},
		{"broken-old", Want{Result: "failed"},
			func(m *maker) { m.text("OPSI/control", "[Product]\nid: broken-old\nthis is no line\n") }},
		{"wrong-id", Want{Result: "failed"},
			func(m *maker) {
				m.text("OPSI/control.toml", "# SPDX-License-Identifier: Apache-2.0\n[Package]\nversion='1'\n[Product]\nid='other'\nversion='1'\n")
			}},
		{"netboot-os", Want{Result: "skipped"},
			func(m *maker) {
				m.text("OPSI/control", "[Package]\nversion: 1\n[Product]\ntype: netboot\nid: netboot-os\nname: An operating system\nversion: 1\nsetupScript: setup.py\n")
			}},
		{"has-metadata", Want{Result: "kept"},
			func(m *maker) {
				m.control(setup)
				m.script("setup.opsiscript", "[Actions]\n")
				m.script("opsi-meta-data.toml", "# SPDX-License-Identifier: Apache-2.0\n[specification]\nversion = '0.1'\n[[installers]]\ninstall_dir = '%ProgramFiles64Dir%\\Mine'\n[installers.requirement]\nos = 'windows'\n")
			}},
		{"bad-metadata", Want{Result: "kept", Notes: []string{"unreadable"}},
			func(m *maker) {
				m.control(setup)
				m.script("setup.opsiscript", "[Actions]\n")
				m.script("opsi-meta-data.toml", "[[installers]\nthis is not TOML")
			}},
		{"deep-paths", Want{Result: "written", Sure: "package", Machines: []string{"windows arch_unknown background"}, Dirs: []string{`%ProgramFiles32Dir%\Grüne Wiese\Größen Rechner`}, LoadsOn: "windows x64", HoldsThere: true},
			func(m *maker) { // blanks, umlauts, deep folders
				m.control(setup)
				m.script("setup.opsiscript", "[Actions]\nSet $InstallDir$ = \"%ProgramFiles32Dir%\\Grüne Wiese\\Größen Rechner\"\nWinBatch_i\n[WinBatch_i]\n\"%ScriptPath%\\das ist\\ein tiefer\\Ordner\\für alle\\Größen Rechner (neu).exe\" /S\n")
				m.data("das ist/ein tiefer/Ordner/für alle/Größen Rechner (neu).exe", NSIS("Rechner", "1"))
				m.data(strings.Repeat("d/", 30)+"x.exe", Plain())
			}},
		{"giant", Want{Result: "written", Sure: "package", Machines: []string{"windows arch_unknown background"}, Dirs: []string{`%ProgramFiles32Dir%\Giant`}, LoadsOn: "windows x64", HoldsThere: true},
			func(m *maker) { // a file of a hundred gigabytes, all of it a hole
				m.control(setup)
				m.script("setup.opsiscript", "[Actions]\nset $InstallDir$ = \"%ProgramFiles32Dir%\\Giant\"\nWinBatch_i\n[WinBatch_i]\n\"%ScriptPath%\\files1\\giant.exe\" /S\n")
				m.data("files1/giant.exe", NSIS("Giant", "1"))
				m.data("files1/setup.exe", nil)
				for name, size := range map[string]int64{"giant.exe": 100 << 30, "setup.exe": 5 << 30} {
					if err := os.Truncate(filepath.Join(m.dir, "CLIENT_DATA", "files1", name), size); err != nil {
						m.t.Fatal(err)
					}
				}
			}},
		{"links-out", Want{Result: "written", Sure: "nothing", Machines: nil, Notes: []string{"nothing", "missing", "no_command", "links"}, LoadsOn: "windows x64"},
			func(m *maker) { // the script, an installer and a folder are links
				m.control(setup)
				outside := m.t.TempDir()
				for name, content := range map[string]string{"evil.opsiscript": "[Actions]\nkillTask \"secret.exe\"\n", "setup.exe": "MZ"} {
					if err := os.WriteFile(filepath.Join(outside, name), []byte(content), 0o644); err != nil {
						m.t.Fatal(err)
					}
				}
				for link, to := range map[string]string{"setup.opsiscript": filepath.Join(outside, "evil.opsiscript"), "setup.exe": filepath.Join(outside, "setup.exe"), "files1": outside} {
					if err := os.Symlink(to, filepath.Join(m.dir, "CLIENT_DATA", link)); err != nil {
						m.t.Fatal(err)
					}
				}
			}},
		{"detector-made", Want{Result: "written", Sure: "package", Machines: []string{"windows x86 background", "windows x64 background"},
			Dirs: []string{`%ProgramFiles32Dir%\Made`, `%ProgramFiles64Dir%\Made;%ProgramFiles32Dir%\Made`}, Processes: []string{"made.exe", "made.exe"}, LoadsOn: "windows x64", HoldsThere: true},
			func(m *maker) { // as detectors generate them: numbered variables, properties, several files
				m.control(both)
				m.script("declarations.opsifunc", "DefVar $installBits1$\nDefVar $InstallDir1$ = \"\"\nDefVar $InstallDir2$\nDefVar $installerfile1$\nDefVar $installerfile2$\nDefVar $MinimumSpace1$\nDefVar $MinimumSpace2$\n")
				m.script("setup.opsiscript", `encoding=utf8
[Actions]
requiredOpsiscriptVersion >= "4.12"
include_insert "declarations.opsifunc"
Set $installerfile1$ = '%scriptpath%\files1\made.msi'
Set $installerfile2$ = '%scriptpath%\files2\made64.msi'
Set $InstallDir1$ = '%ProgramFiles32Dir%\Made'
Set $InstallDir2$ = '%ProgramFiles64Dir%\Made'
Set $MinimumSpace1$ = "120 MB"
if not(HasMinimumSpace ("%SystemDrive%", $MinimumSpace1$))
	LogError "not enough space"
	isFatalError "No Space"
else
	killTask "made.exe"
	if $INST_architecture$ = "32only"
		Winbatch_install_1
	else
		Winbatch_install_2 /Sysnative
	endif
	if $exitcode$ = "3010"
		ExitWindows /Reboot
	endif
endif
[Winbatch_install_1]
msiexec /i "$installerfile1$" /qn
[Winbatch_install_2]
msiexec /i "$installerfile2$" /qn
`)
				m.script("uninstall.opsiscript", "[Actions]\ninclude_insert \"declarations.opsifunc\"\nWinbatch_u\n[Winbatch_u]\nmsiexec /x {00000000-0000-0000-0000-000000000000} /qn\n")
				dirs := func(root string) [][3]string {
					return [][3]string{{"TARGETDIR", "", "SourceDir"}, {root, "TARGETDIR", "."}, {"INSTALLDIR", root, "Made"}}
				}
				m.data("files2/made64.msi", MSI("x64;1031", map[string]string{"ProductName": "Made", "ProductVersion": "5"}, dirs("ProgramFiles64Folder")))
				m.data("files1/made.msi", MSI("Intel;1031", map[string]string{"ProductName": "Made", "ProductVersion": "5"}, dirs("ProgramFilesFolder")))
			}},
		{"inventory", Want{Result: "written", Sure: "nothing", Machines: nil, Notes: []string{"nothing", "no_command"}, LoadsOn: "windows x64"},
			func(m *maker) { // looks at the machine and installs nothing
				m.control(setup + "alwaysScript = 'setup.opsiscript'\n")
				m.script("setup.opsiscript", "[Actions]\nset $inventory$ = GetRegistryValue(\"HKLM\\x\", \"y\")\nopsiservicecall_audit\n[opsiservicecall_audit]\n\"method\": \"audit\"\n")
			}},
		{"graphics-driver", Want{Result: "written", Sure: "nothing", Machines: []string{"windows x64 held"}, Dirs: []string{""}, Notes: []string{"nothing", "reboot", "driver", "no_command"}, LoadsOn: "windows x64"},
			func(m *maker) { // a driver, and a restart in any case
				m.control(setup)
				m.script("setup.opsiscript", "[Actions]\nWinBatch_i\nExitWindows /ImmediateReboot\n[WinBatch_i]\n\"%ScriptPath%\\driver\\setup.exe\" -s\n")
				m.data("driver/setup.exe", Plain())
				m.data("driver/display.inf", []byte("[Version]\n"))
				m.data("driver/display.sys", []byte("MZ"))
			}},
		{"per-user", Want{Result: "written", Sure: "nothing", Machines: []string{"windows arch_unknown background"}, Dirs: []string{""}, Notes: []string{"nothing", "per_user", "no_command"}, LoadsOn: "windows x64"},
			func(m *maker) { // installs into profiles
				m.control(setup)
				m.script("setup.opsiscript", "[Actions]\nset $InstallDir$ = \"%CurrentAppdataDir%\\Chat\"\nWinBatch_i\n[WinBatch_i]\n\"%ScriptPath%\\chat.exe\" --silent\n")
				m.data("chat.exe", Program(false, map[string]string{"ProductName": "Chat"}, ".text", ""))
			}},
		{"run-time-dir", Want{Result: "written", Sure: "nothing", Machines: []string{"windows arch_unknown background"}, Dirs: []string{""}, Notes: []string{"nothing", "unresolved", "no_command"}, LoadsOn: "windows x64"},
			func(m *maker) { // the folder is known to the running script only, and files is too short a folder
				m.control(setup)
				m.script("setup.opsiscript", "[Actions]\nset $InstallDir$ = GetRegistryValue(\"HKLM\\SOFTWARE\\X\", \"Path\")\nset $TargetDir$ = \"%ProgramFiles32Dir%\"\nWinBatch_i\n[WinBatch_i]\n\"%ScriptPath%\\setup.exe\"\n")
				m.data("setup.exe", NSIS("X", "1"))
			}},
		{"control-only-old", Want{Result: "written", Sure: "guessed", Machines: []string{"windows arch_unknown background"}, Dirs: []string{`%ProgramFilesDir%\Folder`}, LoadsOn: "windows x64", HoldsThere: true},
			func(m *maker) { // files are copied, and only a menu entry tells where
				m.oldControl("setupScript: setup.ins")
				m.script("setup.ins", "[Actions]\nFiles_c\nLinkFolder_l\n[Files_c]\ncopy -s \"%ScriptPath%\\data\\*.*\" \"%ProgramFilesDir%\\Folder\"\n[LinkFolder_l]\nset_base_folder common_programs\nset_link\n\tname: Folder\n\ttarget: \"%ProgramFilesDir%\\Folder\\folder.exe\"\nend_link\n")
				m.data("data/folder.exe", Plain())
			}},
	}
}

func inUTF16(s string) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return out
}

// inCP1252 is for characters of Latin-1.
func inCP1252(s string) []byte {
	var out []byte
	for _, r := range s {
		out = append(out, byte(r))
	}
	return out
}
