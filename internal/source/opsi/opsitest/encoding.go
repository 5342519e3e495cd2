// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
)

// packAbove is the size from which answers are packed (contract 1).
const packAbove = 10000

// unpack reads a request's body. There is no zstd (contract 1).
func unpack(raw []byte, coding string) ([]byte, error) {
	var from io.Reader
	var err error
	switch coding {
	case "", "identity":
		return raw, nil
	case "gzip":
		from, err = gzip.NewReader(bytes.NewReader(raw))
	case "deflate": // the format of zlib
		from, err = zlib.NewReader(bytes.NewReader(raw))
	default:
		err = fmt.Errorf("unsupported Content-Encoding: '%s'", coding)
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(from, largestBody))
}

// codingOf says how an answer may be packed: the first of deflate and gzip that
// stands anywhere in the header.
func codingOf(accept string) (string, error) {
	switch {
	case accept == "" || accept == "identity":
		return "", nil
	case strings.Contains(accept, "lz4"):
		return "", fmt.Errorf("no lz4 here")
	case strings.Contains(accept, "deflate"):
		// Quirk: "gzip, deflate" is answered with deflate (contract 1).
		return "deflate", nil
	case strings.Contains(accept, "gzip"):
		return "gzip", nil
	}
	// Quirk: "*", "br" or "zstd" alone is an error, not "as it is" (contract 1).
	return "", fmt.Errorf("unsupported Accept-Encoding: '%s'", accept)
}

// pack packs a large answer; nil = it stays as it is.
func pack(text []byte, coding string) []byte {
	if len(text) <= packAbove || coding == "" {
		return nil
	}
	var out bytes.Buffer
	var z io.WriteCloser = gzip.NewWriter(&out)
	if coding == "deflate" {
		z = zlib.NewWriter(&out)
	}
	_, _ = z.Write(text) // a buffer takes everything
	_ = z.Close()
	return out.Bytes()
}
