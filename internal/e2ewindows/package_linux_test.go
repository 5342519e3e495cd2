// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// letters is the product of the real installers: a program with a window.
const (
	letters    = `C:\Program Files\Letters`
	lettersExe = letters + `\letters.exe`
)

// offer puts a package into the depot. The rest of the metadata stands in table,
// from the keys of [[installers]] on.
func (m *machine) offer(id, name, version, table string) {
	m.t.Helper()
	m.write(depot+`\`+id+`\OPSI\control.toml`, fmt.Sprintf(
		"[Package]\nversion = \"1\"\n\n[Product]\ntype = \"LocalbootProduct\"\nid = %q\nname = %q\nversion = %q\nsetupScript = \"setup.opsiscript\"\nuninstallScript = \"remove.opsiscript\"\n", id, name, version))
	m.write(depot+`\`+id+`\CLIENT_DATA\opsi-meta-data.toml`, "[specification]\nversion = \"0.1\"\n\n[[installers]]\n"+table)
}

// offerSetup offers a product of our setup program, of a kind that its folder says.
func (m *machine) offerSetup(kind, id, version, program string) {
	m.t.Helper()
	folder := `C:\Program Files\` + id
	command := []string{`'setup.exe'`, "'" + kind + "'", "'" + id + "'", "'" + version + "'", "'" + folder + "'"}
	remove := append([]string{command[0], "'removes'"}, command[2:]...)
	if program != "" {
		command = append(command, "'"+program+"'")
	}
	m.offer(id, "The "+id, version, fmt.Sprintf(`install_dir = '%[1]s'
check_processes_from_dirs = ['%[1]s']
processes = []

[quietsetup]
version = 1
command = [%[2]s]
uninstall_command = [%[3]s]
exit_codes = { ok = [0], reboot = [3010] }
detect = { kind = 'registry', name = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\%[4]s', version = '%[5]s' }
`, folder, strings.Join(command, ", "), strings.Join(remove, ", "), id, version))
	m.copy(filepath.Join(m.dir, "setupprogram.exe"), depot+`\`+id+`\CLIENT_DATA\setup.exe`)
	m.copy(filepath.Join(m.dir, "windowprogram.exe"), depot+`\`+id+`\CLIENT_DATA\program.exe`)
}

// productCode is the MSI's of a version "2.0.0"; each version has another, as
// Windows Installer wants for a major upgrade.
func productCode(version string) string {
	return "{7C1B7A62-6A0B-4C7E-9B5B-000000000" + strings.ReplaceAll(version, ".", "") + "}"
}

// offerMSI offers a real package of Windows Installer.
func (m *machine) offerMSI(version string) {
	m.t.Helper()
	needs.Tool(m.t, "wixl")
	dir := m.t.TempDir()
	m.file(filepath.Join(dir, "letters.wxs"), fmt.Sprintf(`<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
  <Product Id="%s" Name="Letters" Language="1033" Version="%s" Manufacturer="Sample" UpgradeCode="{5E1D0C3B-93D5-4C4A-8A6F-2E8E8C1B6F01}">
    <Package InstallerVersion="500" Compressed="yes" InstallScope="perMachine"/>
    <MajorUpgrade DowngradeErrorMessage="A newer version is installed."/>
    <Media Id="1" Cabinet="letters.cab" EmbedCab="yes"/>
    <Directory Id="TARGETDIR" Name="SourceDir">
      <Directory Id="ProgramFiles64Folder">
        <Directory Id="INSTALLDIR" Name="Letters">
          <Component Id="Program" Guid="{0D1F4C55-8F0A-4E0B-9E51-6C1B7E1D7A02}" Win64="yes">
            <File Id="Exe" Name="letters.exe" Source="letters.exe" KeyPath="yes"/>
          </Component>
          <Component Id="Version" Guid="{0D1F4C55-8F0A-4E0B-9E51-6C1B7E1D7A03}" Win64="yes">
            <File Id="Txt" Name="version.txt" Source="version.txt" KeyPath="yes"/>
          </Component>
        </Directory>
      </Directory>
    </Directory>
    <Feature Id="All" Level="1"><ComponentRef Id="Program"/><ComponentRef Id="Version"/></Feature>
  </Product>
</Wix>
`, productCode(version), version))
	m.file(filepath.Join(dir, "letters.exe"), m.program())
	m.file(filepath.Join(dir, "version.txt"), version)
	out := m.wine.Path(depot + `\letters\CLIENT_DATA\letters.msi`)
	m.mkdir(depot + `\letters\CLIENT_DATA`)
	wixl := exec.Command("wixl", "-a", "x64", "-o", out, "letters.wxs")
	wixl.Dir = dir // it takes no absolute path for a source
	m.works(wixl)
	m.offer("letters", "Letters", version, fmt.Sprintf(`install_dir = '%%ProgramFiles64Dir%%\Letters'
check_processes_from_dirs = ['%%ProgramFiles64Dir%%\Letters']
processes = []

[quietsetup]
version = 1
command = ['msiexec.exe', '/i', 'letters.msi', '/qn']
uninstall_command = ['msiexec.exe', '/x', '%[1]s', '/qn']
detect = { kind = 'msi', name = '%[1]s', version = '%[2]s' }
`, productCode(version), version))
}

// offerNSIS offers a real installer made by NSIS, of 64 bits.
func (m *machine) offerNSIS(version string) {
	m.t.Helper()
	needs.Tool(m.t, "makensis")
	dir := m.t.TempDir()
	out := m.wine.Path(depot + `\letters\CLIENT_DATA\letters-setup.exe`)
	m.mkdir(depot + `\letters\CLIENT_DATA`)
	m.file(filepath.Join(dir, "letters.nsi"), strings.NewReplacer("@OUT@", out, "@PROGRAM@", filepath.Join(m.dir, "windowprogram.exe"),
		"@TXT@", m.file(filepath.Join(dir, "version.txt"), version), "@VERSION@", version).Replace(`Unicode true
Target amd64-unicode
Name "Letters"
OutFile "@OUT@"
InstallDir "C:\Program Files\Letters"
RequestExecutionLevel admin
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Letters"
Section
  SetRegView 64
  SetOutPath "$INSTDIR"
  File /oname=letters.exe "@PROGRAM@"
  File "@TXT@"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKLM "${KEY}" "DisplayName" "Letters"
  WriteRegStr HKLM "${KEY}" "DisplayVersion" "@VERSION@"
  WriteRegStr HKLM "${KEY}" "InstallLocation" "$INSTDIR"
SectionEnd
Section "Uninstall"
  SetRegView 64
  Delete "$INSTDIR\letters.exe"
  Delete "$INSTDIR\version.txt"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  DeleteRegKey HKLM "${KEY}"
SectionEnd
`))
	m.works(exec.Command("makensis", "-V2", filepath.Join(dir, "letters.nsi")))
	m.offer("letters", "Letters", version, fmt.Sprintf(`install_dir = '%%ProgramFiles64Dir%%\Letters'
check_processes_from_dirs = ['%%ProgramFiles64Dir%%\Letters']
processes = []

[quietsetup]
version = 1
command = ['letters-setup.exe', '/S']
uninstall_command = ['%%ProgramFiles64Dir%%\Letters\uninstall.exe', '/S', '_?=%%ProgramFiles64Dir%%\Letters']
detect = { kind = 'registry', name = 'HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\Letters', version = '%s' }
`, version))
}

// program is the text of the program with a window.
func (m *machine) program() string {
	m.t.Helper()
	text, err := os.ReadFile(filepath.Join(m.dir, "windowprogram.exe"))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

// file writes a file of Linux and returns its path.
func (m *machine) file(path, text string) string {
	m.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
	return path
}

// works runs a program of Linux that must end well.
func (m *machine) works(cmd *exec.Cmd) {
	m.t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("%v: %v: %s", cmd.Args, err, out)
	}
}
