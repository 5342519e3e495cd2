// SPDX-License-Identifier: Apache-2.0

// Package localclient speaks to the daemon over its local socket: for the
// command line and for the prompt agents.
//
// A caller decides by errors.Is: ErrNotRunning, ErrNotFound, ErrForbidden,
// ErrRefused, ErrSilent, or by the code of the *apitypes.Error inside.
package localclient
