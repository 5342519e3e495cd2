// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"errors"
	"fmt"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata"
)

// ErrRefused is what every Refused is.
var ErrRefused = errors.New("what the depot has of the product must not be used")

// ErrNoSpace: the disk has no room for the product. It is waited for.
var ErrNoSpace = errors.New("there is not enough space on the disk")

// Refused says what at the depot must not be used, and why.
type Refused struct {
	Product string
	File    string // of the product, "" = the product as a whole
	Why     string

	missing bool // the depot has no such product
	changed bool // list and file contradict each other, as when a package is exchanged
}

func (r *Refused) Error() string {
	if r.File == "" {
		return fmt.Sprintf("cannot use product %s of the depot: %s", r.Product, r.Why)
	}
	return fmt.Sprintf("cannot use product %s of the depot: %.300q: %s", r.Product, r.File, r.Why)
}

// Is makes it comparable with ErrRefused.
func (r *Refused) Is(target error) bool { return target == ErrRefused }

// Problem is the defect as a report tells it.
func (r *Refused) Problem() *events.Problem {
	code := metadata.CodeUnreadable
	if r.missing {
		code = metadata.CodeMissing
	}
	return &events.Problem{Code: code, Message: r.Error()}
}
