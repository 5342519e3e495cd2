// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// fixedInfo begins a VS_FIXEDFILEINFO: its signature and the version of its layout
// ("VS_FIXEDFILEINFO structure"). File and product version follow, in two numbers each.
var fixedInfo = []byte{0xBD, 0x04, 0xEF, 0xFE, 0, 0, 1, 0}

// stamp writes the version into a built program. A linked file has no checksum and no
// signature yet, so nothing else in it depends on these bytes.
func stamp(file string, v [4]uint16) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if n := bytes.Count(text, fixedInfo); n != 1 {
		return fmt.Errorf("%s has %d places for a version", file, n)
	}
	at := bytes.Index(text, fixedInfo) + len(fixedInfo)
	if len(text) < at+16 {
		return fmt.Errorf("%s ends in its version", file)
	}
	for _, place := range []int{at, at + 8} { // the file's, the product's
		binary.LittleEndian.PutUint32(text[place:], uint32(v[0])<<16|uint32(v[1]))
		binary.LittleEndian.PutUint32(text[place+4:], uint32(v[2])<<16|uint32(v[3]))
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, info.Mode().Perm())
}

// numbers reads what the MSI is called by: three or four numbers with points between.
func numbers(version string) (v [4]uint16, err error) {
	parts := strings.Split(version, ".")
	if len(parts) > len(v) {
		return v, fmt.Errorf("%q has more than %d numbers", version, len(v))
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return v, fmt.Errorf("%q is no version of numbers up to 65535", version)
		}
		v[i] = uint16(n)
	}
	return v, nil
}
