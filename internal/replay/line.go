// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"errors"

	"github.com/quietsetup/quietsetup/events"
)

// Line is one line of a log and where it was read.
type Line struct {
	File   string        // file it stands in, for people; "" = not from a file
	Number int           // line in that file, from 1
	Raw    []byte        // the line without newline
	Record events.Record // decoded; the zero Record when the line came with an error
}

// ErrTornTail comes with a last line that has no newline: the writer was
// stopped in the middle of it, so it was never durable and nothing acted on it.
var ErrTornTail = errors.New("the last line is not complete")

// ErrEmpty is returned for a log without any record.
var ErrEmpty = errors.New("holds no record")
