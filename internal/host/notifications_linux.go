// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"slices"

	"github.com/godbus/dbus/v5"
)

// Notifications reports whether something shows notifications in the session
// this process belongs to, or would be started for it. Without a session's bus
// it is an error.
func Notifications(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, busWait)
	defer cancel()
	conn, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithContext(ctx)) // whoever only looks starts no bus
	if err != nil {
		return false, fmt.Errorf("cannot reach the session's bus: %w", err)
	}
	defer conn.Close()
	if err = conn.Auth(nil); err == nil {
		err = conn.Hello()
	}
	if err != nil {
		return false, fmt.Errorf("cannot speak to the session's bus: %w", err)
	}
	for _, list := range []string{"ListNames", "ListActivatableNames"} {
		var names []string
		if err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus."+list, 0).Store(&names); err != nil {
			return false, fmt.Errorf("cannot ask the session's bus: %w", err)
		}
		if slices.Contains(names, "org.freedesktop.Notifications") {
			return true, nil
		}
	}
	return false, nil
}
