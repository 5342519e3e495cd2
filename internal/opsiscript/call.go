// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrCall is returned for a command line that is no call of an action processor.
var ErrCall = errors.New("no call of an action processor")

// Secret is a text that nothing shows.
type Secret struct{ text *string } // a pointer: %+v of what holds one calls no method of it

// String shows nothing.
func (Secret) String() string { return "(secret)" }

// GoString shows nothing.
func (Secret) GoString() string { return "(secret)" }

// MarshalText shows nothing, so no log or JSON does.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

// IsZero reports whether there is none.
func (s Secret) IsZero() bool { return s.text == nil || *s.text == "" }

// reveal is for a private file.
func (s Secret) reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// NewSecret keeps a text.
func NewSecret(text string) Secret { return Secret{&text} }

// Call is what opsiclientd wants of the program that it starts as its action
// processor. Nothing that is printed of a Call can hold a password, nor the session of
// somebody who logs in.
type Call struct {
	Service    string // URL of the config server
	ClientID   string
	Only       []string // -processproducts: of what is requested, only these
	Fixed      []string // -productlist: these, whether requested or not; nil = it is not there
	Login      bool     // -loginscripts or -allloginscripts
	Credential string   // the file named by -credentialfile
	User       string
	Password   Secret
	rest       *[]string // all but who logs in, as it came
}

// Requests reports whether the call is about what is requested at the server. If not,
// only opsi-script knows what to do.
func (c Call) Requests() bool { return c.Fixed == nil && !c.Login }

// Options of opsi-script that opsiclientd, or whoever wrote its configuration, may
// give: with a value, and without one.
func valued() []string {
	return []string{"opsiservice", "depotpath", "clientid", "username", "password", "credentialfile", "processproducts", "productlist",
		"sessionid", "usercontext", "logfile", "parameter"}
}

func bare() []string {
	return []string{"loginscripts", "allloginscripts", "silent", "normalwindow", "logproductid"}
}

// ReadCall reads the arguments that opsiclientd gives an action processor. It
// writes options with "/" on Windows and with "-" elsewhere; both are read on both.
// An error names known options and places, never a value: one of them may be a password.
func ReadCall(args []string) (Call, error) {
	var c Call
	rest := []string{}
	seen := map[string]bool{}
	for i := 0; i < len(args); i++ {
		place, from := i+1, i
		if len(args[i]) < 2 || args[i][0] != '/' && args[i][0] != '-' {
			return Call{}, fmt.Errorf("%w: argument %d is no option", ErrCall, place)
		}
		name := strings.ToLower(args[i][1:])
		var value string
		switch {
		case slices.Contains(bare(), name):
		case slices.Contains(valued(), name):
			if i++; i == len(args) {
				return Call{}, fmt.Errorf("%w: option %s has no value", ErrCall, name)
			}
			value = args[i]
		default:
			return Call{}, fmt.Errorf("%w: argument %d is an unknown option", ErrCall, place)
		}
		if seen[name] {
			return Call{}, fmt.Errorf("%w: option %s is there twice", ErrCall, name)
		}
		seen[name] = true
		if !slices.Contains([]string{"username", "password", "credentialfile"}, name) {
			rest = append(rest, args[from:i+1]...)
		}
		switch name {
		case "opsiservice":
			c.Service = value
		case "clientid":
			c.ClientID = value
		case "username":
			c.User = value
		case "password":
			c.Password = NewSecret(value)
		case "credentialfile":
			c.Credential = value
		case "processproducts":
			c.Only = namesOf(value)
		case "productlist":
			c.Fixed = append([]string{}, namesOf(value)...) // an empty list is not everything
		case "loginscripts", "allloginscripts":
			c.Login = true
		}
	}
	if c.Service == "" || c.ClientID == "" {
		return Call{}, fmt.Errorf("%w: opsiservice and clientid are needed", ErrCall)
	}
	c.rest = &rest
	return c, nil
}

// CommandLine is the call for opsi-script itself: as it came, but who logs in stands in
// a file. Everybody on a machine can read command lines.
func (c Call) CommandLine(system, program, credentials string) ([]string, error) {
	if !absolute(system, program) || !absolute(system, credentials) {
		return nil, fmt.Errorf("%w: program and file of the login need absolute paths", ErrCommand)
	}
	dash := "-"
	if system == "windows" {
		dash = "/"
	}
	argv := []string{program}
	if c.rest != nil {
		argv = append(argv, *c.rest...)
	}
	return append(argv, dash+"credentialfile", credentials), nil
}

// namesOf are the names of a comma list; empty ones are nothing.
func namesOf(list string) []string {
	var out []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}
