// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/godbus/dbus/v5"
)

// busFor is how long a bus may take for one call.
const busFor = 3 * time.Second

// sessionEnds reports whether logind says that the session has ended or is
// ending. Without a logind that knows the session nobody can say.
func (p Place) sessionEnds(ctx context.Context) bool {
	if p.session == "" {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, busFor)
	defer cancel()
	bus, err := connect(ctx, cmp.Or(p.bus, "unix:path=/run/dbus/system_bus_socket"))
	if err != nil {
		return false
	}
	defer bus.Close()
	const login = "org.freedesktop.login1"
	var path dbus.ObjectPath
	err = bus.Object(login, "/org/freedesktop/login1").CallWithContext(ctx, login+".Manager.GetSession", 0, p.session).Store(&path)
	var refused dbus.Error
	if err != nil {
		return errors.As(err, &refused) && refused.Name == login+".NoSuchSession"
	}
	var state dbus.Variant
	err = bus.Object(login, path).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, login+".Session", "State").Store(&state)
	return err == nil && state.Value() == "closing"
}

// connect connects to a bus. It starts none.
func connect(ctx context.Context, address string) (*dbus.Conn, error) {
	bus, err := dbus.Dial(address, dbus.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if err = bus.Auth(nil); err == nil {
		err = bus.Hello()
	}
	if err != nil {
		bus.Close()
		return nil, err
	}
	return bus, nil
}
