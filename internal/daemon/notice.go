// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// notice tells the service manager how the daemon is. Without one it says
// nothing. Whether it is heard changes nothing here, so errors are dropped.
type notice struct {
	interval time.Duration
	service  *Service
}

func newNotice(s *Service) *notice {
	every, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		every = 0 // a watchdog that cannot be understood is none
	}
	return &notice{interval: every, service: s}
}

func tell(state string) { _, _ = systemd.SdNotify(false, state) }

// starting asks for time: a store that was not closed in order is checked whole.
func (*notice) starting() { tell("EXTEND_TIMEOUT_USEC=300000000") }

func (n *notice) ready() {
	tell(systemd.SdNotifyReady)
	if n.service != nil {
		n.service.Ready()
	}
}

func (*notice) stopping() { tell(systemd.SdNotifyStopping) }

// watch reports at half the interval, as long as the loop goes round.
func (n *notice) watch(ctx context.Context, ping func(context.Context) error) {
	if n.interval <= 0 {
		return
	}
	t := time.NewTicker(n.interval / 2)
	defer t.Stop()
	for {
		if ping(ctx) == nil {
			tell(systemd.SdNotifyWatchdog)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}
