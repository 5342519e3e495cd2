// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/quietsetup/quietsetup/internal/daemon"
)

// The hidden commands of the program that runs the demo. Both are told by the
// end of their standard input that the demo is gone.
const (
	entryDaemon = "demo-daemon" // the daemon, with its own arguments
	entryBusy   = "demo-busy"   // the program somebody works with
)

// Hidden carries out the commands that the demo starts its own program by. The
// program asks it before anything else; done is false for other commands.
func Hidden(version string, args []string) (code int, done bool) {
	if len(args) == 0 || args[0] != entryDaemon && args[0] != entryBusy {
		return 0, false
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	ctx = leashed(ctx, os.Stdin)
	if args[0] == entryBusy {
		<-ctx.Done() // runs until it is asked to close
		return 0, true
	}
	return daemon.Command(ctx, version, args[1:], os.Stdout, os.Stderr), true
}

// leash is a process that is ours to end. It holds the reading end of a pipe as
// its standard input, so it learns when we are gone, however that happens.
type leash struct {
	cmd  *exec.Cmd
	hold io.WriteCloser
	gone chan struct{} // closed when it has ended and was reaped
}

// start runs a program on a leash, in a process group of its own, so that a
// Ctrl-C in the terminal reaches the demo alone and the demo ends the rest.
func start(exe string, args []string, output io.Writer) (*leash, error) {
	cmd := exec.Command(exe, args...)
	cmd.Dir = string(filepath.Separator)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = apart()
	hold, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, hold.Close())
	}
	l := &leash{cmd: cmd, hold: hold, gone: make(chan struct{})}
	go func() {
		defer close(l.gone)
		_ = cmd.Wait() // how it ended is seen by what it leaves behind
	}()
	return l, nil
}

// kill ends it at once, as a power cut would, and waits until it is gone.
func (l *leash) kill() {
	_ = l.cmd.Process.Kill() // the only error is that it is gone already
	<-l.gone
}

// stop asks it to end and kills it if it does not.
func (l *leash) stop() {
	if l == nil {
		return
	}
	_ = l.cmd.Process.Signal(syscall.SIGTERM) // the only error is that it is gone already
	select {
	case <-l.gone:
	case <-time.After(10 * time.Second):
		l.kill()
	}
}

func (l *leash) alive() bool {
	select {
	case <-l.gone:
		return false
	default:
		return true
	}
}

// leashed returns a context that ends when the standard input does: a demo that
// was killed leaves nothing behind.
func leashed(ctx context.Context, stdin io.Reader) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		_, err := io.Copy(io.Discard, stdin)
		cancel(errors.Join(errors.New("the demo is gone"), err))
	}()
	return ctx
}

// copyProgram puts this program into the product's folder under another name:
// a real program, running from there.
func copyProgram(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("cannot copy the busy program: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return fmt.Errorf("cannot copy the busy program: %w", err)
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("cannot copy the busy program: %w", err)
	}
	return nil
}
