// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/replay"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
	"github.com/quietsetup/quietsetup/store"
)

// The exit codes. They are stable; exitCodesHelp is their documentation.
const (
	exitOK         = 0
	exitFailed     = 1
	exitUsage      = 2
	exitNotRunning = 3
	exitNotFound   = 4
	exitServer     = 5
	exitWaitOver   = 6
	exitInvalid    = 7
	exitDiverged   = 8
	exitPrivileges = 9
	exitInUse      = 10
	exitDeferred   = 75
	exitReboot     = 76
)

const exitCodesHelp = `Exit codes of every command:

   0  done
   1  failed
   2  wrong usage
   3  the daemon is not running
   4  no such product
   5  the opsi server cannot be reached, or refuses the login
   6  the wait ran out, the run goes on
   7  configuration or metadata is not valid
   8  a replay diverged, or the store is damaged or newer than this build
   9  needs privileges
  10  the store is in use by another process
  75  deferred: try again later
  76  done, and the machine must be restarted

They do not change between versions.

With --windows-exit-codes, on Windows, for callers that know installers:

   6  is 1618, another installation goes on
  75  is 1602, the user put it off
  76  is 3010, done, and the machine must be restarted`

// coded is an error with an exit code of its own. quiet: everything was said
// already.
type coded struct {
	code  int
	quiet bool
	err   error
}

func (c *coded) Error() string { return c.err.Error() }
func (c *coded) Unwrap() error { return c.err }

func usage(err error) error { return &coded{code: exitUsage, err: err} }

func notFound(err error) error { return &coded{code: exitNotFound, err: err} }

// done is the end of a command that has printed its result, with another code than 0.
func done(code int) error { return &coded{code: code, quiet: true, err: errors.New("done")} }

// exitCode is what the process ends with for an error of a command.
func exitCode(err error) int {
	var own *coded
	var d *replay.Divergence
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &own):
		return own.code
	case errors.Is(err, localclient.ErrNotRunning):
		return exitNotRunning
	case errors.Is(err, localclient.ErrNotFound):
		return exitNotFound
	case errors.Is(err, config.ErrInvalid) && errors.Is(err, fs.ErrPermission):
		return exitPrivileges
	case errors.Is(err, config.ErrInvalid):
		return exitInvalid
	case errors.As(err, &d), errors.Is(err, errNoLog), errors.Is(err, store.ErrDamaged), errors.Is(err, store.ErrNewer):
		return exitDiverged
	case errors.Is(err, store.ErrInUse):
		return exitInUse
	case ofServer(err):
		return exitServer
	case errors.Is(err, localclient.ErrForbidden), errors.Is(err, fs.ErrPermission):
		return exitPrivileges
	}
	return exitFailed
}

// ofServer reports whether an error is about the way to an opsi server.
func ofServer(err error) bool {
	return slices.ContainsFunc([]error{opsi.ErrUnreachable, opsi.ErrCertificate, opsi.ErrLogin, opsi.ErrBlocked, opsi.ErrBusy, opsi.ErrServer,
		opsi.ErrRejected, opsi.ErrAnswer, opsi.ErrWaiting}, func(class error) bool { return errors.Is(err, class) })
}

// windowsCode is an exit code as installers on Windows have it; the others stay.
func windowsCode(code int) int {
	switch code {
	case exitWaitOver:
		return 1618
	case exitDeferred:
		return 1602
	case exitReboot:
		return 3010
	}
	return code
}

// exitCodesTopic is "quietsetup help exit-codes".
func exitCodesTopic() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodesHelp}
}
