// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// How often a download that was cut goes on by itself: while bytes come, often;
// without any, seldom. What is here then stays for the next time.
const (
	maxCuts      = 100
	maxFruitless = 3
)

// tagSuffix is behind the name of a part in the file that says which state of the
// depot's file it is the beginning of.
const tagSuffix = ".tag"

// partName is where a file is collected. Two files of the same content are one part.
func partName(f File) string { return f.MD5 + "-" + strconv.FormatInt(f.Size, 10) }

// errStalled ends a connection over which nothing comes.
var errStalled = errors.New("nothing came any more")

// read asks for a file of the product. The body that take is given stands still
// neither longer than it may nor runs faster than it may.
func (w *work) read(ctx context.Context, name string, header http.Header, take func(*http.Response, io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(w.c.stall, func() { cancel(errStalled) })
	defer watch.Stop()
	from := *w.base
	from.Path += "/" + w.product + "/" + name // net/url escapes it
	resp, err := w.c.fetch.Get(ctx, &from, header)
	if err == nil {
		body := &watched{ctx: ctx, from: resp.Body, pace: &w.c.pace, watch: watch, stall: w.c.stall}
		err = take(resp, body)
		resp.Body.Close()
	}
	if err != nil && errors.Is(context.Cause(ctx), errStalled) {
		return fmt.Errorf("%w: %s: %w for %v", opsi.ErrUnreachable, name, errStalled, w.c.stall)
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx) // nobody's fault
	}
	return err
}

// watched is a body with its limits.
type watched struct {
	ctx   context.Context
	from  io.Reader
	pace  *pace
	watch *time.Timer
	stall time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	w.watch.Reset(w.stall)
	n, err := w.from.Read(p[:min(len(p), 32<<10)])
	w.watch.Stop()
	if waited := w.pace.take(w.ctx, n); waited != nil && err == nil {
		err = waited
	}
	return n, err
}

// part brings a file into the folder of parts, whole and with the right sum.
func (w *work) part(ctx context.Context, parts *os.Root, f File) error {
	name := partName(f)
	begun := false // by us, from its first byte
	for cuts, fruitless := 0, 0; ; {
		have, err := partSize(parts, name)
		if err != nil {
			return err
		}
		if have == f.Size {
			got, err := digest(ctx, parts, name)
			loose := errors.Is(err, ErrChanged) // whoever could change it may have it open still
			if err != nil && !loose {
				return err
			}
			if !loose && got.md5 == f.MD5 {
				return nil
			}
			if err := w.forget(parts, name); err != nil {
				return err
			}
			if begun && loose {
				return err
			}
			if begun {
				return w.contradicts(f, fmt.Sprintf("its MD5 is %s, and the depot's list says %s", got.md5, f.MD5))
			}
			have = -1
		}
		if have > f.Size {
			if err := w.forget(parts, name); err != nil {
				return err
			}
			have = -1
		}
		if have <= 0 {
			begun = true
		}
		err = w.download(ctx, parts, f, &begun)
		switch {
		case err == nil:
			continue // to look at it
		case !errors.Is(err, opsi.ErrUnreachable) || errors.Is(err, opsi.ErrWaiting):
			return err
		}
		now, lookErr := partSize(parts, name)
		if lookErr != nil {
			return lookErr
		}
		if fruitless++; now > max(have, 0) {
			fruitless = 0
		}
		if cuts++; cuts >= maxCuts || fruitless >= maxFruitless || now <= 0 {
			return err
		}
		select {
		case <-time.After(w.c.pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// contradicts refuses a file that is not what the list says.
func (w *work) contradicts(f File, why string) error {
	return &Refused{Product: w.product, File: f.Name, Why: why, changed: true}
}

// forget takes a part away. It is never made shorter instead: it may be a file of
// the tree in use by another name.
func (w *work) forget(parts *os.Root, name string) error {
	if err := w.c.step("forget a part"); err != nil {
		return err
	}
	for _, n := range []string{name, name + tagSuffix} {
		if err := remove(parts, n); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot take away what was fetched: %w", err)
		}
	}
	return nil
}

// partSize is how much of a part is here, -1 = it is not.
func partSize(parts *os.Root, name string) (int64, error) {
	info, err := parts.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return -1, nil
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, fmt.Errorf("cannot write %s: it is not a plain file", name)
	}
	return info.Size(), nil
}

// download fetches what is missing of a part. begun is set when it begins at the
// first byte.
func (w *work) download(ctx context.Context, parts *os.Root, f File, begun *bool) error {
	name := partName(f)
	have, err := partSize(parts, name)
	if err != nil {
		return err
	}
	have = max(have, 0)
	header := http.Header{}
	if have > 0 {
		header.Set("Range", "bytes="+strconv.FormatInt(have, 10)+"-")
		if tag := readTag(parts, name); tag != "" {
			header.Set("If-Range", tag)
		}
	}
	return w.read(ctx, f.At, header, func(resp *http.Response, body io.Reader) error {
		switch resp.StatusCode {
		case http.StatusNotFound:
			return w.contradicts(f, "the depot's list names it, and the depot does not have it")
		case http.StatusPartialContent:
			want := fmt.Sprintf("bytes %d-%d/%d", have, f.Size-1, f.Size)
			if got := resp.Header.Get("Content-Range"); have == 0 || got != want {
				if err := w.forget(parts, name); err != nil {
					return err
				}
				return w.contradicts(f, fmt.Sprintf("asked for %q the depot sends %.60q", want, got))
			}
		case http.StatusRequestedRangeNotSatisfiable:
			if err := w.forget(parts, name); err != nil {
				return err
			}
			return w.contradicts(f, "the depot's file is shorter than its list says")
		default:
			if resp.ContentLength >= 0 && resp.ContentLength != f.Size {
				return w.contradicts(f, fmt.Sprintf("the depot sends %d bytes, and its list says %d", resp.ContentLength, f.Size))
			}
			if have > 0 || *begun {
				if err := w.forget(parts, name); err != nil {
					return err
				}
			}
			have, *begun = 0, true
			writeTag(parts, name, resp.Header)
		}
		return w.write(parts, f, have, resp, body)
	})
}

// write appends a body to a part and makes it durable.
func (w *work) write(parts *os.Root, f File, have int64, resp *http.Response, body io.Reader) (err error) {
	if err := w.c.step("write a part"); err != nil {
		return err
	}
	file, err := parts.OpenFile(partName(f), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	n, err := io.Copy(file, io.LimitReader(body, f.Size-have))
	if err != nil {
		return err
	}
	if have+n < f.Size {
		if slices.Contains(resp.TransferEncoding, "chunked") {
			return w.contradicts(f, fmt.Sprintf("the depot sends %d bytes, and its list says %d", have+n, f.Size))
		}
		return fmt.Errorf("%w: %s: %w", opsi.ErrUnreachable, f.Name, io.ErrUnexpectedEOF)
	}
	var more [1]byte
	if k, _ := io.ReadFull(body, more[:]); k > 0 {
		return w.contradicts(f, fmt.Sprintf("the depot sends more than the %d bytes that its list says", f.Size))
	}
	return file.Sync()
}

// writeTag keeps what the depot calls this state of the file. A weak tag does not
// vouch for every byte, so it is no good for a part (RFC 9110, 13.1.5).
func writeTag(parts *os.Root, name string, h http.Header) {
	tag := h.Get("ETag")
	if tag == "" || strings.HasPrefix(tag, "W/") {
		tag = h.Get("Last-Modified")
	}
	if len(tag) > 200 || tag == "" {
		return
	}
	if file, err := parts.OpenFile(name+tagSuffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		_, _ = file.WriteString(tag) // without it the sum has the last word, as ever
		_ = file.Close()
	}
}

func readTag(parts *os.Root, name string) string {
	file, err := parts.OpenFile(name+tagSuffix, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return ""
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 201))
	if err != nil || len(text) > 200 || strings.ContainsFunc(string(text), func(c rune) bool { return c < ' ' || c > '~' }) {
		return ""
	}
	return string(text)
}

// found is what a file is.
type found struct {
	md5, sha256 string
	size        int64
	program     bool
}

// digest reads a plain file.
func digest(ctx context.Context, root *os.Root, name string) (found, error) {
	file, err := root.OpenFile(name, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return found{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return found{}, err
	}
	if !info.Mode().IsRegular() {
		return found{}, fmt.Errorf("cannot read %s: it is not a plain file", name)
	}
	if err := ours(file, info); err != nil {
		return found{}, fmt.Errorf("%w: %s: %w", ErrChanged, name, err)
	}
	m, s := md5.New(), sha256.New()
	first := &head{}
	n, err := io.Copy(io.MultiWriter(m, s, first), &until{ctx, file})
	if err != nil {
		return found{}, err
	}
	return found{hex.EncodeToString(m.Sum(nil)), hex.EncodeToString(s.Sum(nil)), n, program(first.b)}, nil
}

// until reads as long as a context lasts.
type until struct {
	ctx context.Context
	r   io.Reader
}

func (u *until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// head keeps the first bytes that are written.
type head struct{ b []byte }

func (h *head) Write(p []byte) (int, error) {
	h.b = append(h.b, p[:min(len(p), 4-len(h.b))]...)
	return len(p), nil
}

// program reports whether the first bytes are those of what a system starts: a
// script that names its interpreter, ELF, Mach-O. A depot's list knows no modes, so
// this decides who may be executed.
func program(first []byte) bool {
	switch s := string(first); {
	case strings.HasPrefix(s, "#!"), s == "\x7fELF":
		return true
	case s == "\xcf\xfa\xed\xfe", s == "\xce\xfa\xed\xfe", s == "\xca\xfe\xba\xbe":
		return true
	}
	return false
}
