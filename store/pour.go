// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// wholeSize is the length of a file up to its last newline.
func wholeSize(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 1<<16)
	for end := info.Size(); end > 0; {
		n := min(end, int64(len(buf)))
		if _, err := f.ReadAt(buf[:n], end-n); err != nil {
			return 0, err
		}
		for i := n - 1; i >= 0; i-- {
			if buf[i] == '\n' {
				return end - n + i + 1, nil
			}
		}
		end -= n
	}
	return 0, nil
}

// pour copies up to limit bytes, all if it is negative, makes them durable, and
// reads them back: the hash is that of what lies in the copy.
func pour(dst, src *os.File, limit int64) (n int64, sum string, err error) {
	var r io.Reader = src
	if limit >= 0 {
		r = io.LimitReader(src, limit)
	}
	read, written := sha256.New(), sha256.New()
	if n, err = io.Copy(dst, io.TeeReader(r, read)); err != nil {
		return n, "", err
	}
	if err = dst.Sync(); err != nil {
		return n, "", err
	}
	if _, err = dst.Seek(0, io.SeekStart); err != nil {
		return n, "", err
	}
	if _, err = io.Copy(written, dst); err != nil {
		return n, "", err
	}
	sum = hex.EncodeToString(written.Sum(nil))
	if sum != hex.EncodeToString(read.Sum(nil)) {
		err = fmt.Errorf("%s does not read back as it was written: %w", dst.Name(), ErrDamaged)
	}
	return n, sum, err
}

// copyOne copies a file to a new one.
func copyOne(from, to string, limit int64) (int64, error) {
	src, err := openPlain(from)
	if err != nil {
		return 0, err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return 0, err
	}
	n, _, err := pour(dst, src, limit)
	return n, errors.Join(err, dst.Close())
}
