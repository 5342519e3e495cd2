// SPDX-License-Identifier: Apache-2.0

package winsvc

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/windows/registry"
	"golang.org/x/sys/windows/svc/eventlog"
)

// The places of a service's traces in the machine's part of the registry.
const (
	sources = `SYSTEM\CurrentControlSet\Services\EventLog\Application\`
	runKey  = `SOFTWARE\Microsoft\Windows\CurrentVersion\Run`
	// RunValue is the value of the Run key that starts the agent.
	RunValue = "quietsetup-prompt"
)

// addSource makes a source of the event log whose messages are plain text:
// EventCreate.exe, which every Windows has, holds a message that is one string.
func addSource(name string) error {
	failed := func(err error) error {
		return fmt.Errorf("cannot make the source %s of the event log: %w", name, err)
	}
	k, _, err := registry.CreateKey(registry.LOCAL_MACHINE, sources+name, registry.SET_VALUE)
	if err != nil {
		return failed(err)
	}
	defer k.Close()
	if err := k.SetExpandStringValue("EventMessageFile", `%SystemRoot%\System32\EventCreate.exe`); err != nil {
		return failed(err)
	}
	for value, n := range map[string]uint32{"CustomSource": 1, "TypesSupported": eventlog.Error | eventlog.Warning | eventlog.Info} {
		if err := k.SetDWordValue(value, n); err != nil {
			return failed(err)
		}
	}
	return nil
}

func removeSource(name string) error {
	if err := eventlog.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove the source %s of the event log: %w", name, err)
	}
	return nil
}

// setRun makes every session start the agent.
func setRun(command string) error {
	k, _, err := registry.CreateKey(registry.LOCAL_MACHINE, runKey, registry.SET_VALUE)
	if err != nil {
		return fmt.Errorf("cannot open the key %s: %w", runKey, err)
	}
	defer k.Close()
	if err := k.SetStringValue(RunValue, command); err != nil {
		return fmt.Errorf("cannot write the value %s of the key %s: %w", RunValue, runKey, err)
	}
	return nil
}

func removeRun() error {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, runKey, registry.SET_VALUE)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot open the key %s: %w", runKey, err)
	}
	defer k.Close()
	if err := k.DeleteValue(RunValue); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot delete the value %s of the key %s: %w", RunValue, runKey, err)
	}
	return nil
}
