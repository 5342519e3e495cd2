// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows/registry"
)

// HandOver is the key of HKEY_LOCAL_MACHINE where opsi-script leaves wishes for
// opsi's agent. It is looked for where 64-bit programs see it.
const HandOver = `SOFTWARE\opsi.org\winst`

// The values of HandOver. The first holds 2 for a logout, 4 for a restart.
const (
	rebootRequested   = "RebootRequested"
	shutdownRequested = "ShutdownRequested"
	logoutWanted      = 2
	rebootWanted      = 4
)

// Key is wishes as values of a key of HKEY_LOCAL_MACHINE.
type Key string

// Look implements Wishes.
func (k Key) Look() (Wish, error) {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, string(k), registry.QUERY_VALUE|registry.WOW64_64KEY)
	if errors.Is(err, registry.ErrNotExist) {
		return NoWish, nil
	}
	if err != nil {
		return NoWish, fmt.Errorf("cannot look for the wishes of scripts: %w", err)
	}
	defer key.Close()
	reboot, err := number(key, rebootRequested)
	if err != nil {
		return NoWish, err
	}
	shutdown, err := number(key, shutdownRequested)
	switch {
	case err != nil:
		return NoWish, err
	case shutdown != 0:
		return Shutdown, nil
	case reboot == logoutWanted:
		return Logout, nil
	case reboot != 0:
		return Reboot, nil
	}
	return NoWish, nil
}

// number reads a value, 0 if it is not there.
func number(key registry.Key, name string) (uint64, error) {
	n, _, err := key.GetIntegerValue(name)
	if err != nil && !errors.Is(err, registry.ErrNotExist) {
		return 0, fmt.Errorf("cannot read the wish %s: %w", name, err)
	}
	return n, nil
}

// Clear implements Wishes. A value that is not there is not made.
func (k Key) Clear() error {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, string(k), registry.QUERY_VALUE|registry.SET_VALUE|registry.WOW64_64KEY)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot take the wishes of scripts away: %w", err)
	}
	defer key.Close()
	for _, name := range []string{rebootRequested, shutdownRequested} {
		if n, err := number(key, name); err != nil || n == 0 {
			if err != nil {
				return err
			}
			continue
		}
		if err := key.SetDWordValue(name, 0); err != nil {
			return fmt.Errorf("cannot take the wish %s away: %w", name, err)
		}
	}
	return nil
}

// LeaveForAgent leaves the wish for a restart where opsi's agent looks for it.
func LeaveForAgent() error { return Key(HandOver).leave() }

func (k Key) leave() error {
	key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, string(k), registry.SET_VALUE|registry.WOW64_64KEY)
	if err == nil {
		err = errors.Join(key.SetDWordValue(rebootRequested, rebootWanted), key.Close())
	}
	if err != nil {
		return fmt.Errorf("cannot leave the wish %s: %w", rebootRequested, err)
	}
	return nil
}
