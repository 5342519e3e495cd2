// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quietsetup/quietsetup/events"
)

// ErrSpec is returned for an attempt that is described wrongly. Nothing ran.
var ErrSpec = errors.New("wrong description of an attempt")

const (
	// maxSpec keeps a description inside a pipe's buffer, so that writing it
	// never blocks.
	maxSpec = 60 << 10
	// maxLog bounds an attempt's output on the disk, in bytes.
	maxLog        = 1 << 20
	minLog        = 4 << 10
	defaultLinger = 10 * time.Minute
	defaultIdle   = 5 * time.Minute
)

// Spec describes one attempt.
type Spec struct {
	Token   string        `json:"token"`
	Product string        `json:"product"`
	Action  events.Action `json:"action"`
	// Argv is an argument vector; it never meets a shell. Argv[0] is an absolute
	// path, a path inside Dir ("./setup.sh", "bin/setup"), or a bare name, looked
	// up in the fixed PATH and then in Dir.
	Argv []string `json:"argv"`
	Dir  string   `json:"dir"` // the package's folder, absolute; the working directory
	// Env is added to the fixed environment as NAME=value. It cannot replace a
	// fixed variable, nor set one that the dynamic linker reads.
	Env []string `json:"env,omitempty"`
	// LogMax bounds what is kept of the output, 4 KiB to 1 MiB; 0 = 1 MiB. The
	// beginning and the end are kept.
	LogMax int64 `json:"log_max,omitempty"`
	// Linger is how long processes of the installer's session are waited for once
	// the installer itself has ended; 0 = 10 minutes. What left the session (a
	// service that was started) is not waited for.
	Linger time.Duration `json:"linger,omitempty"`
	// Idle is how long an installer with a window may do nothing before it is said
	// to wait for input; 0 = 5 minutes. Windows only.
	Idle time.Duration `json:"idle,omitempty"`
}

// check refuses what can be known to be wrong before anything is claimed.
func (s Spec) check() error {
	if err := checkToken(s.Token); err != nil {
		return err
	}
	switch {
	case len(s.Argv) == 0 || s.Argv[0] == "":
		return fmt.Errorf("%w: %s of %.80q has no command", ErrSpec, s.Action, s.Product)
	case !filepath.IsAbs(s.Dir):
		return fmt.Errorf("%w: the folder %.200q of %.80q is not an absolute path", ErrSpec, s.Dir, s.Product)
	case s.LogMax < 0 || s.LogMax > maxLog || s.LogMax > 0 && s.LogMax < minLog:
		return fmt.Errorf("%w: %d bytes of output, must be %d to %d", ErrSpec, s.LogMax, minLog, maxLog)
	case s.Linger < 0:
		return fmt.Errorf("%w: negative linger time %v", ErrSpec, s.Linger)
	case s.Idle != 0 && s.Idle < time.Second:
		return fmt.Errorf("%w: idle time %v, must be a second at least", ErrSpec, s.Idle)
	}
	for _, text := range append([]string{s.Product, string(s.Action), s.Dir}, s.Argv...) {
		if strings.ContainsRune(text, 0) {
			return fmt.Errorf("%w: a zero byte in %.80q", ErrSpec, text)
		}
		if !utf8.ValidString(text) { // the order is JSON: it would arrive as another text
			return fmt.Errorf("%w: %.80q is not UTF-8", ErrSpec, text)
		}
	}
	return checkEnv(s.Env)
}

// filled puts the defaults in.
func (s Spec) filled() Spec {
	if s.LogMax == 0 {
		s.LogMax = maxLog
	}
	if s.Linger == 0 {
		s.Linger = defaultLinger
	}
	if s.Idle == 0 {
		s.Idle = defaultIdle
	}
	return s
}

// order is what the starter tells the supervisor.
type order struct {
	StateDir string `json:"state_dir"`
	Spec     Spec   `json:"spec"`
}

func (o order) encode() ([]byte, error) {
	b, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("cannot encode attempt %s: %w", o.Spec.Token, err)
	}
	if len(b) > maxSpec {
		return nil, fmt.Errorf("%w: command and environment of %.80q take %d bytes, at most %d", ErrSpec, o.Spec.Product, len(b), maxSpec)
	}
	return b, nil
}

// readOrder reads an order to the end of the pipe. A starter that was killed in
// the middle of it leaves an incomplete one, which is an error.
func readOrder(r io.Reader) (order, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxSpec+1))
	if err != nil {
		return order{}, fmt.Errorf("cannot read what to run: %w", err)
	}
	if len(text) == 0 || len(text) > maxSpec {
		return order{}, fmt.Errorf("%w: %d bytes", ErrSpec, len(text))
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var o order
	if err := dec.Decode(&o); err != nil {
		return order{}, fmt.Errorf("%w: %v", ErrSpec, err)
	}
	if dec.More() {
		return order{}, fmt.Errorf("%w: more than one", ErrSpec)
	}
	return o, o.Spec.check()
}
