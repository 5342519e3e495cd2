// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
)

// scope moves a supervisor out of the service's control group, so that stopping
// the service does not end an installer. Outside a service it is nil: there
// nobody stops the group as a whole.
func scope() func(pid int) error {
	if os.Getenv("INVOCATION_ID") == "" || os.Getenv("NOTIFY_SOCKET") == "" {
		return nil
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return nil
	}
	return moveToScope
}

func moveToScope(pid int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := dbus.NewSystemConnectionContext(ctx)
	if err != nil {
		return fmt.Errorf("cannot reach the service manager: %w", err)
	}
	defer c.Close()
	done := make(chan string, 1)
	name := "quietsetup-attempt-" + strconv.Itoa(pid) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36) + ".scope"
	_, err = c.StartTransientUnitContext(ctx, name, "fail", []dbus.Property{
		dbus.PropDescription("An installer of quietsetup"),
		dbus.PropPids(uint32(pid)),
	}, done)
	if err != nil {
		return fmt.Errorf("cannot make %s: %w", name, err)
	}
	select {
	case result := <-done:
		if result != "done" {
			return errors.New(name + ": " + result)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s was not made in time: %w", name, ctx.Err())
	}
}
