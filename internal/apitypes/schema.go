// SPDX-License-Identifier: Apache-2.0

package apitypes

import (
	"math"
	"time"
)

// Schemas of the documents.
const (
	SchemaStatus    = "status/v1"
	SchemaProducts  = "products/v1"
	SchemaProduct   = "product/v1"
	SchemaProcesses = "processes/v1"
	SchemaDone      = "done/v1"
	SchemaSync      = "sync/v1"
	SchemaWelcome   = "welcome/v1"
	SchemaEvent     = "prompt_event/v1"
	SchemaAnswered  = "answer_result/v1"
)

// Media types of the API's bodies.
const (
	MediaJSON   = "application/json"
	MediaNDJSON = "application/x-ndjson"
)

// TrailerError is the HTTP trailer that says why a log broke off.
const TrailerError = "Quietsetup-Error"

// Seconds is a length of time on the wire; fractions are allowed.
type Seconds float64

// SecondsOf converts a duration.
func SecondsOf(d time.Duration) Seconds { return Seconds(d.Seconds()) }

// Duration converts back, to the nearest millisecond.
func (s Seconds) Duration() time.Duration {
	return time.Duration(math.Round(float64(s)*1000)) * time.Millisecond
}

// Count is how much of a limit is used up.
type Count struct {
	Used int `json:"used"`
	Max  int `json:"max"`
}

// Hold is a stop placed by an operator.
type Hold struct {
	Reason string     `json:"reason"`
	Since  *time.Time `json:"since,omitempty"`
	Actor  string     `json:"actor,omitempty"` // "uid:0"
}
