// SPDX-License-Identifier: Apache-2.0

package apitypes

import "time"

// SyncOrder is the body of POST /v1/sync.
type SyncOrder struct {
	// DryRun looks and brings nothing in.
	DryRun bool `json:"dry_run,omitempty"`
}

// Sync is the answer to POST /v1/sync: what a look at the source showed.
type Sync struct {
	Schema string    `json:"schema"` // sync/v1
	At     time.Time `json:"at"`
	DryRun bool      `json:"dry_run"`
	// Answered is false when the source gave no answer, or none in time. Then it is
	// as it was, and Source says why.
	Answered bool   `json:"answered"`
	Source   Source `json:"source"`
	// Wanted is what is not done yet, in the order in which it comes.
	Wanted []SyncProduct `json:"wanted"`
	// Reports are those that the source does not show yet.
	Reports []SyncReport `json:"reports"`
}

// SyncProduct is a product that is wanted, and what happens to it now.
type SyncProduct struct {
	Product string `json:"product"`
	Action  string `json:"action"`
	Version string `json:"version,omitempty"` // where the action leads
	// Now is where it stands once packages and programs were looked at: ask (people
	// are asked), close (programs are closed), install, report (it is done, or cannot
	// be), look (that takes its time: files are being fetched), wait.
	Now   string `json:"now"`
	Waits *Waits `json:"waits,omitempty"` // with wait: for what
}

// SyncReport is a report that is due.
type SyncReport struct {
	Product  string `json:"product"`
	Status   string `json:"status"` // installed, not_installed, unknown
	Version  string `json:"version,omitempty"`
	Result   string `json:"result"`  // none, successful, failed
	Request  string `json:"request"` // what stays requested
	Progress string `json:"progress,omitempty"`
	// State is due (it goes now), failing (it is tried again) or refused (the source
	// will not take it).
	State string `json:"state"`
}
