// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestReadCall(t *testing.T) {
	base := Call{Service: "https://s:4447/rpc", ClientID: "pc.a.b"}
	with := func(f func(*Call)) Call { c := base; f(&c); return c }
	for name, x := range map[string]struct {
		args string
		want Call
		bad  bool
	}{
		"Windows":       {"/opsiservice https://s:4447/rpc /clientid pc.a.b /username pc.a.b /password k3y", base, false},
		"Unix":          {"-opsiservice https://s:4447/rpc -depotpath /media/opsi_depot -clientid pc.a.b -credentialfile /f", with(func(c *Call) { c.Credential = "/f" }), false},
		"some products": {"/OpsiService https://s:4447/rpc /clientid pc.a.b /processproducts a,,b", with(func(c *Call) { c.Only = []string{"a", "b"} }), false},
		"silent list":   {"-opsiservice https://s:4447/rpc -clientid pc.a.b -productlist swaudit -silent", with(func(c *Call) { c.Fixed, c.Silent = []string{"swaudit"}, true }), false},
		"login":         {"/opsiservice https://s:4447/rpc /clientid pc.a.b /loginscripts /usercontext d\\u /sessionid 2", with(func(c *Call) { c.Login = true }), false},
		"key as option": {"/opsiservice https://s:4447/rpc /clientid pc.a.b /password /silent", base, false},
		"nothing":       {"", Call{}, true},
		"no value":      {"/opsiservice", Call{}, true},
		"twice":         {"/clientid a /clientid b", Call{}, true},
		"key in front":  {"k3y /opsiservice https://s:4447/rpc", Call{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadCall(strings.Fields(x.args))
			if errors.Is(err, ErrCall) != x.bad || !reflect.DeepEqual(got, x.want) {
				t.Errorf("got %+v, %v", got, err)
			}
			if strings.Contains(fmt.Sprint(got, err), "k3y") {
				t.Error("the password is told")
			}
		})
	}
}

// FuzzReadCall holds that no value of a password is told, however odd the rest is.
func FuzzReadCall(f *testing.F) {
	f.Add("/opsiservice\nhttps://s\n/clientid\npc\n/username\npc")
	f.Add("-productlist\n,,\n-silent")
	f.Fuzz(func(t *testing.T, lines string) {
		const secret = "s3cret-of-the-host-key"
		if strings.Contains(lines, secret) {
			return
		}
		args := strings.Split(lines, "\n")
		for _, line := range [][]string{args, append([]string{"/password", secret}, args...), append(args[:len(args):len(args)], "-password", secret)} {
			c, err := ReadCall(line)
			if err != nil && (!errors.Is(err, ErrCall) || !reflect.DeepEqual(c, Call{})) {
				t.Fatalf("half a call, or another error: %v", err)
			}
			if strings.Contains(fmt.Sprint(err), secret) {
				t.Fatal("an error tells the password")
			}
		}
	})
}
