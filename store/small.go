// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
)

// The small files of the state directory are one JSON object on a line, and its
// last member "check" is a checksum over all bytes before. They have no twin: a
// changed one must not be believed. Builds of all formats write them so.
const checkMember = `"check":"`

// seal encodes a small file.
func seal(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	b = b[:len(b)-1] // all but the closing brace
	if len(b) > 1 {
		b = append(b, ',')
	}
	return fmt.Appendf(b, "%s%08x\"}\n", checkMember, checksum(b)), nil
}

// unseal decodes a small file and reports whether it is as it was written.
func unseal(b []byte, v any) bool {
	i := bytes.LastIndex(b, []byte(checkMember))
	if i < 0 || string(b[i:]) != fmt.Sprintf("%s%08x\"}\n", checkMember, checksum(b[:i])) {
		return false
	}
	return json.Unmarshal(b, v) == nil
}

// checksum is Castagnoli's.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
