// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/daemon"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/localsock"
	"github.com/quietsetup/quietsetup/internal/needs"
)

// service runs a real daemon in this process and returns its socket, which every
// user can reach.
func service(t *testing.T) (socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "qs") // not t.TempDir: a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"depot", "state"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "quietsetup.toml")
	put(t, file, []byte("[source]\ndepot = '"+filepath.Join(dir, "depot")+"'\n"))
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "s")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- daemon.Run(ctx, daemon.Options{Config: c, StateDir: filepath.Join(dir, "state"), Socket: socket, Version: "test", Log: zerolog.Nop()})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the daemon ended with %v", err)
		}
	})
	return socket
}

// asStranger calls f on a thread that runs as another user, and gives the thread up.
func asStranger(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, stranger, stranger, stranger); e != 0 {
			done <- e
			return
		}
		f()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestFloodedServiceGoesOn: one user holds a thousand connections that say
// nothing, half a request, a byte a second, or follow the log and never read. The
// service answers everybody else and decides as fast as its disk lets it: nothing
// waits for a caller.
func TestFloodedServiceGoesOn(t *testing.T) {
	needs.Root(t)
	socket := service(t)
	root := localclient.New(socket)
	defer root.Close()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := root.Status(t.Context()); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	var conns []net.Conn
	said := []string{"", "GET /v1/status HTTP/1.1\r\nHo", "POST /v1/prompts/hello HTTP/1.1\r\nHost: l\r\nContent-Length: 60000\r\n\r\n{",
		"GET /v1/log?follow=1 HTTP/1.1\r\nHost: l\r\n\r\n", "GET /v1/log?follow=1 HTTP/1.1\r\nHost: l\r\n\r\n"}
	asStranger(t, func() {
		for i := range 1000 {
			c, err := net.DialTimeout("unix", socket, 10*time.Second)
			if err != nil {
				continue // its place was not free
			}
			conns = append(conns, c)
			_, _ = io.WriteString(c, said[i%len(said)])
		}
	})
	stop := make(chan struct{})
	dripped := make(chan struct{})
	go func() {
		defer close(dripped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Second):
			}
			for _, c := range conns {
				_ = c.SetWriteDeadline(time.Now().Add(time.Millisecond))
				_, _ = c.Write([]byte("x"))
			}
		}
	}()
	if len(conns) < 900 {
		t.Errorf("only %d connections of the flood were made", len(conns))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	// More than every buffer on the way to those who never read.
	reason := strings.Repeat("x", 490)
	for i := range 250 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		_, err := root.Hold(ctx, "", reason)
		if err == nil {
			_, err = root.Release(ctx, "", reason)
		}
		cancel()
		if err != nil {
			t.Fatalf("order %d: %v", i, err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if after.HeapAlloc > before.HeapAlloc+64<<20 {
		t.Errorf("the flood takes %d MB", (after.HeapAlloc-before.HeapAlloc)>>20)
	}
	close(stop)
	<-dripped
	// What was written to a connection before it was closed is read first, and may
	// take longer than a glance: who seems to hold one is looked at again.
	lives := func(c net.Conn, wait time.Duration) bool {
		_ = c.SetReadDeadline(time.Now().Add(wait))
		_, err := io.Copy(io.Discard, c)
		return errors.Is(err, os.ErrDeadlineExceeded)
	}
	held := 0
	for _, c := range conns {
		if lives(c, time.Millisecond) && lives(c, 50*time.Millisecond) {
			held++
		}
	}
	for _, c := range conns {
		c.Close()
	}
	if held > localsock.PerOwner {
		t.Errorf("one user holds %d connections, may hold %d", held, localsock.PerOwner)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var err error
		asStranger(t, func() {
			var c net.Conn
			if c, err = localsock.Dial(t.Context(), socket); err != nil {
				return
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(10 * time.Second))
			if _, err = io.WriteString(c, "GET /v1/status HTTP/1.0\r\n\r\n"); err == nil {
				var b [12]byte
				if _, err = io.ReadFull(c, b[:]); err == nil && string(b[9:]) != "200" {
					err = errors.New(string(b[:]))
				}
			}
		})
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after the flood its user does not get in: %v", err)
		}
	}
}
