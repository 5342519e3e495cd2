// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"time"
)

// Certificate is what the server shows in a handshake.
type Certificate int

// The certificates.
const (
	Good      Certificate = iota // signed by the site's CA, for this server
	Expired                      // signed by the site's CA, and over since yesterday
	Foreign                      // signed by another CA of the same name
	OtherName                    // signed by the site's CA, for another server
)

// authority is the site's "opsi CA" with the certificates of the server.
type authority struct {
	ca    []byte // PEM
	leafs map[Certificate]*tls.Certificate
}

// signer is a CA that can sign.
type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(now time.Time) (*authority, error) {
	site, err := newSigner(now)
	if err != nil {
		return nil, err
	}
	other, err := newSigner(now)
	if err != nil {
		return nil, err
	}
	a := &authority{ca: site.pem, leafs: map[Certificate]*tls.Certificate{}}
	day := 24 * time.Hour
	for _, l := range []struct {
		is    Certificate
		by    signer
		until time.Time
		names []string
		ips   []net.IP
	}{
		{Good, site, now.Add(90 * day), []string{ConfigServerID, "localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}},
		{Expired, site, now.Add(-day), []string{ConfigServerID, "localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}},
		{Foreign, other, now.Add(90 * day), []string{ConfigServerID, "localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}},
		{OtherName, site, now.Add(90 * day), []string{"other.site.test"}, nil},
	} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
			SerialNumber: big.NewInt(int64(l.is) + 2), Subject: pkix.Name{CommonName: l.names[0]},
			NotBefore: now.Add(-30 * day), NotAfter: l.until, DNSNames: l.names, IPAddresses: l.ips,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}, l.by.cert, &key.PublicKey, l.by.key)
		if err != nil {
			return nil, err
		}
		a.leafs[l.is] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	return a, nil
}

func newSigner(now time.Time) (signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return signer{}, err
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "opsi CA"},
		NotBefore: now.Add(-60 * 24 * time.Hour), NotAfter: now.Add(1000 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return signer{}, err
	}
	cert, err := x509.ParseCertificate(der)
	return signer{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, err
}

// config shows whatever certificate is to be shown at the time of a handshake.
func (a *authority) config(shown func() Certificate) *tls.Config {
	return &tls.Config{
		// A session ticket would carry a client past the certificate it is to see.
		SessionTicketsDisabled: true,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			c := a.leafs[shown()]
			if c == nil {
				return nil, fmt.Errorf("cannot show certificate %d: there is none", shown())
			}
			return c, nil
		},
	}
}

// noHTTP2 is how net/http is told to speak HTTP/1.1 alone.
func noHTTP2() map[string]func(*http.Server, *tls.Conn, http.Handler) {
	return map[string]func(*http.Server, *tls.Conn, http.Handler){}
}

// CA is the site's CA certificate as PEM.
func (s *Server) CA() []byte { return append([]byte(nil), s.pki.ca...) }

// Roots trusts the site's CA alone.
func (s *Server) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.pki.ca)
	return pool
}
