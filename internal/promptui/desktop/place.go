// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"time"
)

// Place is the display and the session that this process is in.
type Place struct {
	display string // X11: the path of its socket; "" = none, or not on this machine
	wayland string // the path of its socket; "" = none
	remote  bool   // an X11 display that is not on this machine
	session string // id at logind; "" = not known
	bus     string // address of the system bus
}

// Here finds out where this process is, by its environment. There is false
// without a display.
func Here(getenv func(string) string) (p Place, there bool) {
	if d := getenv("DISPLAY"); d != "" {
		host, rest, ok := strings.Cut(d, ":")
		number, _, _ := strings.Cut(rest, ".")
		switch {
		case !ok || number == "":
		case host == "" || host == "unix":
			p.display = "/tmp/.X11-unix/X" + filepath.Base(number)
		default: // forwarded by ssh, for one
			p.remote = true
		}
	}
	if d := getenv("WAYLAND_DISPLAY"); d != "" {
		if !filepath.IsAbs(d) {
			d = filepath.Join(getenv("XDG_RUNTIME_DIR"), d)
		}
		if filepath.IsAbs(d) {
			p.wayland = d
		}
	}
	p.session = getenv("XDG_SESSION_ID")
	p.bus = getenv("DBUS_SYSTEM_BUS_ADDRESS")
	return p, p.display != "" || p.wayland != "" || p.remote
}

const (
	// watchEach is how often it is looked whether the session is still there.
	watchEach = 10 * time.Second
	// dialFor is how long a display's socket may take to answer.
	dialFor = 2 * time.Second
)

// Over returns when the session is over: its displays have gone, or logind says
// so. Not every desktop ends what it has started, and an agent that is left
// behind would speak for a person who has gone. It returns false when ctx ended
// first.
func (p Place) Over(ctx context.Context) bool {
	tick := time.NewTicker(watchEach)
	defer tick.Stop()
	for gone := 0; ; {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
		if p.sessionEnds(ctx) {
			return true
		}
		if p.displayed(ctx) {
			gone = 0
		} else if gone++; gone == 2 { // once may be a display that is starting anew
			return true
		}
	}
}

// displayed reports whether the display takes connections. Where there is a
// Wayland one, X11 is not tried: its server would be started for nothing else.
func (p Place) displayed(ctx context.Context) bool {
	var paths []string
	switch {
	case p.wayland != "":
		paths = []string{p.wayland}
	case p.display != "":
		paths = []string{p.display, "@" + p.display} // with and without a file
	default: // it goes with the connection that forwards it
		return true
	}
	d := net.Dialer{Timeout: dialFor}
	for _, path := range paths {
		if c, err := d.DialContext(ctx, "unix", path); err == nil {
			c.Close()
			return true
		}
	}
	return ctx.Err() != nil // who is stopped cannot tell
}
