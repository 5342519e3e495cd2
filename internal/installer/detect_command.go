// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// detectCommand runs a command of the package that says whether the product is
// there. A command that does not exist is a product that is not there.
func detectCommand(ctx context.Context, rule events.Detect) (found, error) {
	argv := strings.Fields(rule.Name)
	if !filepath.IsAbs(argv[0]) {
		return found{}, fmt.Errorf("%w: the command is not an absolute path", errRule)
	}
	// Only the command's own absence counts; a script without its interpreter is
	// not found either when it is run, and tells nothing.
	if _, err := os.Stat(argv[0]); errors.Is(err, fs.ErrNotExist) {
		return found{}, nil
	}
	out, code, err := ask(ctx, argv)
	if err != nil || code != 0 {
		return found{}, err
	}
	return found{installed: true, version: tells(firstLine(out), rule)}, nil
}

// maxAnswer bounds what is kept of a program's output.
const maxAnswer = 64 << 10

// ask runs a program that only looks, and returns its output and exit code. It
// is ended, with everything it started, when its time is over.
func ask(ctx context.Context, argv []string) (out []byte, code int, err error) {
	ctx, cancel := context.WithTimeout(ctx, detectLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = neutralDir()
	cmd.Env = fixedEnv()
	cmd.WaitDelay = time.Second
	endsAsGroup(cmd)
	kept := &head{most: maxAnswer}
	cmd.Stdout = kept
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil, -1, fmt.Errorf("%s gave no answer: %w", argv[0], ctx.Err())
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return kept.Bytes(), 0, nil
	case errors.As(err, &exit) && exit.Exited():
		return kept.Bytes(), exit.ExitCode(), nil
	}
	return nil, -1, fmt.Errorf("%s gave no answer: %w", argv[0], err)
}

// head keeps the first bytes written to it and takes the rest without a word.
type head struct {
	bytes.Buffer
	most int
}

func (h *head) Write(p []byte) (int, error) {
	if room := h.most - h.Len(); room > 0 {
		h.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
