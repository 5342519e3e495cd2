// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata/productid"
)

// ErrCommand is returned for a command line that cannot be made.
var ErrCommand = errors.New("opsi-script cannot be given this command line")

// Site is what opsi-script must know of the site.
type Site struct {
	URL      string // of the config server: https://opsi.example.org:4447/rpc
	ClientID string // who we are there
	// Depot is where the depot is mounted, absolute. Unix only: on Windows
	// opsi-script knows the drive from the server, and only we look there. "" = where opsi has it.
	Depot string
}

// Command is opsi-script's command line for exactly one product. system is an
// operating system as Go calls it. The key is read from a file with the lines
// username= and password=.
//
//	linux    opsi-script -opsiservice URL -depotpath DIR -clientid ID -credentialfile FILE -processproducts P -silent
//	windows  opsi-script.exe /opsiservice URL /clientid ID /credentialfile FILE /processproducts P /silent
//
// -processproducts takes the server's requests, but of these products alone. An
// id is never a list: a comma in it would be a second product.
func Command(system, program string, site Site, credentials, product string) ([]string, error) {
	if err := productid.Check(product); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCommand, err)
	}
	dash := "-"
	if system == "windows" {
		dash = "/"
	}
	argv := []string{program}
	for _, o := range []struct {
		name, value string
		absolute    bool
	}{
		{"opsiservice", site.URL, false},
		{"depotpath", site.Depot, true},
		{"clientid", site.ClientID, false},
		{"credentialfile", credentials, true},
		{"processproducts", product, false},
	} {
		if o.name == "depotpath" && (system == "windows" || o.value == "") {
			continue
		}
		switch {
		case o.value == "" || strings.ContainsAny(o.value, "\"\x00\r\n") || strings.HasPrefix(o.value, "-"):
			return nil, fmt.Errorf("%w: %s %.200q", ErrCommand, o.name, o.value)
		case o.absolute && !absolute(system, o.value):
			return nil, fmt.Errorf("%w: %s %.200q is not an absolute path", ErrCommand, o.name, o.value)
		}
		argv = append(argv, dash+o.name, o.value)
	}
	if !absolute(system, program) {
		return nil, fmt.Errorf("%w: the program %.200q is not an absolute path", ErrCommand, program)
	}
	return append(argv, dash+"silent"), nil
}

// absolute judges a path of another system, too.
func absolute(system, p string) bool {
	if system == "windows" {
		return len(p) > 3 && p[1] == ':' && (p[2] == '\\' || p[2] == '/')
	}
	return path.IsAbs(p)
}
