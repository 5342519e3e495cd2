// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// output is standard output that remembers whether something was lost, so that
// no command which prints need look at each line.
type output struct {
	to   io.Writer
	lost error // the first
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.to.Write(b)
	if err != nil && o.lost == nil {
		o.lost = err
	}
	return n, err
}

// fault is err, or that output was lost where err says nothing about it. A
// reader who went away, as head does, has what it wanted.
func (o *output) fault(err error) error {
	var own *coded
	if o.lost == nil || errors.Is(o.lost, syscall.EPIPE) || err != nil && !(errors.As(err, &own) && own.quiet) {
		return err
	}
	return &coded{code: exitFailed, err: fmt.Errorf("the output was lost: %w", o.lost)}
}
