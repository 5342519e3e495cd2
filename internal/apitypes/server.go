// SPDX-License-Identifier: Apache-2.0

package apitypes

import "time"

// ServerCheck is what was found on the way to an opsi config server.
type ServerCheck struct {
	Schema  string          `json:"schema"` // server_check/v1
	At      time.Time       `json:"at"`
	Verdict string          `json:"verdict"` // ok, warning, failed
	Server  string          `json:"server"`  // the address that was asked, "" if it cannot be used
	HostID  string          `json:"host_id"` // who asked, "" if that could not be read
	Checks  []ServerFinding `json:"checks"`
}

// ServerFinding is one finding of a check; a check may have several.
type ServerFinding struct {
	Check string         `json:"check"` // address, key, ca, reach, tls, login, clock, server, modules, rights, depot, configs, opsiclientd, notifiers, opsiscript
	Code  string         `json:"code"`  // what was found, in one stable word
	State string         `json:"state"` // ok, warning, failed, or skipped behind something that failed
	Found string         `json:"found"` // English
	Mend  string         `json:"mend,omitempty"`
	Data  map[string]any `json:"data,omitempty"` // the facts of the case
}

// Readiness is what would become now of everything that a server wants.
type Readiness struct {
	Schema      string         `json:"schema"` // server_readiness/v1
	At          time.Time      `json:"at"`
	Server      string         `json:"server"`        // the address that was asked
	HostID      string         `json:"host_id"`       // who asked
	Depot       string         `json:"depot"`         // the folder where packages were looked for, "" = they came by HTTPS from the depot
	OwnUserOnly bool           `json:"own_user_only"` // without root only one's own programs can be seen
	Products    []ReadyProduct `json:"products"`      // in the order in which they would be done
	Gone        []string       `json:"gone"`          // wanted, and not on the client's depot
}

// ReadyProduct is one product that is wanted.
type ReadyProduct struct {
	Product  string     `json:"product"`
	Name     string     `json:"name,omitempty"`
	Action   string     `json:"action"`
	Version  string     `json:"version"`           // that the depot offers
	Requires []string   `json:"requires"`          // products that must be done first
	State    string     `json:"state"`             // capable, no_metadata, not_background, unsafe_directory, defect, no_command, no_package
	Problem  string     `json:"problem,omitempty"` // why the package cannot be used, for people
	Would    string     `json:"would"`             // install, ask, close, wait: what a round would do now
	Reason   string     `json:"reason,omitempty"`  // of a wait
	Detail   string     `json:"detail,omitempty"`  // of a wait, for people
	Asks     []ReadyAsk `json:"asks"`              // who would be asked
}

// ReadyAsk is a session whose programs are in the way.
type ReadyAsk struct {
	Session  string   `json:"session"`
	Owner    string   `json:"owner"` // "uid:1000"
	User     string   `json:"user,omitempty"`
	Programs []string `json:"programs"` // their names
}

// ServerTrust is the CA that a server offers.
type ServerTrust struct {
	Schema string `json:"schema"` // server_trust/v1
	Server string `json:"server"` // the address that was asked
	CAs    []CA   `json:"cas"`
	Pinned string `json:"pinned,omitempty"` // the file that was written
}

// CA is one certificate of it, for comparison.
type CA struct {
	Subject string    `json:"subject"`
	SHA256  string    `json:"sha256"` // of the certificate, lower hex
	Until   time.Time `json:"until"`
}

// ServerSetup are the config ids that a site may set.
type ServerSetup struct {
	Schema string     `json:"schema"` // server_setup/v1
	IDs    []ConfigID `json:"ids"`
	Made   []string   `json:"made"` // those that were made just now
	// Opsi's own background check was on for this client, and is off now.
	TookOver bool `json:"took_over,omitempty"`
	// Ids whose value for this client was taken away just now.
	Cleared []string `json:"cleared,omitempty"`
	// Ids that the server still has, which only an administrator may delete.
	Left []string `json:"left,omitempty"`
	// What became of this client's values that are about opsiclientd.
	HandOver []AgentValue `json:"hand_over,omitempty"`
	// What an administrator calls for other clients, in this order.
	Calls []AdminCall `json:"calls,omitempty"`
}

// AgentValue is a value of this client that is about opsiclientd.
type AgentValue struct {
	ID    string `json:"id"`
	State string `json:"state"` // set, same; restored, deleted, waits, foreign
	Value string `json:"value"`
}

// AdminCall is the body of a JSON-RPC request.
type AdminCall struct {
	JSONRPC string `json:"jsonrpc"` // 2.0
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

// ConfigID is one of them.
type ConfigID struct {
	ID       string   `json:"id"`
	Meaning  string   `json:"meaning"`  // English
	Possible []string `json:"possible"` // values; empty = whatever the meaning says
	Many     bool     `json:"many"`     // more than one value may be set
}
