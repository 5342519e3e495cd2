// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// longLog is a year or so at one machine: many products, each put off and then installed.
func longLog(b *testing.B, products int) [][]byte {
	b.Helper()
	m := newMachine(b)
	m.isSetUp()
	m.logsIn("user")
	for i := range products {
		id := "product" + string(rune('a'+i%26)) + string(rune('a'+i/26%26))
		m.starts("user", id, "/home/user/apps/"+id)
		m.adminWants(events.ActionSetup, id)
		m.isPrepared(id)
		m.isLookedAt(id)
		m.windowIsShown(id)
		m.answers("user", id, events.ChoiceDefer)
		m.reportIsAccepted(id)
		m.waitEnds(id)
		m.isPrepared(id)
		m.isLookedAt(id)
		m.windowIsShown(id)
		m.answers("user", id, events.ChoiceKill)
		m.programsAreClosed(id)
		m.installs(id)
		m.passes(time.Hour)
	}
	return m.lines
}

// BenchmarkVerifyFile reads, decodes, chains, decides and folds.
func BenchmarkVerifyFile(b *testing.B) {
	lines := longLog(b, 50)
	text := join(lines)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		res, err := Verify(read("bench", text))
		if err != nil || res.Verdict != VerdictOK {
			b.Fatal(res, err)
		}
	}
	b.ReportMetric(float64(len(lines)*b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(len(text))/float64(len(lines)), "bytes/record")
}

// BenchmarkRedecide decides and folds records that are decoded already, and
// compares what they were recorded with.
func BenchmarkRedecide(b *testing.B) {
	var steps []events.Step
	if _, err := Fold(read("bench", join(longLog(b, 50))), func(_ Line, s events.Step, _ *fsm.Client) error {
		steps = append(steps, s)
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	table, err := fsm.NewTable()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		f := newFolder(table)
		for _, s := range steps {
			if !f.redo(Line{}, s) {
				b.Fatal("record ", s.Seq, " was decided otherwise")
			}
		}
	}
	b.ReportMetric(float64(len(steps)*b.N)/b.Elapsed().Seconds(), "records/s")
}
