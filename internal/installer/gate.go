// SPDX-License-Identifier: Apache-2.0

//go:build linux || windows

package installer

import (
	"errors"
	"io"
	"os"
	"strings"
)

// What the blocked process is told: to go on to the installer, or to end. When it
// is told nothing its supervisor has died, and the attempt's file decides.
const (
	releaseByte = 'g'
	abortByte   = 'x'
)

// gate is what a blocked process waits at, as its supervisor sees it.
type gate struct {
	unblock *os.File // one byte lets it go on or ends it
	failed  *os.File // ends when the installer runs, or holds why it could not
}

// release lets the process go on to the installer.
func (g gate) release() error {
	_, err := g.unblock.Write([]byte{releaseByte})
	if cerr := g.unblock.Close(); err == nil {
		err = cerr
	}
	return err
}

// shut ends the process before the installer.
func (g gate) shut() {
	_, _ = g.unblock.Write([]byte{abortByte}) // its reader gone, it has ended already
	g.unblock.Close()
	g.failed.Close()
}

// failure returns why the installer could not be started, "" if it was.
func (g gate) failure() string {
	text, err := io.ReadAll(io.LimitReader(g.failed, maxText))
	g.failed.Close()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// released waits in the blocked process for the word of its supervisor, or for
// what the attempt's file says in its place.
func released(word io.Reader, stateDir, token string) bool {
	var b [1]byte
	n, err := io.ReadFull(word, b[:])
	if n == 1 {
		return b[0] == releaseByte
	}
	return errors.Is(err, io.EOF) && startedAs(stateDir, token)
}

// startedAs reports whether the attempt's file, made durable, says that this very
// process was started as its installer. Then its supervisor died between that and
// the release: everybody takes the attempt for a running one, nobody else may run
// it, and so it runs.
func startedAs(stateDir, token string) bool {
	f, err := openFolder(stateDir, false)
	if err != nil {
		return false
	}
	defer f.close()
	o, err := f.load(token)
	if err != nil || o.State != KindStarted {
		return false
	}
	self, err := identify(os.Getpid())
	boot, bootErr := bootID()
	return err == nil && bootErr == nil && o.Installer == self && o.Boot == boot && syncDir(f.root) == nil
}
