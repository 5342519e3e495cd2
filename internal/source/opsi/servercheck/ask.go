// SPDX-License-Identifier: Apache-2.0

package servercheck

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// ask logs in and asks what a client that is logged in can be told: one request
// to log in, one for all the rest, and one to the depot.
func (v *visit) ask(ctx context.Context) {
	v.at = Login
	client, err := opsi.NewClient(opsi.Options{Server: v.URL, Credentials: v.who, Program: v.Program, Timeout: v.Patience, Transport: v.door})
	if err != nil { // address and credentials were looked at before
		v.say("login_rejected", data{"Error": err.Error()})
		return
	}
	// A call that only reads would be repeated by the client after a cut
	// connection. Nobody says here that a call reads: there is one attempt.
	var info struct {
		Version string `json:"opsiVersion"`
	}
	hello := &opsi.Call{Method: "backend_info", Into: &info}
	if err := client.Do(ctx, hello); err != nil {
		v.turnedAway(err)
		return
	}
	defer func() { _ = client.Close() }() // the session ends by itself, too
	seen := client.Seen()
	v.say("login_ok", data{"HostID": v.who.HostID})
	if seen.HostID != "" {
		v.say("login_renamed", data{"HostID": v.who.HostID, "Other": seen.HostID})
	}
	v.clock()
	v.server(seen, info.Version)

	q := v.questions()
	if err := client.Do(ctx, q.calls()...); err != nil { // none of them is repeated
		v.at = Login
		v.say("login_lost", data{"Error": err.Error()})
		return
	}
	v.rights(q)
	v.modules(q)
	v.configs(q)
	v.depot(ctx, q)
}

// turnedAway tells why there was no answer to the first call.
func (v *visit) turnedAway(err error) {
	d := data{"Host": v.base.Host, "HostID": v.who.HostID, "File": v.KeyFile, "Error": err.Error()}
	if a, ok := v.door.last(); ok {
		if n, err := strconv.Atoi(a.header.Get("Retry-After")); err == nil && n > 0 {
			d["Seconds"] = n
		}
	}
	for _, c := range []struct {
		class error
		code  string
	}{
		{opsi.ErrLogin, "login_refused"}, {opsi.ErrBlocked, "login_forbidden"}, {opsi.ErrBusy, "login_busy"}, {opsi.ErrServer, "login_server"},
		{opsi.ErrRejected, "login_rejected"}, {opsi.ErrAnswer, "login_answer"}, {opsi.ErrUnreachable, "login_cut"},
	} {
		if !errors.Is(err, c.class) {
			continue
		}
		// The class is said in words; what is left is what the server said.
		if _, said, ok := strings.Cut(err.Error(), c.class.Error()+": "); ok {
			d["Error"] = said
		}
		v.say(refusal(c.code, err.Error()), d)
		return
	}
	v.say("login_cut", d)
}

// refusal tells three refusals of one status apart, which the server does in words
// alone.
func refusal(code, said string) string {
	switch {
	case code != "login_forbidden":
	case strings.Contains(said, "is blocked"):
		return "login_blocked"
	case strings.Contains(strings.ToLower(said), "too many sessions"):
		return "login_sessions"
	}
	return code
}

// How far the clocks may be apart. Nothing in the protocol depends on the clock
// but certificates, and the times that people read.
const (
	clockOff   = 2 * time.Minute
	clockWrong = 24 * time.Hour
)

// clock holds the server's clock against ours.
func (v *visit) clock() {
	v.at = Clock
	a, ok := v.door.last()
	server, said := serverTime(a.header)
	if !ok || !said {
		v.say("clock_unknown", nil)
		return
	}
	ahead := server.Sub(v.Now()).Round(time.Second)
	d := data{"Seconds": int(ahead.Abs() / time.Second), "Behind": ahead > 0, "Server": server.UTC()}
	switch off := ahead.Abs(); {
	case off > clockWrong:
		v.say("clock_wrong", d)
	case off > clockOff:
		v.say("clock_off", d)
	default:
		v.say("clock_ok", d)
	}
}

// serverTime reads the server's clock. Its date ends in UTC where the standard
// wants GMT, so the stamp beside it is better where there is one.
func serverTime(h http.Header) (time.Time, bool) {
	if unix, err := strconv.ParseInt(h.Get("X-Date-Unix-Timestamp"), 10, 64); err == nil {
		return time.Unix(unix, 0), true
	}
	at, err := http.ParseTime(strings.TrimSuffix(h.Get("Date"), "UTC") + "GMT")
	if err != nil {
		at, err = http.ParseTime(h.Get("Date"))
	}
	return at, err == nil
}

// server judges whether it is the server that is needed.
func (v *visit) server(seen opsi.Seen, told string) {
	v.at = Server
	version := seen.Version
	if version == "" {
		version = told
	}
	d := data{"Version": version, "Role": seen.Role}
	switch {
	case seen.Role == "depotserver":
		v.say("server_depot", d)
	case version == "":
		v.say("server_unknown", d)
	case older(version, 4, 3):
		v.say("server_old", d)
	default:
		v.say("server_ok", d)
	}
}

// older reports whether a version is before major.minor.
func older(version string, major, minor int) bool {
	parts := strings.SplitN(version, ".", 3)
	a, err := strconv.Atoi(parts[0])
	if err != nil {
		return false
	}
	b := 0
	if len(parts) > 1 {
		b, _ = strconv.Atoi(parts[1]) // no number counts as none
	}
	return a < major || a == major && b < minor
}
