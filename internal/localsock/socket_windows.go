// SPDX-License-Identifier: Apache-2.0

package localsock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// DefaultPath is where the daemon listens if nothing else is configured.
const DefaultPath = `\\.\pipe\quietsetup-api`

// access lets the system and administrators do everything, and people who are
// logged on at the machine connect. The network is kept out.
const access = "D:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;GRGW;;;IU)"

// Self is the owner this process runs as.
func Self() string {
	u, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "sid:unknown" // equals no peer's owner
	}
	return "sid:" + u.User.Sid.String()
}

// Listen opens a named pipe. It must be the first instance of the pipe: one that
// exists already is ErrInUse, whoever made it.
func Listen(path string) (*Listener, error) {
	l, err := winio.ListenPipe(path, &winio.PipeConfig{SecurityDescriptor: access})
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return nil, fmt.Errorf("cannot listen on %s: %w: %w", path, ErrInUse, err)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", path, err)
	}
	touch(path)
	return newListener(l, nil), nil
}

// touch opens the pipe once. The listener's placeholder instance would otherwise
// catch the first real client, which then waits for ever on some systems. Its
// result does not matter: newer systems say that the pipe is busy.
func touch(path string) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return
	}
	h, err := windows.CreateFile(name, 0, 0, nil, windows.OPEN_EXISTING,
		windows.SECURITY_SQOS_PRESENT|windows.SECURITY_ANONYMOUS, 0)
	if err == nil {
		windows.CloseHandle(h)
	}
}

// Dial connects to the daemon's pipe and lets it learn who we are, nothing more.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	c, err := winio.DialPipeAccessImpLevel(ctx, path, windows.GENERIC_READ|windows.GENERIC_WRITE, winio.PipeImpLevelIdentification)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot connect to %s: %w", path, ErrNobody)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot connect to %s: %w", path, err)
	}
	if err := checkServer(c); err != nil {
		c.Close()
		return nil, fmt.Errorf("cannot connect to %s: %w", path, err)
	}
	return c, nil
}
