// SPDX-License-Identifier: Apache-2.0

package store

import "errors"

// What can be wrong with a store. Test with errors.Is. A full disk is reported
// as the system's own error (syscall.ENOSPC) beside ErrOutcomeUnknown.
var (
	// ErrInUse: another process has the store open.
	ErrInUse = errors.New("store is in use by another process")
	// ErrNewer: a newer version wrote the store in a form this one cannot read. Nothing was changed.
	ErrNewer = errors.New("store was written by a newer version")
	// ErrDamaged: something stored is not what was written.
	ErrDamaged = errors.New("store is damaged")
	// ErrTornTail: the last line has no newline; its write was cut short. A warning.
	ErrTornTail = errors.New("last line is torn")
	// ErrOutcomeUnknown: an append failed, and whether its record is there is
	// not known until Recover has succeeded.
	ErrOutcomeUnknown = errors.New("outcome of an append is unknown")
	// ErrUnclean: with OnlyClean, the last run did not close the store in order,
	// or a file changed since.
	ErrUnclean = errors.New("store was not closed in order")
	// ErrNoRecord: an excerpt would hold no record.
	ErrNoRecord = errors.New("no such record")
	// ErrUnsafe: a state file is a link, belongs to somebody else or may be
	// written by others.
	ErrUnsafe = errors.New("state file is not safe to use")
)
