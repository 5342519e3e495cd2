// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/doctor"
	"github.com/quietsetup/quietsetup/internal/source/opsi/servercheck"
	"github.com/quietsetup/quietsetup/store"
)

// madeUp are the examples of docs/json.md whose commands tell of the machine they
// run on, or of hashes and sizes that differ each time; nil for other commands.
func madeUp(line string) func(a *app) error {
	const state = "/var/lib/quietsetup"
	switch line {
	case "store copy --json DEST":
		return func(a *app) error {
			return a.document(copyDoc{Schema: "store_copy/v1", From: state, To: "/root/copy", InUse: true, Bytes: 20480, Files: []store.Copied{
				{File: "journal/00000001.ndjson", Bytes: 20432, SHA256: strings.Repeat("0f", 32)}, {File: "store.json", Bytes: 48, SHA256: strings.Repeat("1e", 32)}}})
		}
	case "store export --json -o FILE":
		return func(a *app) error {
			return a.document(exportDoc{Schema: "store_export/v1", File: "/root/log.ndjson", Records: 1003, First: 1, Last: 1003})
		}
	case "store compact --json":
		return func(a *app) error {
			return a.document(compactDoc{Schema: "store_compact/v1", StateDir: state, Before: 16777216, After: 524288, Archived: 2})
		}
	case "doctor --json":
		codes := doctor.Codes()
		return func(a *app) error {
			return a.doctorDocument([]doctor.Finding{
				{Check: "rights", Code: "rights_root", State: codes["rights_root"]},
				{Check: "space", Code: "space_little", State: codes["space_little"], Data: map[string]any{"Path": state, "Free": uint64(500 << 20)}},
			}, time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))
		}
	case "server check --json":
		codes := servercheck.Codes()
		at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
		return func(a *app) error {
			return a.serverDocument([]servercheck.Finding{
				{Check: "address", Code: "address_ok", State: codes["address_ok"], Data: map[string]any{"URL": "https://opsi.example.org:4447"}},
				{Check: "login", Code: "login_busy", State: codes["login_busy"], Data: map[string]any{"Host": "opsi.example.org:4447", "HostID": "pc1.example.org",
					"Error": "status 503, Server is in maintenance mode", "Seconds": 600}},
				{Check: "clock", Code: "clock_unasked", State: codes["clock_unasked"]},
			}, at)
		}
	case "server setup --json":
		return func(a *app) error {
			return a.document(apitypes.ServerSetup{Schema: schemaServerSetup, Made: []string{"quietsetup.max_defer"}, IDs: []apitypes.ConfigID{
				{ID: "quietsetup.active", Meaning: "quietsetup: whether anything is installed at all; true or false; empty = not said here", Possible: []string{"true", "false"}},
				{ID: "quietsetup.hold", Meaning: "quietsetup: products that must be left alone, or all", Possible: []string{}, Many: true},
			}})
		}
	case "server trust --json":
		return func(a *app) error {
			return a.document(apitypes.ServerTrust{Schema: schemaServerTrust, Server: "https://opsi.example.org:4447", Pinned: "/etc/quietsetup/opsi-ca.pem", CAs: []apitypes.CA{
				{Subject: "CN=opsi CA,O=example", SHA256: strings.Repeat("0a1b2c3d", 8), Until: time.Date(2028, 3, 2, 8, 0, 0, 0, time.UTC)},
			}})
		}
	case "server readiness --json":
		return func(a *app) error {
			return a.document(apitypes.Readiness{Schema: schemaReadiness, At: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), Server: "https://opsi.example.org:4447",
				HostID: "pc1.example.org", Depot: "/media/opsi_depot", Gone: []string{"oldtool"}, Products: []apitypes.ReadyProduct{
					{Product: "firefox", Name: "Mozilla Firefox", Action: "setup", Version: "133.0-1", Requires: []string{}, State: "capable", Would: "ask",
						Asks: []apitypes.ReadyAsk{{Session: "c2", Owner: "uid:1000", User: "ann", Programs: []string{"firefox"}}}},
					{Product: "java", Name: "Java", Action: "setup", Version: "21.0.5-1", Requires: []string{}, State: "no_metadata", Would: "wait", Reason: "no_metadata", Asks: []apitypes.ReadyAsk{}},
				}})
		}
	}
	return nil
}
