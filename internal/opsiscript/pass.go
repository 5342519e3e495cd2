// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Passed stands for the token of a run in the name of the key of a call that is passed on.
const Passed = "passed"

// Login is who a call that is passed on logs in as.
type Login struct {
	User     string
	Password Secret
}

// Pass has opsi-script carry out a call as opsiclientd made it, and returns its exit
// code. The login goes by a private file below the state folder, which exists only
// meanwhile; a file that the call names is used as it is. begun is told the process; its
// error changes nothing about the run and comes back after it. When ctx ends
// opsi-script is asked to end, and is waited for.
func Pass(ctx context.Context, c Call, program, stateDir string, who Login, begun func(pid int) error) (code int, err error) {
	file := c.Credential
	if file == "" {
		if file, err = keepLogin(stateDir, who); err != nil {
			return -1, err
		}
		defer func() {
			if rmErr := os.Remove(file); rmErr != nil && !errors.Is(rmErr, fs.ErrNotExist) {
				err = errors.Join(err, fmt.Errorf("cannot remove the file of the login: %w", rmErr))
			}
		}()
	}
	argv, err := c.CommandLine(runtime.GOOS, program, file)
	if err != nil {
		return -1, err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	if err := cmd.Start(); err != nil {
		return -1, fmt.Errorf("cannot start opsi-script: %w", errors.Unwrap(err)) // without its command line
	}
	noteErr := begun(cmd.Process.Pid)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		askToEnd(cmd.Process)
		err = <-ended
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return -1, errors.Join(fmt.Errorf("cannot wait for opsi-script: %w", err), noteErr)
	}
	if code = cmd.ProcessState.ExitCode(); code < 0 { // ended by a signal
		code = 1
	}
	return code, noteErr
}

// keepLogin writes the private file.
func keepLogin(stateDir string, who Login) (string, error) {
	if who.User == "" || who.Password.IsZero() {
		return "", errors.New("cannot log in for opsi-script: neither the call nor key_file says how")
	}
	if strings.ContainsAny(who.User+who.Password.reveal(), "\r\n\x00") {
		return "", errors.New("cannot log in for opsi-script: name or password hold control characters")
	}
	folder, err := MakeFolder(stateDir)
	if err != nil {
		return "", err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return "", fmt.Errorf("cannot open the folder of opsi-script's runs: %w", err)
	}
	defer root.Close()
	if err := writeKey(root, Passed+endKey, who.User, who.Password.reveal()); err != nil {
		return "", err
	}
	return filepath.Join(folder, Passed+endKey), nil
}

// MakeFolder makes the private folder of runs below the state folder.
func MakeFolder(stateDir string) (string, error) {
	folder := stateDir
	for _, name := range []string{"opsi", "runs"} {
		folder = filepath.Join(folder, name)
		if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("cannot make the folder of opsi-script's runs: %w", err)
		}
	}
	return folder, nil
}
