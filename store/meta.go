// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// Where a meta page of bbolt holds what, behind the page's header, in the order of
// bytes of the machine.
const (
	metaAt    = 16
	metaSize  = 64
	metaTxid  = 48
	metaCheck = 56
)

// metaWorn reports whether the two pages that say where a bbolt file ends are not
// as bbolt leaves them: valid both, and one commit apart. bbolt itself is content
// with one, and then believes what the file was a commit ago.
func metaWorn(path string, pageSize int) (bool, error) {
	f, err := readOwn(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var txid [2]uint64
	for i := range txid {
		var b [metaSize]byte
		if _, err := f.ReadAt(b[:], int64(i*pageSize)+metaAt); err != nil && err != io.EOF {
			return false, fmt.Errorf("cannot read %s: %w", path, err)
		}
		h := fnv.New64a()
		h.Write(b[:metaCheck])
		if h.Sum64() != binary.NativeEndian.Uint64(b[metaCheck:]) {
			return true, nil
		}
		txid[i] = binary.NativeEndian.Uint64(b[metaTxid:])
	}
	return txid[0]+1 != txid[1] && txid[1]+1 != txid[0], nil
}
