// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quietsetup/quietsetup/events"
)

// Kind is how far an attempt's file says it came.
type Kind string

// The kinds of an attempt's file.
const (
	KindNone    Kind = ""        // there is no file
	KindVoid    Kind = "void"    // nobody may run it any more
	KindClaimed Kind = "claimed" // a supervisor holds it and has not released the installer
	KindStarted Kind = "started" // the installer was released, or releases itself if its supervisor has died
	KindEnded   Kind = "ended"   // the outcome is known
	KindLost    Kind = "lost"    // the file was broken: nobody knows
)

// Errors of reading an attempt's file.
var (
	errBroken = errors.New("broken outcome file")
	// ErrNewer is returned for a file that a newer build wrote.
	ErrNewer = errors.New("outcome file of a newer build")
)

// Limits of the file's text. The spare is written in full before the installer
// runs, so that the last state never needs new room on the disk.
const (
	format    = 1
	maxFile   = 64 << 10
	spareSize = 16 << 10
	maxText   = 1000 // bytes of an error
	maxLeft   = 32   // entries of Left
)

// outcome is the content of an attempt's file.
type outcome struct {
	V     int       `json:"v"`
	Token string    `json:"token"`
	State Kind      `json:"state"`
	Boot  string    `json:"boot"` // the boot in which State was written; pids mean nothing in another
	At    time.Time `json:"at"`   // when State was written, UTC; for people
	// Supervisor is set from claimed on, Installer from started on. An attempt
	// that could not be started ends without an Installer.
	Supervisor events.ProcessID `json:"supervisor,omitzero"`
	Installer  events.ProcessID `json:"installer,omitzero"`
	LingerMS   int64            `json:"linger_ms,omitempty"`
	Exit       int              `json:"exit"` // -1 without an exit code; means something in state ended only
	Signal     string           `json:"signal,omitempty"`
	Error      string           `json:"error,omitempty"`
	TookMS     int64            `json:"took_ms,omitempty"`
	Left       []Leftover       `json:"left,omitempty"`
	// Sum is the lower hex SHA-256 of the text with an empty sum.
	Sum string `json:"sum"`
}

// Leftover is a process of the installer that lived on when the attempt ended.
type Leftover struct {
	events.ProcessID
	Name string `json:"name"`
}

// encode returns the file's text with its sum.
func (o outcome) encode() ([]byte, error) {
	o.V = format
	sum, err := o.sum()
	if err != nil {
		return nil, fmt.Errorf("cannot encode the outcome of %s: %w", o.Token, err)
	}
	o.Sum = sum
	b, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the outcome of %s: %w", o.Token, err)
	}
	return append(b, '\n'), nil
}

func (o outcome) sum() (string, error) {
	o.Sum = ""
	b, err := json.Marshal(o)
	if err != nil {
		return "", err
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:]), nil
}

// decode reads the text of token's file. Everything that is not exactly what
// encode wrote is errBroken.
func decode(token string, text []byte) (outcome, error) {
	var o outcome
	if err := json.Unmarshal(bytes.TrimRight(text, " \n"), &o); err != nil {
		return outcome{}, fmt.Errorf("%w: %v", errBroken, err)
	}
	if o.V > format {
		return outcome{}, fmt.Errorf("%w: format %d, this build knows %d", ErrNewer, o.V, format)
	}
	sum, err := o.sum()
	if err != nil {
		return outcome{}, fmt.Errorf("%w: %v", errBroken, err)
	}
	if o.V != format || o.Sum != sum {
		return outcome{}, fmt.Errorf("%w: its sum does not match", errBroken)
	}
	if o.Token != token {
		return outcome{}, fmt.Errorf("%w: it is about %.80q", errBroken, o.Token)
	}
	ok := false
	switch o.State {
	case KindVoid, KindLost:
		ok = o.Boot != ""
	case KindClaimed, KindEnded:
		ok = o.Boot != "" && o.Supervisor.PID > 0
	case KindStarted:
		ok = o.Boot != "" && o.Supervisor.PID > 0 && o.Installer.PID > 0
	}
	if !ok {
		return outcome{}, fmt.Errorf("%w: state %.20q without what belongs to it", errBroken, o.State)
	}
	return o, nil
}

// input is the outcome in the vocabulary of the log.
func (o outcome) input() events.InstallerEnded {
	return events.InstallerEnded{Token: o.Token, Exit: o.Exit, Signal: o.Signal, Error: o.Error, TookMS: o.TookMS}
}

// begun is the start in the vocabulary of the log.
func (o outcome) begun() events.InstallerStarted {
	return events.InstallerStarted{Token: o.Token, Supervisor: o.Supervisor, Installer: o.Installer}
}

// plain makes a text fit into the file: one short line without control characters.
func plain(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
}

// linger is how long processes that outlive the installer are waited for.
func (o outcome) linger() time.Duration {
	if o.LingerMS <= 0 {
		return defaultLinger
	}
	return time.Duration(o.LingerMS) * time.Millisecond
}
