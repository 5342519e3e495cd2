// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/atomicfile"
)

// Where a server offers its CA to anybody; the second is for older ones.
const (
	bundlePath = "/ssl/ca-certs.pem"
	singlePath = "/ssl/opsi-ca-cert.pem"
)

// maxBundle is room for some hundred certificates.
const maxBundle = 1 << 20

// ReadRoots reads the CA file of a site. Nothing else is trusted then, not even
// what the system trusts. owner judges who could change the file (nil = not
// asked): whoever can, decides which server is believed.
func ReadRoots(path string, owner func(name string, info fs.FileInfo) error) (*x509.CertPool, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot read the CA file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("cannot read the CA file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("cannot read the CA file: %s is not a plain file", path)
	}
	if owner != nil {
		if err := owner(path, info); err != nil {
			return nil, fmt.Errorf("cannot use the CA file: %w", err)
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxBundle+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the CA file: %w", err)
	}
	certs, err := parseBundle(text)
	if err != nil {
		return nil, fmt.Errorf("cannot use the CA file %s: %w", path, err)
	}
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool, nil
}

// Bundle is what a server says its CA is.
type Bundle struct{ certs []*x509.Certificate }

// CA is one certificate of a bundle, for a person to compare.
type CA struct {
	Subject string
	SHA256  string // of the certificate, lower hex
	Until   time.Time
}

// CAs tells what is in the bundle.
func (b Bundle) CAs() []CA {
	var out []CA
	for _, c := range b.certs {
		out = append(out, CAOf(c))
	}
	return out
}

// CAOf tells a certificate to a person.
func CAOf(c *x509.Certificate) CA {
	sum := sha256.Sum256(c.Raw)
	return CA{Subject: line(c.Subject.String()), SHA256: hex.EncodeToString(sum[:]), Until: c.NotAfter}
}

// ParseSum reads a SHA-256 as people have it: hex in either case, with or without
// colons.
func ParseSum(s string) (string, error) {
	sum := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(s), ":", ""))
	if b, err := hex.DecodeString(sum); err != nil || len(b) != sha256.Size {
		return "", fmt.Errorf("cannot use the sum %q: a SHA-256 has 64 hex digits", line(s))
	}
	return sum, nil
}

// Pin writes the bundle to a file that is not there yet. An existing one is never
// replaced: what was trusted once changes only by somebody's hand.
func (b Bundle) Pin(path string) error {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("cannot write the CA file: %w", err)
	}
	defer root.Close()
	err = atomicfile.Write(root, filepath.Base(path), atomicfile.Options{Mode: 0o644, Fresh: true}, func(w io.Writer) error {
		for _, c := range b.certs {
			if err := pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot write the CA file: %s is there already, and what it trusts stays; take it away first: %w", path, fs.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("cannot write the CA file: %w", err)
	}
	return nil
}

// FirstContact asks a server for its CA over a connection that nobody vouches
// for. It sends no secret. The answer is taken only if that CA signs the very
// certificate the server shows: then whoever was met the first time is who will
// be met again. Whether it was the right one a person must say: with a sum only the
// certificate that has it is taken, and it alone must vouch for the server, for a
// stranger can lay the right one beside his own. "" takes all.
func FirstContact(ctx context.Context, server, sum string) (Bundle, error) {
	base, err := baseURL(server)
	if err != nil {
		return Bundle{}, err
	}
	transport := newTransport(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}) // no secret goes over it
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute, CheckRedirect: noRedirect}
	for _, path := range []string{bundlePath, singlePath} {
		b, found, err := fetchBundle(ctx, client, base, path, sum)
		if err != nil {
			return Bundle{}, fmt.Errorf("cannot ask %s for its CA: %w", base.Host, err)
		}
		if found {
			return b, nil
		}
	}
	return Bundle{}, fmt.Errorf("cannot ask %s for its CA: it offers neither %s nor %s", base.Host, bundlePath, singlePath)
}

func fetchBundle(ctx context.Context, client *http.Client, base *url.URL, path, sum string) (Bundle, bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath(path).String(), nil)
	if err != nil {
		return Bundle{}, false, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return Bundle{}, false, transportError(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return Bundle{}, false, nil
	}
	if resp.StatusCode != http.StatusOK {
		return Bundle{}, false, fmt.Errorf("%w: status %d", ErrAnswer, resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBundle+1))
	if err != nil {
		return Bundle{}, false, transportError(err)
	}
	certs, err := parseBundle(text)
	if err != nil {
		return Bundle{}, false, err
	}
	if sum != "" {
		certs = slices.DeleteFunc(certs, func(c *x509.Certificate) bool { return CAOf(c).SHA256 != sum })
		if len(certs) == 0 {
			return Bundle{}, false, fmt.Errorf("%w: none that it offers has the SHA-256 %s", ErrCertificate, sum)
		}
	}
	if resp.TLS == nil || len(resp.TLS.PeerCertificates) == 0 {
		return Bundle{}, false, fmt.Errorf("%w: it shows no certificate", ErrCertificate)
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range certs {
		roots.AddCert(c)
	}
	for _, c := range resp.TLS.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err = resp.TLS.PeerCertificates[0].Verify(x509.VerifyOptions{DNSName: base.Hostname(), Roots: roots, Intermediates: between})
	if err != nil {
		return Bundle{}, false, fmt.Errorf("%w: the CA it offers does not vouch for it: %w", ErrCertificate, err)
	}
	return Bundle{certs}, true, nil
}

// parseBundle reads certificates that are CAs; anything else in it is refused.
func parseBundle(text []byte) ([]*x509.Certificate, error) {
	if len(text) > maxBundle {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrCertificate, maxBundle)
	}
	var out []*x509.Certificate
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("%w: the file holds a %s, not only certificates", ErrCertificate, line(block.Type))
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCertificate, err)
		}
		if !c.IsCA {
			return nil, fmt.Errorf("%w: %s is no CA", ErrCertificate, line(c.Subject.String()))
		}
		out = append(out, c)
	}
	if len(out) == 0 || len(bytes.TrimSpace(text)) > 0 {
		return nil, fmt.Errorf("%w: not a file of PEM certificates", ErrCertificate)
	}
	return out, nil
}
