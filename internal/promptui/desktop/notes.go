// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// Notes shows notifications on the desktop, as far as it has a server for them.
type Notes struct {
	address string // of the session's bus; "" = none
	app     string // what the notifications come from, for people

	mu  sync.Mutex
	bus *dbus.Conn // nil = none yet
	end func()     // ends what belongs to bus
}

// NewNotes returns notifications in the name of app, by the bus that the
// environment names.
func NewNotes(getenv func(string) string, app string) *Notes {
	address := getenv("DBUS_SESSION_BUS_ADDRESS")
	if dir := getenv("XDG_RUNTIME_DIR"); address == "" && filepath.IsAbs(dir) {
		address = "unix:path=" + dbus.EscapeBusAddressValue(filepath.Join(dir, "bus"))
	}
	return &Notes{address: address, app: app}
}

// Note is a notification.
type Note struct {
	Title, Text string
	Icon        string        // absolute path of an image; "" = none
	Lasts       time.Duration // 0 = as the desktop likes
}

// Show shows a notification. It has no buttons and no value: servers show only
// some buttons or none, and one hides the text as soon as there is a value. The
// error says why nobody sees it.
func (n *Notes) Show(ctx context.Context, note Note) (id uint32, err error) {
	if n.address == "" {
		return 0, fmt.Errorf("cannot show a notification: the session has no bus")
	}
	hints := map[string]dbus.Variant{
		"urgency":       dbus.MakeVariant(byte(1)),
		"transient":     dbus.MakeVariant(true),
		"desktop-entry": dbus.MakeVariant("quietsetup-prompt"),
	}
	if note.Icon != "" {
		hints["image-path"] = dbus.MakeVariant((&url.URL{Scheme: "file", Path: note.Icon}).String())
	}
	lasts := int32(-1)
	if note.Lasts > 0 {
		lasts = int32(note.Lasts.Milliseconds())
	}
	// The title is plain text, the body has markup.
	err = n.call(ctx, "Notify", func(c *dbus.Call) error { return c.Store(&id) },
		n.app, uint32(0), "", note.Title, html.EscapeString(note.Text), []string{}, hints, lasts)
	return id, err
}

// Hide takes a notification away.
func (n *Notes) Hide(ctx context.Context, id uint32) {
	_ = n.call(ctx, "CloseNotification", func(c *dbus.Call) error { return c.Err }, id) // gone already: so much the better
}

// call calls the notification server.
func (n *Notes) call(ctx context.Context, method string, done func(*dbus.Call) error, args ...any) error {
	bus, err := n.connected()
	if err != nil {
		return fmt.Errorf("cannot reach the session's bus: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, busFor)
	defer cancel()
	const name = "org.freedesktop.Notifications"
	if err := done(bus.Object(name, "/org/freedesktop/Notifications").CallWithContext(ctx, name+"."+method, 0, args...)); err != nil {
		return fmt.Errorf("cannot show a notification: %w", err)
	}
	return nil
}

// connected is the connection to the bus, made anew when it has broken. It is
// kept: some desktops take notifications away as soon as who sent them has gone.
func (n *Notes) connected() (*dbus.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.bus != nil && n.bus.Connected() {
		return n.bus, nil
	}
	life, end := context.WithCancel(context.Background())
	late := time.AfterFunc(busFor, end)
	bus, err := connect(life, n.address)
	if !late.Stop() || err != nil {
		end()
		return nil, errors.Join(err, context.Cause(life))
	}
	n.bus, n.end = bus, end
	return bus, nil
}

// Close ends the connection to the bus.
func (n *Notes) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.bus != nil {
		n.bus.Close()
		n.end()
		n.bus = nil
	}
}
