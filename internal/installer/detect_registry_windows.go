// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/windows/registry"

	"github.com/quietsetup/quietsetup/events"
)

// uninstallKey is where installers register what "Installed apps" shows
// ("Uninstall Registry Key").
const uninstallKey = `SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`

// views are the two halves of the registry, the one of 64-bit programs first. A
// 32-bit Windows has one half, and is asked twice.
func views() []uint32 { return []uint32{registry.WOW64_64KEY, registry.WOW64_32KEY} }

// detectRegistry looks for a key in both views of the registry. The rule's name is
//
//	Firefox                        a key below Uninstall; DisplayVersion tells the version
//	HKLM\SOFTWARE\Acme\Notes       a key; DisplayVersion tells the version, if it is there
//	HKLM\SOFTWARE\Acme\Notes!Ver   a value of a key, which tells the version
//
// A user's own keys are not looked at: they are another user's for the service.
func detectRegistry(rule events.Detect) (found, error) {
	key, value, named := strings.Cut(rule.Name, "!")
	if !named {
		value = "DisplayVersion"
	}
	path, err := belowMachine(key)
	if err != nil {
		return found{}, err
	}
	if value == "" {
		return found{}, fmt.Errorf("%w: nothing stands behind the ! of %q", errRule, rule.Name)
	}
	for _, view := range views() {
		k, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE|view)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return found{}, fmt.Errorf(`cannot open HKLM\%s: %w`, path, err)
		}
		version, there, err := text(k, value)
		_ = k.Close()
		if err != nil {
			return found{}, fmt.Errorf(`cannot read %s of HKLM\%s: %w`, value, path, err)
		}
		if there || !named {
			return found{installed: true, version: version, equal: shorterVersions(version)}, nil
		}
	}
	return found{}, nil
}

// belowMachine is the path of a key below HKEY_LOCAL_MACHINE.
func belowMachine(key string) (string, error) {
	hive, path, whole := strings.Cut(key, `\`)
	switch {
	case !whole && key != "":
		return uninstallKey + `\` + key, nil
	case path != "" && (strings.EqualFold(hive, "HKLM") || strings.EqualFold(hive, "HKEY_LOCAL_MACHINE")):
		return path, nil
	}
	return "", fmt.Errorf(`%w: %q must be a key below Uninstall or begin with HKLM\`, errRule, key)
}

// text reads a value as a version: text, or a number.
func text(k registry.Key, name string) (value string, there bool, err error) {
	value, _, err = k.GetStringValue(name)
	if errors.Is(err, registry.ErrUnexpectedType) {
		n, _, nerr := k.GetIntegerValue(name)
		value, err = strconv.FormatUint(n, 10), nerr
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	return strings.TrimSpace(value), err == nil, err
}
