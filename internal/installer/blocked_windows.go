// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/events"
)

// blocked is the process that stands for the installer: our own program, waiting
// on a pipe. Windows cannot turn a process into another program, so it starts the
// installer as its child when it is released, stays until the installer has ended,
// and ends with the installer's exit code. A process that is only started
// suspended would sleep for ever if the supervisor died between "started" and its
// release; this one looks into the attempt's file and goes on.
type blocked struct {
	id      events.ProcessID
	process *os.Process
	job     windows.Handle
	gate
}

// block starts the process in a job of its own. What the installer prints goes to
// the log.
func block(stateDir, path string, spec Spec, log *os.File) (*blocked, error) {
	failed := func(err error) error {
		return fmt.Errorf("cannot start the process for the installer: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, failed(err)
	}
	// A handle that can only append: whatever is cut, the installer's next line
	// comes at the end.
	out, err := appending(log.Name())
	if err != nil {
		return nil, failed(err)
	}
	defer out.Close()
	releaseR, releaseW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("cannot make a pipe: %w", err)
	}
	defer releaseR.Close()
	failedR, failedW, err := os.Pipe()
	if err != nil {
		releaseW.Close()
		return nil, fmt.Errorf("cannot make a pipe: %w", err)
	}
	defer failedW.Close()
	p := &blocked{gate: gate{unblock: releaseW, failed: failedR}}
	argv := append([]string{self, Entry, roleBecome, stateDir, spec.Token, path}, spec.Argv...)
	p.process, err = os.StartProcess(self, argv, &os.ProcAttr{
		Dir:   spec.Dir,
		Env:   spec.environment(),
		Files: []*os.File{releaseR, failedW, out},
		Sys:   &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP},
	})
	if err != nil {
		releaseW.Close()
		failedR.Close()
		return nil, failed(err)
	}
	if err := p.enclose(); err != nil {
		p.abandon()
		return nil, failed(err)
	}
	return p, nil
}

// appending opens a file to add to it. It is opened below its folder, because only
// so Windows lets others rename or delete an open file.
func appending(path string) (*os.File, error) {
	folder, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	return folder.OpenFile(filepath.Base(path), os.O_WRONLY|os.O_APPEND, 0)
}

// enclose puts the process, which has no children yet, into a new job.
func (p *blocked) enclose() error {
	id, err := identify(p.process.Pid) // it is open, so the pid is its own
	if err != nil {
		return err
	}
	p.id = id
	job, old, err := createJob(id)
	if err != nil {
		return err
	}
	p.job = job
	if old { // whoever saw the process begin made a job of that name: it must not keep anything from being installed
		stranger := job
		p.job, err = namelessJob()
		if err = errors.Join(err, windows.CloseHandle(stranger)); err != nil {
			return err
		}
	}
	return join(p.job, id.PID)
}

// abandon ends the process without an installer having run.
func (p *blocked) abandon() {
	p.shut()
	_, _ = p.process.Wait() // it has nothing to tell
	if p.job != 0 {
		_ = windows.CloseHandle(p.job)
	}
}

// wait waits for the installer.
func (p *blocked) wait() (ending, error) {
	state, err := p.process.Wait()
	if err != nil {
		return ending{}, fmt.Errorf("cannot wait for the installer: %w", err)
	}
	return ending{exit: exitCode(state)}, nil
}

// exitCode is the 32 bits of an exit code with a sign, as Windows' own shells show
// them: what ended with -1 or with an error of COM is negative.
func exitCode(state *os.ProcessState) int {
	return int(int32(state.Sys().(syscall.WaitStatus).ExitCode))
}

// become waits for the release, runs the installer and returns its exit code.
func become(stateDir, token, path string, argv []string) int {
	release, failed, log := os.Stdin, os.Stdout, os.Stderr
	if !released(release, stateDir, token) {
		return 1
	}
	release.Close()
	job := keepJob()
	installer, err := busyRetry(func() (*os.Process, error) { return run(stateDir, token, path, argv, log) })
	if err != nil {
		_, _ = io.WriteString(failed, plain(err.Error())) // its reader gone, nobody wants to know
		return 127
	}
	failed.Close()
	log.Close()
	state, err := installer.Wait()
	if job != 0 {
		_ = windows.CloseHandle(job)
	}
	if err != nil {
		return 127
	}
	return exitCode(state)
}

// keepJob holds the job that this process is a member of, so that it keeps its
// name if the supervisor dies. If that has happened already the job is made anew;
// without it the processes' parents tell (see group).
func keepJob() windows.Handle {
	self, err := identify(os.Getpid())
	if err != nil {
		return 0
	}
	job, old, err := createJob(self)
	if err == nil && !old {
		err = join(job, self.PID)
	}
	if err == nil && (!old || believed(job)) {
		return job
	}
	if job != 0 {
		_ = windows.CloseHandle(job)
	}
	return 0
}

// run starts the installer without a window of its own making: a console program
// gets a console that nobody sees.
func run(stateDir, token, path string, argv []string, log *os.File) (*os.Process, error) {
	call, err := invocation(path, argv, reportFile(stateDir, token))
	if err != nil {
		return nil, err
	}
	if call.msi {
		awaitInstaller(mutexPatience)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", os.DevNull, err)
	}
	defer null.Close()
	return os.StartProcess(call.program, []string{call.program}, &os.ProcAttr{
		Env:   os.Environ(),
		Files: []*os.File{null, log, log},
		Sys: &syscall.SysProcAttr{HideWindow: true, CmdLine: call.line,
			CreationFlags: windows.CREATE_NO_WINDOW | windows.CREATE_NEW_PROCESS_GROUP},
	})
}
