// SPDX-License-Identifier: Apache-2.0

package servercheck

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"net/url"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/opsiclientd/agentcheck"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// Target says which way is looked at.
type Target struct {
	URL     string // of the config server, as the config file has it
	HostID  string // "" = as the key file says
	KeyFile string
	CAFile  string             // "" = whom the system trusts
	System  string             // what this machine runs: windows, linux, darwin
	Program string             // what the server writes in its log as User-Agent
	Agent   agentcheck.Machine // opsi's own agent here; without Conf it is not looked at
	// Owner judges who could change the CA's file, Secret who could read or change
	// that of the key; nil = not asked.
	Owner, Secret func(name string, info fs.FileInfo) error
	// Now is our clock; nil = time.Now.
	Now func() time.Time
	// Patience is for each step that waits for somebody; 0 = 30 seconds.
	Patience time.Duration
}

// visit is one walk along the way.
type visit struct {
	Target
	base  *url.URL
	who   opsi.Credentials
	roots *x509.CertPool
	door  *door
	at    string // the check that is looked at
	value string // what the server says opsiclientd runs
	found []Finding
}

// Look walks the whole way, as far as it goes, and returns what each check found,
// in the order of [Checks].
func Look(ctx context.Context, t Target) []Finding {
	if t.Now == nil {
		t.Now = time.Now
	}
	if t.Patience <= 0 {
		t.Patience = 30 * time.Second
	}
	v := &visit{Target: t}
	v.walk(ctx)
	if v.door != nil {
		v.door.close()
	}
	v.agent(ctx)
	return v.inOrder()
}

// agent looks at opsi's own agent, which is on this machine and needs no server.
func (v *visit) agent(ctx context.Context) {
	m := v.Agent
	if m.Conf == "" {
		return
	}
	m.Value, m.Client, m.Server = v.value, v.who.HostID, v.URL
	for _, f := range agentcheck.Look(ctx, m) {
		v.at = f.Check
		v.say(f.Code, f.Data)
	}
}

func (v *visit) walk(ctx context.Context) {
	// What lies on this machine is looked at even if one part of it is wrong.
	own := []struct {
		check string
		look  func() bool
	}{{Address, v.address}, {Key, v.key}, {CA, v.ca}}
	good := true
	for _, c := range own {
		v.at = c.check
		good = c.look() && good
	}
	if !good {
		return
	}
	v.at = Reach
	if !v.reach(ctx) {
		return
	}
	v.at = TLS
	if !v.handshake(ctx) {
		return
	}
	v.ask(ctx)
}

// say notes what was found.
func (v *visit) say(code string, d data) {
	v.found = append(v.found, Finding{Check: v.at, Code: code, State: Codes()[code], Data: d})
}

// inOrder are the findings by check; one that was not come to is skipped.
func (v *visit) inOrder() []Finding {
	var out []Finding
	for _, check := range Checks() {
		n := len(out)
		for _, f := range v.found {
			if f.Check == check {
				out = append(out, f)
			}
		}
		if len(out) == n {
			out = append(out, Finding{Check: check, Code: check + "_unasked", State: Skipped})
		}
	}
	return out
}

// address looks at the form of the address.
func (v *visit) address() bool {
	if strings.TrimSpace(v.URL) == "" {
		v.say("address_none", nil)
		return false
	}
	base, err := opsi.Address(v.URL)
	switch {
	case err == nil:
		v.base = base
		v.say("address_ok", data{"URL": base.String()})
		return true
	case strings.HasPrefix(strings.ToLower(strings.TrimSpace(v.URL)), "http:"):
		v.say("address_plain", nil) // the address may hold a key: it is not shown
	default:
		v.say("address_bad", data{"Error": err.Error()})
	}
	return false
}

// key looks at the file of the host key: whether it is there, who can read it and
// what is in it.
func (v *visit) key() bool {
	if v.KeyFile == "" {
		v.say("key_none", nil)
		return false
	}
	who, err := opsi.ReadCredentials(v.KeyFile, v.HostID, v.Secret)
	d := data{"File": v.KeyFile}
	if err != nil {
		d["Error"] = err.Error()
	}
	switch {
	case err == nil:
		v.who = who
		d["HostID"] = who.HostID
		v.say("key_ok", d)
		return true
	case errors.Is(err, fs.ErrNotExist):
		v.say("key_missing", d)
	case errors.Is(err, fs.ErrPermission):
		v.say("key_hidden", d)
	case errors.Is(err, opsi.ErrLooseFile):
		v.say("key_loose", d)
	default:
		v.say("key_bad", d)
	}
	return false
}

// ca looks at the file of the CA.
func (v *visit) ca() bool {
	if v.CAFile == "" {
		v.say("ca_system", nil)
		return true
	}
	roots, err := opsi.ReadRoots(v.CAFile, v.Owner)
	d := data{"File": v.CAFile}
	if err != nil {
		d["Error"] = err.Error()
	}
	switch {
	case err == nil:
		v.roots = roots
		v.say("ca_ok", d)
		return true
	case errors.Is(err, fs.ErrNotExist):
		v.say("ca_missing", d)
	case errors.Is(err, fs.ErrPermission):
		v.say("ca_hidden", d)
	default:
		v.say("ca_bad", d)
	}
	return false
}
