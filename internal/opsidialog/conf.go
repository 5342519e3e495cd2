// SPDX-License-Identifier: Apache-2.0

package opsidialog

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// ConfName is the name of opsiclientd's configuration on every system.
const ConfName = "opsiclientd.conf"

// Conf is where opsiclientd's configuration lies on a system.
func Conf(system string) string {
	if system == "windows" {
		return `C:\Program Files (x86)\opsi.org\opsi-client-agent\opsiclientd\` + ConfName
	}
	return "/etc/opsi-client-agent/" + ConfName
}

// defaultPort is the service's unless opsiclientd.conf names another.
const defaultPort = 4441

// maxFile is far more than a configuration or a certificate has.
const maxFile = 1 << 20

// Judge returns nil if nobody else can change a file, or read it, as its name says.
type Judge func(name string, info fs.FileInfo) error

// place is where the service is and what proves that it is it.
type place struct {
	port      int
	cert, key string // files; often the same
}

// readPlace reads opsiclientd's configuration. Its error is fs.ErrNotExist where there
// is no opsiclientd.
func readPlace(conf string, unchanged Judge) (place, error) {
	text, err := readFile(conf, unchanged)
	if err != nil {
		return place{}, err
	}
	wrong := func(key string, err error) (place, error) {
		return place{}, fmt.Errorf("cannot use %s: [control_server] %s: %w", conf, key, err)
	}
	control := opsi.Section(strings.TrimPrefix(string(text), "\ufeff"), "control_server")
	p := place{port: defaultPort}
	if v := control["port"]; v != "" {
		if p.port, err = strconv.Atoi(v); err != nil || p.port < 1 || p.port > 65535 {
			return wrong("port", errors.New("it is no port"))
		}
	}
	base := opsi.Section(string(text), "global")["base_dir"]
	for _, f := range []struct {
		key  string
		name *string
	}{{"ssl_server_cert_file", &p.cert}, {"ssl_server_key_file", &p.key}} {
		*f.name = filepath.Join(filepath.Dir(conf), "opsiclientd.pem")
		v := control[f.key]
		if v == "" {
			continue
		}
		if base != "" {
			v = strings.ReplaceAll(v, "%global.base_dir%", base)
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
	if _, err := readFile(p.key, secret); err != nil {
		return nil, err
	}
	judge := unchanged
	if p.cert == p.key {
		judge = secret
	}
	text, err := readFile(p.cert, judge)
	if err != nil {
		return nil, err
	}
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

// readFile reads a plain file that judge lets pass.
func readFile(name string, judge Judge) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read opsiclientd's files: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("cannot read opsiclientd's files: %s is not a plain file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read opsiclientd's files: %w", err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, fmt.Errorf("cannot read opsiclientd's files: %w", err)
	}
	if err := judge(name, info); err != nil {
		return nil, fmt.Errorf("cannot use opsiclientd's files: %w", err)
	}
	var b bytes.Buffer
	if n, err := io.Copy(&b, io.LimitReader(f, maxFile+1)); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	} else if n > maxFile {
		return nil, fmt.Errorf("cannot read %s: it is larger than %d bytes", name, maxFile)
	}
	return b.Bytes(), nil
}
