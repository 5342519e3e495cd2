// SPDX-License-Identifier: Apache-2.0

package events

import (
	"fmt"
	"strings"
)

// Kind names a kind of work, that is, an effect.
type Kind string

// The kinds of work fsm.Due can ask for.
const (
	KindPrepare       Kind = "prepare"
	KindRunChecks     Kind = "run_checks"
	KindWatch         Kind = "watch"
	KindAskUsers      Kind = "ask_users"
	KindWakeAt        Kind = "wake_at"
	KindClosePrograms Kind = "close_programs"
	KindRunInstaller  Kind = "run_installer"
	KindWaitInstaller Kind = "wait_installer"
	KindProbeInstall  Kind = "probe_install"
	KindVerifyInstall Kind = "verify_install"
	KindSendReport    Kind = "send_report"
)

// Ticket names one piece of work. An effect is started under a ticket and its
// inputs come back under it. A ticket is stale only when what is due no longer
// contains it.
type Ticket struct {
	Kind    Kind   `json:"kind"`
	Product string `json:"product,omitempty"`
	Window  string `json:"window,omitempty"`
	Session string `json:"session,omitempty"`
	Run     int    `json:"run,omitempty"`
	// N is the sequence number of the record that made the work due. A change
	// of what the work consists of gives it a new N.
	N uint64 `json:"n"`
}

// String is for logs: "ask_users firefox#3.1 c2 @17".
func (t Ticket) String() string {
	var b strings.Builder
	b.WriteString(string(t.Kind))
	for _, s := range []string{t.Product, t.Window, t.Session} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	fmt.Fprintf(&b, " @%d", t.N)
	return b.String()
}
