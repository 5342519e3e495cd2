// SPDX-License-Identifier: Apache-2.0

package apitypes

import (
	"slices"
	"time"
)

// Status is the answer to GET /v1/status.
type Status struct {
	Schema   string     `json:"schema"` // status/v1
	At       time.Time  `json:"at"`
	Version  string     `json:"version"` // of the daemon
	PID      int        `json:"pid"`
	Started  time.Time  `json:"started"`
	StateDir string     `json:"state_dir"`
	Store    StoreState `json:"store"`
	Hold     *Hold      `json:"hold,omitempty"`    // everything is on hold
	Observe  *Hold      `json:"observe,omitempty"` // the mode is observe: nothing is done, what would be done is told
	Slot     string     `json:"slot,omitempty"`    // product that has the one install slot
	Order    []string   `json:"order,omitempty"`   // products with an open run, in the order in which they come
	// Reboot names the products whose installer asked for a restart of the machine.
	Reboot []string `json:"reboot,omitempty"`
	// SessionsKnown is false without any source of sessions: then somebody is there.
	SessionsKnown bool           `json:"sessions_known"`
	Sessions      []Session      `json:"sessions"`
	Sources       []Source       `json:"sources"`
	Phases        map[string]int `json:"phases"` // how many products are in each
}

// StoreState is where the log stands.
type StoreState struct {
	ID    string `json:"id"`
	Seq   uint64 `json:"seq"`             // last record
	Rules int    `json:"rules"`           // rule set in force
	Error string `json:"error,omitempty"` // appends fail at the moment
}

// Session is a person's presence at the machine.
type Session struct {
	ID     string `json:"id"`
	Owner  string `json:"owner"`          // "uid:1000"
	User   string `json:"user,omitempty"` // private
	Kind   string `json:"kind"`           // graphical, terminal, remote
	Locked bool   `json:"locked"`
	Away   bool   `json:"away"`
	Agent  bool   `json:"agent"` // a prompt agent is connected for it
}

// Source is where requests come from and reports go.
type Source struct {
	Kind   string     `json:"kind"`            // local, opsi
	Place  string     `json:"place,omitempty"` // folder or address
	State  string     `json:"state"`           // ok, failing
	Class  string     `json:"class,omitempty"` // of what is wrong with a server: unreachable, certificate, login, blocked, busy, failed, rejected, answer
	Reason string     `json:"reason,omitempty"`
	Since  *time.Time `json:"since,omitempty"` // of the first bad answer after a good one
	Last   *time.Time `json:"last,omitempty"`  // last good answer
	Again  *time.Time `json:"again,omitempty"` // it is left alone until then
	Server *Server    `json:"server,omitempty"`
}

// Server is what is known of an opsi config server.
type Server struct {
	HostID  string  `json:"host_id"`            // our name there
	KnownAs string  `json:"known_as,omitempty"` // by the server, if that is another name
	Version string  `json:"version,omitempty"`  // of the server; missing = it was not told yet
	Role    string  `json:"role,omitempty"`     // configserver, depotserver
	Ahead   Seconds `json:"ahead_s"`            // the server's clock before ours
	// Gone are products that are wanted and that the client's depot does not have.
	Gone []string `json:"gone,omitempty"`
	// Held are products that the site holds by config id; "all" = everything.
	Held []string `json:"held,omitempty"`
	// AsksToo: opsi-script's own background check is on, so people would be asked twice.
	// Nothing is done while people are there.
	AsksToo bool `json:"asks_too,omitempty"`
	// EventsLost: the events of opsiclientd were handed over to us, and opsiclientd.conf
	// says otherwise.
	EventsLost bool `json:"events_lost,omitempty"`
	// Ignored are values of config ids that do not count.
	Ignored []string `json:"ignored,omitempty"`
}

// Redacted returns a copy without private parts for the owner given.
func (s Status) Redacted(owner string) Status {
	s.Sessions = slices.Clone(s.Sessions)
	for i := range s.Sessions {
		if s.Sessions[i].Owner != owner {
			s.Sessions[i].User = ""
		}
	}
	return s
}
