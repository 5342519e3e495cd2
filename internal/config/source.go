// SPDX-License-Identifier: Apache-2.0

package config

import (
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// ofServer are the keys of [source] that say which server.
func ofServer() []string { return []string{"url", "host_id", "key_file", "ca_file", "opsi_script"} }

// source reads [source]. A key that the kind has no use for is a mistake: whoever
// wrote it believes that it counts.
func (c *Config) source(t *tomlfile.Table) {
	s := &c.Source
	only(t, append([]string{"kind", "depot", "poll", "algorithm"}, ofServer()...)...)
	s.Kind = oneOf(t, "kind", s.Kind, Local, Opsi)
	if s.Kind == Opsi {
		s.Depot, s.Poll = "", 10*time.Minute
	}
	s.Depot = c.folder(t, "depot", s.Depot)
	s.Poll = poll(t, s.Poll)
	if n := t.Int("algorithm", int64(s.Algorithm)); n == 1 || n == 2 {
		s.Algorithm = int(n)
	} else {
		t.Wrong("algorithm", "must be 1 (dependency before priority) or 2 (priority classes before dependency), is %d", n)
	}
	s.URL, s.HostID = address(t), name(t)
	s.KeyFile, s.CAFile = c.folder(t, "key_file", ""), c.folder(t, "ca_file", "")
	s.OpsiScript = c.folder(t, "opsi_script", "")
	switch s.Kind {
	case Local:
		for _, k := range ofServer() {
			if t.Has(k) {
				t.Wrong(k, "is for kind = %q alone, and the kind is %q", Opsi, Local)
			}
		}
	case Opsi:
		if t.Has("algorithm") {
			t.Wrong("algorithm", "is for kind = %q alone: a server orders the products itself", Local)
		}
		if !t.Has("url") {
			t.Wrong("kind", "is %q, which needs url, such as https://opsi.example.org:4447", Opsi)
		}
		if !t.Has("key_file") {
			t.Wrong("kind", "is %q, which needs key_file: an opsiclientd.conf, or a file with the host key", Opsi)
		}
	}
}

// address reads the server's. Its name and key do not belong into it, and are not
// shown if they are there.
func address(t *tomlfile.Table) string {
	v := t.Text("url", "")
	if !t.Has("url") {
		return v
	}
	u, err := url.Parse(v)
	switch {
	case strings.ContainsFunc(v, unicode.IsControl):
		t.Wrong("url", "must not hold control characters")
	case strings.Contains(v, "@"):
		t.Wrong("url", "must not hold a name or key: host_id and key_file are for that")
		return ""
	case err != nil || u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" && strings.Trim(u.Path, "/") != "rpc":
		t.Wrong("url", "must be like https://opsi.example.org:4447, is %q", v)
	}
	return v
}

// name reads our name at the server.
func name(t *tomlfile.Table) string {
	v := strings.ToLower(line(t, "host_id"))
	if t.Has("host_id") && strings.Count(v, ".") < 2 {
		t.Wrong("host_id", "must be the full name of this host, such as pc1.example.org, is %q", v)
	}
	return v
}
