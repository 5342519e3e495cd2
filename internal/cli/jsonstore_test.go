// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/doctor"
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
	}
	return nil
}
