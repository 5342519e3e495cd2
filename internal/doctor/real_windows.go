// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/quietsetup/quietsetup/internal/winsvc"
)

// RealWindows is what this machine has of Windows.
func RealWindows() Windows { return registryAndServices{} }

// UID is 0 for an administrator whose rights are raised, and else that of nobody
// in particular: Windows has no such numbers.
func UID() int {
	if windows.GetCurrentProcessToken().IsElevated() {
		return 0
	}
	return 1
}

type registryAndServices struct{}

// serviceName is the service's for the service manager.
const serviceName = "quietsetupd"

func (registryAndServices) Service() (Service, error) {
	st, err := winsvc.Look(serviceName)
	if errors.Is(err, winsvc.ErrMissing) {
		return Service{}, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	if err != nil {
		return Service{}, err
	}
	s := Service{State: st.Name, Exit: st.Exit}
	if k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\`+serviceName, registry.QUERY_VALUE); err == nil {
		defer k.Close()
		if n, _, err := k.GetIntegerValue("Start"); err == nil {
			s.Start = map[uint64]string{windows.SERVICE_AUTO_START: "auto", windows.SERVICE_DEMAND_START: "manual", windows.SERVICE_DISABLED: "disabled"}[n]
		}
	}
	return s, nil
}

func (registryAndServices) Agent() (string, error) {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Windows\CurrentVersion\Run`, registry.QUERY_VALUE)
	if err != nil {
		return "", err
	}
	defer k.Close()
	line, _, err := k.GetStringValue(winsvc.RunValue)
	return line, err
}

// RebootWanted looks where Windows' own servicing and its updates leave their
// mark. Files that are replaced at the next start are no sign: most machines have
// some at any time.
func (registryAndServices) RebootWanted() (bool, error) {
	for _, mark := range []string{
		`SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending`,
		`SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired`,
	} {
		k, err := registry.OpenKey(registry.LOCAL_MACHINE, mark, registry.QUERY_VALUE)
		if err == nil {
			return true, k.Close()
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("cannot open the key %s: %w", mark, err)
		}
	}
	return false, nil
}
