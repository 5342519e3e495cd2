// SPDX-License-Identifier: Apache-2.0

package localsock

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// DefaultPath is where the daemon listens if nothing else is configured. Below
// this prefix Windows lets only administrators and the system make a pipe, and
// everybody open one that lets them: no user can have the name before the daemon.
// Tailscale's service listens there too, for the same reason.
const DefaultPath = protected + `quietsetup-api`

// pipes is where all pipes of this machine are, protected where administrators'
// are, and maxName how long a name with either may be (CreateNamedPipe).
const (
	pipes     = `\\.\pipe\`
	protected = pipes + `ProtectedPrefix\Administrators\`
	maxName   = 256
)

// PathIn is the pipe of a daemon that has a state folder of its own. Pipes lie in
// one flat name space, so its name is made from the folder's, whose case does not
// count. It has no protected name, for such a daemon may run without rights.
func PathIn(stateDir string) string {
	sum := sha256.Sum256([]byte(strings.ToUpper(filepath.Clean(stateDir))))
	return `\\.\pipe\quietsetup-` + hex.EncodeToString(sum[:12])
}

// client is what a caller asks for: to read and to write, and not the right
// FILE_CREATE_PIPE_INSTANCE, which GENERIC_WRITE would contain ("Named Pipe
// Security and Access Rights"). Who has it can answer in the daemon's place.
const client = windows.FILE_GENERIC_READ | windows.FILE_GENERIC_WRITE&^windows.FILE_APPEND_DATA

// access lets the system, administrators and the user this process runs as do
// everything, and people who are logged on at the machine connect. The pipe belongs
// to that user, by which callers know the daemon. Other machines are kept out by
// the pipe's kind (FILE_PIPE_REJECT_REMOTE_CLIENTS, which go-winio sets) and not by
// a rule against network logons: an administrator in a remote shell is one.
func access() string {
	self := strings.TrimPrefix(Self(), "sid:")
	return fmt.Sprintf("O:%sD:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;%s)(A;;0x%x;;;IU)", self, self, client)
}

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
	if !strings.HasPrefix(strings.ToLower(path), pipes) || len(path) > maxName {
		return nil, fmt.Errorf("cannot listen on %s: a pipe's name is %s and at most %d characters in all", path, pipes+"…", maxName)
	}
	if taken(path) {
		return nil, fmt.Errorf("cannot listen on %s: %w", path, ErrInUse)
	}
	l, err := winio.ListenPipe(path, &winio.PipeConfig{SecurityDescriptor: access()})
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) && strings.HasPrefix(strings.ToLower(path), strings.ToLower(protected)) && !isAdministrator(windows.GetCurrentProcessToken()) {
		return nil, fmt.Errorf("cannot listen on %s: only the system and administrators may: %w", path, err)
	}
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return nil, fmt.Errorf("cannot listen on %s: %w: %w", path, ErrInUse, err)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", path, err)
	}
	touch(path)
	return newListener(l, nil), nil
}

// taken reports whether a pipe of that name exists. Windows refuses a second
// first instance by itself; Wine does not. Nothing is opened: the call waits for a
// millisecond and says whether there was anything to wait for.
func taken(path string) bool {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return false
	}
	wait := windows.NewLazySystemDLL("kernel32.dll").NewProc("WaitNamedPipeW")
	ok, _, err := wait.Call(uintptr(unsafe.Pointer(name)), 1)
	return ok != 0 || !errors.Is(err, windows.ERROR_FILE_NOT_FOUND)
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
	if !strings.HasPrefix(strings.ToLower(path), pipes) {
		// Anything else would be a file, or a pipe of another machine.
		return nil, fmt.Errorf("cannot connect to %s: no pipe of this machine: %w", path, ErrUnsafe)
	}
	c, err := winio.DialPipeAccessImpLevel(ctx, path, client, winio.PipeImpLevelIdentification)
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
