// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// legible turns a log into UTF-8. Windows Installer writes UTF-16 or, depending on
// who runs it, 8-bit text of the machine's code page; of the latter only ASCII can
// be told for certain, so the rest is read as Latin 1.
func legible(text []byte) string {
	switch {
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		return fromUTF16(text[2:])
	case wide(text):
		return fromUTF16(text)
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if utf8.Valid(text) {
		return string(text)
	}
	out := make([]rune, len(text))
	for i, b := range text {
		out[i] = rune(b)
	}
	return string(out)
}

// wide reports whether the text looks like UTF-16 without a mark: every second
// byte of its beginning is zero, nearly.
func wide(text []byte) bool {
	head := text[:min(len(text), 512)]
	zeros := 0
	for i := 1; i < len(head); i += 2 {
		if head[i] == 0 {
			zeros++
		}
	}
	return len(head) >= 2 && zeros*10 >= len(head)/2*9
}

func fromUTF16(text []byte) string {
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = uint16(text[2*i]) | uint16(text[2*i+1])<<8
	}
	return string(utf16.Decode(units))
}
