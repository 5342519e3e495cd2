// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// FuzzVerify feeds logs of any content: a support desk reads files that
// strangers send. Verifying and folding must end with a verdict or an error.
func FuzzVerify(f *testing.F) {
	for _, dir := range []string{"ok", "bad"} {
		names, err := filepath.Glob(filepath.Join(histories, dir, "*.ndjson"))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	table, err := fsm.NewTable()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		res, err := newFolder(table).run(read("fuzz", text))
		if err == nil && (res.Verdict == VerdictOK) != (res.Divergence == nil) {
			t.Errorf("verdict %s with divergence %v", res.Verdict, res.Divergence)
		}
		c, ferr := newFolder(table).fold(read("fuzz", text), nil)
		if err == nil && res.Verdict == VerdictOK && (ferr != nil || c.Seq != res.Last) {
			t.Errorf("verifies, but folding says %v", ferr)
		}
	})
}

// FuzzVerifySigned makes the sums right, so that what is fuzzed reaches the
// decisions: a forger would do the same.
func FuzzVerifySigned(f *testing.F) {
	lines := tell(f, laterThenClosed)
	for _, l := range lines {
		r, err := events.DecodeRecord(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(r.Seq), r.Input.Type, []byte(r.Input.Data), r.Events[0].Type, []byte(r.Events[0].Data), r.Rules)
	}
	var records []events.Record
	for _, l := range lines {
		r, err := events.DecodeRecord(l)
		if err != nil {
			f.Fatal(err)
		}
		records = append(records, r)
	}
	table, err := fsm.NewTable()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, at uint8, input string, in []byte, event string, did []byte, rules int) {
		i := int(at) % len(records)
		r := records[i]
		r.Input = events.Message{Type: input, V: 1, Data: in}
		r.Events = []events.Message{{Type: event, V: 1, Data: did}}
		r.Rules = rules
		forgedLine, err := r.Encode()
		if err != nil {
			return // not JSON: cannot stand in a record
		}
		text := join(append(append([][]byte{}, lines[:i]...), forgedLine))
		if _, err := newFolder(table).run(read("fuzz", text)); err != nil {
			t.Fatal(err)
		}
	})
}
