// SPDX-License-Identifier: Apache-2.0

package opsidialog

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/internal/opsiclientd"
)

// defaultPort is the service's unless opsiclientd.conf names another.
const defaultPort = 4441

// Judge returns nil if nobody else can change a file, or read it, as its name says.
type Judge func(name string, info fs.FileInfo) error

// place is where the service is and what proves that it is it.
type place struct {
	port      int
	cert, key string // files; often the same
}

// readPlace reads opsiclientd's configuration. Its error is ErrAbsent where there is no
// opsiclientd.
func readPlace(conf string, unchanged Judge) (place, error) {
	text, err := opsiclientd.ReadText(conf, unchanged)
	if errors.Is(err, fs.ErrNotExist) {
		return place{}, fmt.Errorf("%w: %w", ErrAbsent, err)
	} else if err != nil {
		return place{}, fmt.Errorf("cannot read the configuration of opsiclientd: %w", err)
	}
	c := opsiclientd.Parse(text)
	base := filepath.Dir(filepath.Dir(conf)) // as long as the file does not say it: opsiclientd writes it there some day
	wrong := func(key string, err error) (place, error) {
		return place{}, fmt.Errorf("cannot use %s: [control_server] %s: %w", conf, key, err)
	}
	control := opsiclientd.Section(text, "control_server")
	p := place{port: defaultPort}
	if v := control["port"]; v != "" {
		if p.port, err = strconv.Atoi(v); err != nil || p.port < 1 || p.port > 65535 {
			return wrong("port", errors.New("it is no port"))
		}
	}
	for _, f := range []struct {
		key  string
		name *string
	}{{"ssl_server_cert_file", &p.cert}, {"ssl_server_key_file", &p.key}} {
		*f.name = filepath.Join(filepath.Dir(conf), "opsiclientd.pem")
		v := strings.ReplaceAll(c.Resolve(control[f.key]), "%global.base_dir%", base)
		if v == "" {
			continue
		}
		if v = filepath.Clean(v); !filepath.IsAbs(v) || strings.Contains(v, "%") {
			return wrong(f.key, errors.New("it is no absolute path of a file"))
		}
		*f.name = v
	}
	return p, nil
}

// pins reads the certificates that the service may show. The private key's file is
// judged with it: what anybody can read proves nothing.
func (p place) pins(unchanged, secret Judge) ([][]byte, error) {
	if _, err := opsiclientd.ReadText(p.key, secret); err != nil {
		return nil, fmt.Errorf("cannot trust the key of opsiclientd: %w", err)
	}
	judge := unchanged
	if p.cert == p.key {
		judge = secret
	}
	file, err := opsiclientd.ReadText(p.cert, judge)
	if err != nil {
		return nil, fmt.Errorf("cannot trust the certificate of opsiclientd: %w", err)
	}
	text := []byte(file)
	var out [][]byte
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("cannot use %s: %w", p.cert, err)
		}
		out = append(out, c.Raw)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("cannot use %s: there is no certificate in it", p.cert)
	}
	return out, nil
}
