// SPDX-License-Identifier: Apache-2.0

package events

import "encoding/json"

// Upcast turns the data of one version of a message into the next version's.
// Logs are never rewritten: old data is upcast each time it is read.
type Upcast func(json.RawMessage) (json.RawMessage, error)

// upcastKey names the version an upcaster reads.
type upcastKey struct {
	name string
	v    int
}

// upcasters lists every upcaster. All types are at version 1, so it is empty;
// testdata/v1 holds each type's first form for the day it is not.
func upcasters() map[upcastKey]Upcast { return map[upcastKey]Upcast{} }
