// SPDX-License-Identifier: Apache-2.0

//go:build unix

package localsock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// DefaultPath is where the daemon listens if nothing else is configured.
const DefaultPath = "/run/quietsetup/api.sock"

// PathIn is the socket of a daemon that has a state folder of its own.
func PathIn(stateDir string) string { return filepath.Join(stateDir, "api.sock") }

// maxPath is what fits into a socket address on every supported unix.
const maxPath = 103

// Self is the owner this process runs as.
func Self() string { return ownerOf(os.Geteuid()) }

func ownerOf(uid int) string { return "uid:" + strconv.Itoa(uid) }

// Listen listens on a unix socket at path. The folder must exist, belong to root
// or to this user, and not be writable by others. A socket that nobody listens
// on any more is replaced; one that somebody answers on is ErrInUse.
func Listen(path string) (*Listener, error) {
	if err := checkPlace(path); err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", path, err)
	}
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", path, err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", path, err)
	}
	l.SetUnlinkOnClose(false) // we take away our own socket only, see below
	ours, err := os.Lstat(path)
	if err == nil {
		err = os.Chmod(path, 0o666) // everybody may connect; rights go by the peer
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot open %s to everybody: %w", path, err), l.Close(), os.Remove(path))
	}
	return newListener(l, func() error {
		now, err := os.Lstat(path)
		if err != nil || !os.SameFile(now, ours) {
			return nil // somebody else's by now
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove %s: %w", path, err)
		}
		return nil
	}), nil
}

// Dial connects to the daemon's socket. ErrNobody says that no daemon runs
// there, ErrUnsafe that whoever listens there is not to be trusted.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	if err := checkPlace(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %w", ErrNobody, err)
		}
		return nil, fmt.Errorf("cannot connect to %s: %w", path, err)
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("cannot connect to %s: %w", path, ErrNobody)
	case err != nil:
		return nil, fmt.Errorf("cannot connect to %s: %w", path, err)
	}
	p, release, err := peerOf(c)
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("cannot tell who listens on %s: %w", path, err)
	}
	release()
	if p.UID != 0 && p.UID != os.Geteuid() {
		c.Close()
		return nil, fmt.Errorf("cannot connect to %s: it is served by user %d: %w", path, p.UID, ErrUnsafe)
	}
	return c, nil
}

// checkPlace checks the length of the path and the folder of the socket: whoever
// can write there can put a socket of his own in the daemon's place.
func checkPlace(path string) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("%w: the path is not absolute", ErrUnsafe)
	}
	if len(path) > maxPath {
		return fmt.Errorf("the path has %d bytes, a socket's can have %d: choose a shorter one", len(path), maxPath)
	}
	dir := filepath.Dir(path)
	fi, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	switch {
	case !fi.IsDir() || !ok:
		return fmt.Errorf("%w: %s is not a folder", ErrUnsafe, dir)
	case st.Uid != 0 && int(st.Uid) != os.Geteuid():
		return fmt.Errorf("%w: %s belongs to user %d", ErrUnsafe, dir, st.Uid)
	case fi.Mode().Perm()&0o002 != 0:
		return fmt.Errorf("%w: %s can be written to by everybody", ErrUnsafe, dir)
	}
	return nil
}

// removeStale takes away a socket that nobody listens on. It never removes
// anything else.
func removeStale(path string) error {
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if fi.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%w: something that is not a socket is in the way", ErrUnsafe)
	}
	c, err := net.DialTimeout("unix", path, 2*time.Second)
	if err == nil {
		c.Close()
		return ErrInUse
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("cannot tell whether somebody listens there: %w", err)
	}
	return os.Remove(path)
}

// secondLook is none: the kernel keeps who connected with the connection itself.
func secondLook(net.Conn, Peer) func() error { return nil }
