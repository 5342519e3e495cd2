// SPDX-License-Identifier: Apache-2.0

package apitypes

// Order is the body of the routes that change something. Who gives it is taken
// from the connection, never from here.
type Order struct {
	// Action is what is requested: setup, uninstall, update, always, once,
	// custom. For POST /v1/products/{id}/request only.
	Action string `json:"action,omitempty"`
	// Alone leaves out what the product depends on. For the same route only.
	Alone bool `json:"alone,omitempty"`
	// Product limits a hold or release to one product; "" = everything. For
	// POST /v1/hold and /v1/release only.
	Product string `json:"product,omitempty"`
	// Reason is for people and is kept in the log, at most 500 bytes.
	Reason string `json:"reason,omitempty"`
}

// Verbs of POST /v1/products/{id}/<verb>.
const (
	VerbRequest = "request"
	VerbDefer   = "defer"
	VerbResume  = "resume"
	VerbCancel  = "cancel"
	VerbReset   = "reset"
)

// Done is the answer to an order that was carried out: it is in the log.
type Done struct {
	Schema  string `json:"schema"` // done/v1
	Product string `json:"product,omitempty"`
	Run     int    `json:"run,omitempty"`
	Phase   string `json:"phase,omitempty"` // after the order
	Seq     uint64 `json:"seq"`             // last record of the order
	// Changed is false when everything was so already (the same request again).
	Changed bool `json:"changed"`
	// Also is what was requested with it because it depends on it, in the order in
	// which it has to be done. Notes say what it depends on and does not get.
	Also  []Also   `json:"also,omitempty"`
	Notes []string `json:"notes,omitempty"`
}

// Also is an action that was requested because another product depends on it.
type Also struct {
	Product string `json:"product"`
	Action  string `json:"action"`
	For     string `json:"for"` // the product that depends on it
}
