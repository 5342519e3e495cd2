// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
)

// options are the command line of the service mode.
type options struct {
	url, depot, client, user, password string
	products                           []string // nil = all
	fixed                              []string // these, whether requested or not, and nothing else
	login                              bool     // scripts at a logon; none of them does anything here
}

// parse reads a command line of Unix or of Windows; false = it cannot be understood.
func parse(args []string) (options, bool) {
	var o options
	credentials := ""
	for i := 0; i < len(args); i++ {
		name := strings.ToLower(strings.TrimLeft(args[i], "-/"))
		if slices.Contains([]string{"silent", "loginscripts", "allloginscripts"}, name) {
			o.login = o.login || name != "silent"
			continue
		}
		if i++; i >= len(args) {
			return o, false
		}
		switch v := args[i]; name {
		case "opsiservice":
			o.url = v
		case "depotpath":
			o.depot = v
		case "clientid":
			o.client = v
		case "username":
			o.user = v
		case "password":
			o.password = v
		case "credentialfile":
			credentials = v
		case "processproducts":
			o.products = strings.Split(v, ",")
		case "productlist":
			o.fixed = strings.Split(v, ",")
		case "sessionid", "usercontext":
		default:
			return o, false
		}
	}
	if credentials != "" {
		f, err := os.Open(credentials)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return o, false
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			switch name, v, _ := strings.Cut(lines.Text(), "="); name {
			case "username":
				o.user = v
			case "password":
				o.password = v
			}
		}
	}
	return o, o.url != "" && o.client != "" && o.user != "" && o.password != ""
}
