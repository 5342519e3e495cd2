// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Remove forgets an attempt whose end is durable in the log. The installer's
// printed output stays until Sweep.
//
// A void file of this boot stays as well: a supervisor that was forked and is
// very late could otherwise claim the attempt after all. Sweep removes it once
// the machine was restarted. A file of a running attempt is ErrTaken.
func Remove(stateDir, token string) error {
	if err := checkToken(token); err != nil {
		return err
	}
	f, err := openFolder(stateDir, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.close()
	return f.forget(token)
}

func (f *folder) forget(token string) error {
	s, err := f.inspect(token)
	if err != nil {
		return err
	}
	if s.Alive {
		return fmt.Errorf("cannot remove %s: %w and runs", token, ErrTaken)
	}
	if s.Kind == KindVoid {
		return f.removeVoid(token)
	}
	for _, end := range []string{endSpare, endWaiting, endOutcome} {
		if err := f.remove(token + end); err != nil {
			return err
		}
	}
	return nil
}

func (f *folder) removeVoid(token string) error {
	boot, err := bootID()
	if err != nil {
		return err
	}
	o, err := f.load(token)
	if err != nil || o.State != KindVoid || o.Boot == boot {
		return err
	}
	return f.remove(token + endOutcome)
}

// Sweep tidies the folder of outcomes; call it when the daemon starts. It
// removes void files of earlier boots, half-written files older than an hour,
// broken ones older than keep, and output older than keep whose attempt is
// forgotten; and it cuts output that something the installer left running still adds to.
//
// over tells of a token whether the end of its attempt is durable in the log.
// Such an attempt is forgotten as by Remove: a daemon that was killed before it
// could do so would leave its files behind for ever. ErrFolder: nothing was tidied
// up, and no attempt could be started.
func Sweep(stateDir string, keep time.Duration, over func(token string) bool) error {
	f, err := openFolder(stateDir, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	defer f.close()
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return fmt.Errorf("cannot list %s: %w", f.path, err)
	}
	var all []error
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue // it is gone, or none of ours
		}
		all = append(all, f.sweep(e.Name(), info, keep, over))
	}
	return errors.Join(all...)
}

// besideOutcome returns the token of a file that means nothing without its outcome.
func besideOutcome(name string) (token string, ok bool) {
	if token, ok = strings.CutSuffix(name, endReport); ok {
		return token, ok
	}
	return strings.CutSuffix(name, endWaiting)
}

func (f *folder) sweep(name string, info fs.FileInfo, keep time.Duration, over func(string) bool) error {
	age := time.Since(info.ModTime())
	token, isLog := strings.CutSuffix(name, endLog)
	if isLog {
		_, err := f.root.Lstat(token + endOutcome)
		if age > keep && errors.Is(err, fs.ErrNotExist) {
			return f.remove(name)
		}
		if info.Size() > maxLog {
			return f.cutLog(name)
		}
		return nil
	}
	if beside, ok := besideOutcome(name); ok {
		_, err := f.root.Lstat(beside + endOutcome)
		if age > keep && errors.Is(err, fs.ErrNotExist) {
			return f.remove(name)
		}
		return nil
	}
	if strings.HasSuffix(name, endTemp) && age > time.Hour || strings.HasSuffix(name, endBroken) && age > keep {
		return f.remove(name)
	}
	token, ok := strings.CutSuffix(name, endOutcome)
	if !ok || checkToken(token) != nil {
		return nil
	}
	if o, err := f.load(token); err == nil && o.State == KindVoid {
		return f.removeVoid(token)
	}
	if !over(token) {
		return nil
	}
	if err := f.forget(token); !errors.Is(err, ErrTaken) {
		return err
	}
	return nil // something of it still runs: another time
}
