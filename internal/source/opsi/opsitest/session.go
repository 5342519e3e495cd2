// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The guard and the sessions (contract 1).
const (
	guardFailures = 10
	guardWindow   = 120 * time.Second
	guardBlock    = 120 * time.Second
	mostSessions  = 30
	sessionLife   = 120 * time.Second
	longestLife   = 86400
)

// session is who is behind a cookie.
type session struct {
	id      string
	address string
	who     caller
	life    time.Duration
	until   time.Time
}

// cookies finds the session's cookie wherever it stands: opsi-script sends
// "NULL; opsiconfd-session=..." (contract 1).
var cookies = regexp.MustCompile(`opsiconfd-session=([0-9a-f]{32})`)

// login says who calls: by the cookie, else by name and key. It sets the cookie
// of every answer. The caller holds mu.
func (s *Server) login(w http.ResponseWriter, r *http.Request, n int) (caller, *failure) {
	now, from := s.now(), address(r)
	if m := cookies.FindStringSubmatch(strings.Join(r.Header.Values("Cookie"), "; ")); m != nil {
		if one := s.sessions[m[1]]; one != nil && now.Before(one.until) {
			// Name and key are not looked at, even if they are wrong.
			one.until = now.Add(one.life)
			one.show(w)
			return one.caller(n), nil
		}
		delete(s.sessions, m[1])
	}
	one := &session{id: token(), address: from, life: sessionLife}
	if v, err := strconv.Atoi(r.Header.Get("X-Opsi-Session-Lifetime")); err == nil && v >= 1 && v <= longestLife {
		one.life = time.Duration(v) * time.Second
	}
	one.until = now.Add(one.life)
	one.show(w)
	if now.Before(s.blocked[from]) {
		return caller{}, &failure{status: http.StatusForbidden, text: fmt.Sprintf("Client '%s' is blocked", from)}
	}
	if !s.exempt(r) && s.sessionsOf(from) >= mostSessions {
		return caller{}, &failure{status: http.StatusForbidden, text: fmt.Sprintf("Too many sessions from '%s'", from)}
	}
	name, password, ok := basicAuth(r)
	if !ok {
		return caller{}, &failure{status: http.StatusUnauthorized, text: "Authorization header missing"}
	}
	if len(s.requests) >= n {
		s.requests[n-1].Login = true
	}
	who, ok := s.recognise(w, from, strings.ToLower(name), password)
	if !ok {
		s.failed(from)
		return caller{}, &failure{status: http.StatusUnauthorized, text: "Authentication error", cost: s.opts.FailureCost}
	}
	one.who = who
	agent := r.UserAgent()
	if !strings.HasPrefix(agent, "curl") && !strings.HasPrefix(agent, "libdnf") {
		s.sessions[one.id] = one // those two get none that lasts (contract 1)
	}
	if !who.admin {
		w.Header().Set("X-Opsi-User-Id", "client:"+who.name)
	}
	return one.caller(n), nil
}

func (one *session) caller(n int) caller {
	c := one.who
	c.session, c.request = one.id, n
	return c
}

func (one *session) show(w http.ResponseWriter) {
	if one.who.name != "" && !one.who.admin {
		w.Header().Set("X-Opsi-User-Id", "client:"+one.who.name)
	}
	w.Header().Set("Set-Cookie", fmt.Sprintf("opsiconfd-session=%s; SameSite=Strict; Secure; path=/; Max-Age=%d", one.id, one.life/time.Second))
}

// sessionsOf counts the sessions of an address. Only those of somebody who
// logged in are stored.
func (s *Server) sessionsOf(from string) int {
	n := 0
	for id, one := range s.sessions {
		switch {
		case !s.now().Before(one.until):
			delete(s.sessions, id)
		case one.address == from:
			n++
		}
	}
	return n
}

// failed counts a failed login. The one that makes the number full is answered
// as any other; those after it meet the block.
func (s *Server) failed(from string) {
	now := s.now()
	recent := []time.Time{now}
	for _, t := range s.failures[from] {
		if now.Sub(t) < guardWindow {
			recent = append(recent, t)
		}
	}
	s.failures[from] = recent
	if len(recent) >= guardFailures {
		s.blocked[from] = now.Add(guardBlock)
		delete(s.failures, from)
	}
}

// recognise finds whom name and password belong to. A host may give its id, its
// MAC address or its system UUID for a name, and its one-time password once.
func (s *Server) recognise(w http.ResponseWriter, from, name, password string) (caller, bool) {
	if name == AdminName {
		return caller{name: AdminName, admin: true}, password == AdminPassword
	}
	attribute, value := "id", name
	switch {
	case strings.HasPrefix(name, "{hardware_address}"):
		attribute, value = "hardwareAddress", strings.TrimPrefix(name, "{hardware_address}")
	case strings.HasPrefix(name, "{system_uuid}"):
		attribute, value = "systemUUID", strings.TrimPrefix(name, "{system_uuid}")
	case macs.MatchString(name):
		attribute = "hardwareAddress"
	}
	if value == "" || password == "" {
		return caller{}, false
	}
	for _, host := range s.sorted("host") {
		if strings.ToLower(host.Text(attribute)) != value {
			continue
		}
		row := host.clone()
		switch password {
		case host.Text("opsiHostKey"):
		case host.Text("oneTimePassword"):
			row["oneTimePassword"] = nil // it is good once (contract 1)
		default:
			continue
		}
		if id := host.Text("id"); id != name {
			w.Header().Set("X-Opsi-New-Host-Id", id)
		}
		if s.kindOf(host).has("lastSeen") {
			row["lastSeen"] = clock(s.now())
		}
		if s.opts.UpdateIP {
			row["ipAddress"] = from
		}
		s.rows["host"][host.Text("id")] = row // no write of anybody
		return caller{name: host.Text("id")}, true
	}
	return caller{}, false
}

// basicAuth reads name and key. A MAC address holds the colon that parts the
// two, so with six colons the last one does.
func basicAuth(r *http.Request) (name, password string, ok bool) {
	name, password, ok = r.BasicAuth()
	if whole := name + ":" + password; ok && strings.Count(whole, ":") == 6 {
		i := strings.LastIndexByte(whole, ':')
		return whole[:i], whole[i+1:], true
	}
	return name, password, ok
}

var macs = regexp.MustCompile(`^([0-9a-f]{2}:){5}[0-9a-f]{2}$`)

// token is 32 random hex digits, the form of keys and sessions.
func token() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
