// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestReadCall(t *testing.T) {
	base := Call{Service: "https://s:4447/rpc", ClientID: "pc.a.b"}
	login := base
	login.User, login.Password = "pc.a.b", NewSecret("k3y")
	with := func(f func(*Call)) Call { c := base; f(&c); return c }
	for name, x := range map[string]struct {
		args string
		want Call
		bad  bool
	}{
		"Windows":                       {"/opsiservice https://s:4447/rpc /clientid pc.a.b /username pc.a.b /password k3y", login, false},
		"Unix":                          {"-opsiservice https://s:4447/rpc -depotpath /media/opsi_depot -clientid pc.a.b -credentialfile /f", with(func(c *Call) { c.Credential = "/f" }), false},
		"some products":                 {"/OpsiService https://s:4447/rpc /clientid pc.a.b /processproducts a,,b", with(func(c *Call) { c.Only = []string{"a", "b"} }), false},
		"a list of nothing":             {"-opsiservice https://s:4447/rpc -clientid pc.a.b -productlist ,", with(func(c *Call) { c.Fixed = []string{} }), false},
		"silent list":                   {"-opsiservice https://s:4447/rpc -clientid pc.a.b -productlist swaudit -silent", with(func(c *Call) { c.Fixed = []string{"swaudit"} }), false},
		"login":                         {"/opsiservice https://s:4447/rpc /clientid pc.a.b /loginscripts /usercontext d\\u /sessionid 2", with(func(c *Call) { c.Login = true }), false},
		"key as option":                 {"/opsiservice https://s:4447/rpc /clientid pc.a.b /password /silent", with(func(c *Call) { c.Password = NewSecret("/silent") }), false},
		"nothing":                       {"", Call{}, true},
		"no value":                      {"/opsiservice", Call{}, true},
		"twice":                         {"/clientid a /clientid b", Call{}, true},
		"key in an option nobody knows": {"/opsiservice https://s:4447/rpc /clientid pc.a.b /k3y", Call{}, true},
		"another case":                  {"-OPSISERVICE https://s:4447/rpc -ClientId pc.a.b -AllLoginScripts", with(func(c *Call) { c.Login = true }), false},
		"key in front":                  {"k3y /opsiservice https://s:4447/rpc", Call{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadCall(strings.Fields(x.args))
			got.rest = nil
			if errors.Is(err, ErrCall) != x.bad || !reflect.DeepEqual(got, x.want) {
				t.Errorf("got %+v, %v", got, err)
			}
			whole, _ := ReadCall(strings.Fields(x.args))
			text, jsonErr := json.Marshal(whole)
			if jsonErr != nil || strings.Contains(fmt.Sprintf("%v %+v %#v %s %v", whole, whole, whole, text, err), "k3y") {
				t.Errorf("the password is told: %v", jsonErr)
			}
		})
	}
}

// TestCallCommandLine: a call goes on as it came, without who logs in.
func TestCallCommandLine(t *testing.T) {
	for _, x := range []struct{ system, program, file, args, want string }{
		{"linux", "/usr/bin/opsi-script", "/f", "-opsiservice https://s:4447/rpc -depotpath /d -clientid pc.a.b -username pc.a.b -password k3y -productlist swaudit -silent",
			"/usr/bin/opsi-script -opsiservice https://s:4447/rpc -depotpath /d -clientid pc.a.b -productlist swaudit -silent -credentialfile /f"},
		{"linux", "/usr/bin/opsi-script", "/f", "-opsiservice https://s:4447/rpc -clientid pc.a.b -loginscripts -sessionid 2 -credentialfile /g",
			"/usr/bin/opsi-script -opsiservice https://s:4447/rpc -clientid pc.a.b -loginscripts -sessionid 2 -credentialfile /f"},
		{"windows", `C:\opsi-script.exe`, `C:\f`, "/opsiservice https://s:4447/rpc /clientid pc.a.b /username pc.a.b /password k3y /LoginScripts /silent",
			`C:\opsi-script.exe /opsiservice https://s:4447/rpc /clientid pc.a.b /LoginScripts /silent /credentialfile C:\f`},
	} {
		c, err := ReadCall(strings.Fields(x.args))
		if err != nil || c.Requests() {
			t.Errorf("%s: %v, %v", x.args, c, err)
		}
		argv, err := c.CommandLine(x.system, x.program, x.file)
		if got := strings.Join(argv, " "); err != nil || got != x.want {
			t.Errorf("got %s, %v", got, err)
		}
		if _, err := c.CommandLine(x.system, "opsi-script", x.file); !errors.Is(err, ErrCommand) {
			t.Errorf("a program that is looked for: %v", err)
		}
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
