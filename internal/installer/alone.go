// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/filelock"
)

// ErrOccupied: something is installed that must have the machine to itself.
var ErrOccupied = errors.New("another installation has the machine to itself")

// ErrRuns: an installer of ours runs, so nobody can have the machine to itself.
var ErrRuns = errors.New("an installer of the service runs")

// lockName is the file in the state directory that is locked by whoever installs:
// shared by each supervisor, so that a stalled installer and the next one may run
// side by side, and whole by an [Alone].
const lockName = "installing.lock"

// lockByte is where no text can be: Windows keeps others from reading what is locked. A
// program that is started does not get the lock: the file is closed then.
const lockByte = filelock.Byte(1<<63 - 1)

// maxLock is more than a lock file holds.
const maxLock = 4 << 10

// Alone is the right to run what no installer of ours may run beside. The system
// frees it when its holder dies. What the holder had started may live longer, so it
// is named in the file, and is waited for as long as it lives.
type Alone struct{ file *os.File }

// named is the process that the file names.
type named struct {
	Boot    string           `json:"boot"`
	Process events.ProcessID `json:"process"`
}

// TakeAlone takes the right, or returns ErrOccupied, or ErrRuns with the attempt that
// is in the way. It waits for nobody.
func TakeAlone(stateDir string) (*Alone, error) {
	file, err := openLock(stateDir)
	if err != nil {
		return nil, err
	}
	wrong := func(err error) (*Alone, error) { return nil, errors.Join(err, file.Close()) }
	free, err := filelock.Whole(file, lockByte)
	switch {
	case err != nil:
		return wrong(fmt.Errorf("cannot lock %s: %w", file.Name(), err))
	case !free:
		if shared, err := filelock.Shared(file, lockByte); err == nil && shared { // so it is shared by others
			return wrong(ErrRuns)
		}
		return wrong(ErrOccupied)
	}
	if err := namedLives(file); err != nil {
		return wrong(err)
	}
	// A supervisor that was killed holds no lock, and its installer lives.
	token, err := living(stateDir)
	switch {
	case err != nil:
		return wrong(fmt.Errorf("cannot tell whether an installer runs: %w", err))
	case token != "":
		return wrong(fmt.Errorf("%w (%s)", ErrRuns, token))
	}
	return &Alone{file}, nil
}

// Runs notes the process that runs by this right.
func (a *Alone) Runs(pid int) error {
	id, err := identify(pid)
	if err != nil {
		return fmt.Errorf("cannot note who installs: %w", err)
	}
	boot, err := bootID()
	if err != nil {
		return fmt.Errorf("cannot note who installs: %w", err)
	}
	text, err := json.Marshal(named{boot, id})
	if err == nil {
		err = a.file.Truncate(0)
	}
	if err == nil {
		_, err = a.file.WriteAt(text, 0)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", a.file.Name(), err)
	}
	return nil
}

// Close gives the right back.
func (a *Alone) Close() error { return a.file.Close() }

// Occupied returns ErrOccupied if somebody has the machine to himself now.
func Occupied(stateDir string) error {
	file, err := share(stateDir)
	if err != nil {
		return err
	}
	return file.Close()
}

// share takes the part in the lock that an attempt needs, until the file is closed or
// the process ends.
func share(stateDir string) (*os.File, error) {
	file, err := openLock(stateDir)
	if err != nil {
		return nil, err
	}
	free, err := filelock.Shared(file, lockByte)
	switch {
	case err != nil:
		err = fmt.Errorf("cannot lock %s: %w", file.Name(), err)
	case !free:
		err = ErrOccupied
	default:
		err = namedLives(file)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// openLock opens the file, which is made once and never taken away: two who had two
// files under one name would both hold the lock.
func openLock(stateDir string) (*os.File, error) {
	root, err := os.OpenRoot(stateDir)
	if err != nil {
		return nil, fmt.Errorf("cannot open the state directory: %w", err)
	}
	defer root.Close()
	path := filepath.Join(stateDir, lockName)
	if info, err := root.Lstat(lockName); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("cannot lock %s: %w: it is %s, not a file", path, ErrUntrusted, info.Mode().Type())
	}
	file, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE|dontBlock, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", path, err)
	}
	info, err := file.Stat()
	switch {
	case err == nil && !info.Mode().IsRegular():
		err = fmt.Errorf("%w: it is %s, not a file", ErrUntrusted, info.Mode().Type())
	case err == nil:
		if mine := ours(file, info); mine != nil {
			err = fmt.Errorf("%w: %w", ErrUntrusted, mine)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot lock %s: %w", path, err), file.Close())
	}
	return file, nil
}

// namedLives returns ErrOccupied if the process that the file names lives.
func namedLives(file *os.File) error {
	text, err := io.ReadAll(io.NewSectionReader(file, 0, maxLock))
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", file.Name(), err)
	}
	var n named
	if len(text) == 0 || json.Unmarshal(text, &n) != nil {
		return nil // nobody was named, or who was to name one died in the middle of it
	}
	boot, err := bootID()
	if err != nil {
		return err
	}
	if boot != n.Boot {
		return nil
	}
	lives, err := alive(n.Process)
	switch {
	case err != nil:
		return fmt.Errorf("cannot tell who installs: %w", err)
	case lives:
		return fmt.Errorf("%w (process %d)", ErrOccupied, n.Process.PID)
	}
	return nil
}

// living is the token of an attempt of which something runs, "" if there is none.
func living(stateDir string) (string, error) {
	f, err := openFolder(stateDir, false)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.close()
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return "", fmt.Errorf("cannot list %s: %w", f.path, err)
	}
	for _, e := range entries {
		token, ok := strings.CutSuffix(e.Name(), endOutcome)
		if !ok || checkToken(token) != nil {
			continue
		}
		s, err := f.inspect(token)
		if err != nil || s.Alive {
			return token, err
		}
	}
	return "", nil
}
