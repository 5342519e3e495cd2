// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/windows/registry"

	"github.com/quietsetup/quietsetup/checks"
)

// listEntry is what the list of installed programs says of one. Installers write
// it, each in its own way.
type listEntry struct{ name, location, icon, uninstall string }

// InstalledFolders returns the folders of the installed programs whose name fits,
// from the list that Windows shows under "Apps & features" (Microsoft, "Uninstall
// Registry Key"). The list has two parts, for programs of 64 and of 32 bits. What
// people installed for themselves alone is not read: they can write anything
// there, and what is found decides what is closed for others.
func InstalledFolders(fits func(displayName string) bool) ([]string, error) {
	const list = `SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`
	var out []string
	for _, view := range []uint32{registry.WOW64_64KEY, registry.WOW64_32KEY} {
		entries, err := listed(list, view, fits)
		if err != nil {
			return nil, fmt.Errorf("cannot read the list of installed programs: %w", err)
		}
		for _, e := range entries {
			if dir := longName(e.folder()); dir != "" && !slices.ContainsFunc(out, func(d string) bool { return checks.Windows().Same(d, dir) }) {
				out = append(out, dir)
			}
		}
	}
	return out, nil
}

func listed(path string, view uint32, fits func(string) bool) ([]listEntry, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.ENUMERATE_SUB_KEYS|view)
	if errors.Is(err, registry.ErrNotExist) {
		return nil, nil // nothing was ever installed
	}
	if err != nil {
		return nil, err
	}
	defer key.Close()
	names, err := key.ReadSubKeyNames(-1)
	if err != nil {
		return nil, err
	}
	var out []listEntry
	for _, name := range names {
		e, err := entryAt(key, path, name, view)
		if errors.Is(err, registry.ErrNotExist) {
			continue // it was uninstalled meanwhile
		}
		if err != nil {
			return nil, err
		}
		if e.name != "" && fits(e.name) {
			out = append(out, e)
		}
	}
	return out, nil
}

func entryAt(list registry.Key, path, name string, view uint32) (listEntry, error) {
	key, err := registry.OpenKey(list, name, registry.QUERY_VALUE|view)
	if err != nil {
		return listEntry{}, fmt.Errorf("cannot open %s: %w", name, err)
	}
	defer key.Close()
	read := func(value string) string {
		text, err := textOf(key, path, value)
		if err != nil {
			return "" // not every installer writes everything
		}
		return text
	}
	return listEntry{read("DisplayName"), read("InstallLocation"), read("DisplayIcon"), read("UninstallString")}, nil
}

// folder is where a program lies: where its entry says so, else where its icon
// or its uninstaller lies. Windows Installer leaves the first empty for most
// packages, and keeps icons and uninstallers in folders of the system, which no
// look goes through.
func (e listEntry) folder() string {
	if dir := local(unquoted(e.location)); dir != "" {
		return dir
	}
	icon, _, _ := strings.Cut(e.icon, ",") // "C:\…\x.exe,0"
	for _, file := range []string{unquoted(icon), program(e.uninstall)} {
		if file = local(file); file != "" {
			return filepath.Dir(file)
		}
	}
	return ""
}

func unquoted(s string) string { return strings.Trim(strings.TrimSpace(s), `"`) }

// program is the program of a command line: in quotes, or up to ".exe".
func program(line string) string {
	line = strings.TrimSpace(line)
	if rest, ok := strings.CutPrefix(line, `"`); ok {
		file, _, _ := strings.Cut(rest, `"`)
		return file
	}
	if i := strings.Index(strings.ToLower(line), ".exe"); i >= 0 {
		return line[:i+len(".exe")]
	}
	return ""
}
