// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"errors"
	"fmt"
	"strings"
)

// ErrCall is returned for a command line that is no call of an action processor.
var ErrCall = errors.New("no call of an action processor")

// Call is what opsiclientd wants of the program that it starts as its action
// processor. What it says of who logs in is left out: nothing that is printed of a
// Call can hold a password.
type Call struct {
	Service    string // URL of the config server
	ClientID   string
	Only       []string // -processproducts: of what is requested, only these
	Fixed      []string // -productlist: these, whether requested or not
	Login      bool     // -loginscripts or -allloginscripts
	Silent     bool
	Credential string // the file named by -credentialfile
}

// ReadCall reads the arguments that opsiclientd gives an action processor. It
// writes options with "/" on Windows and with "-" elsewhere; both are read on both.
// An error names options and places, never a value: one of them may be a password.
func ReadCall(args []string) (Call, error) {
	var c Call
	seen := map[string]bool{}
	for i := 0; i < len(args); i++ {
		place := i + 1
		if len(args[i]) < 2 || args[i][0] != '/' && args[i][0] != '-' {
			return Call{}, fmt.Errorf("%w: argument %d is no option", ErrCall, place)
		}
		name := strings.ToLower(args[i][1:])
		var value string
		switch name {
		case "loginscripts", "allloginscripts", "silent":
		case "opsiservice", "depotpath", "clientid", "username", "password", "credentialfile", "processproducts", "productlist", "sessionid", "usercontext":
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
		switch name {
		case "opsiservice":
			c.Service = value
		case "clientid":
			c.ClientID = value
		case "credentialfile":
			c.Credential = value
		case "processproducts":
			c.Only = namesOf(value)
		case "productlist":
			c.Fixed = namesOf(value)
		case "loginscripts", "allloginscripts":
			c.Login = true
		case "silent":
			c.Silent = true
		}
	}
	if c.Service == "" || c.ClientID == "" {
		return Call{}, fmt.Errorf("%w: opsiservice and clientid are needed", ErrCall)
	}
	return c, nil
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
