// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/view"
)

func phasesOf(r Run) (out []string) {
	for _, p := range r.Path {
		out = append(out, p.Phase)
	}
	return out
}

// TestRuns reads the stories as a support desk reads a log.
func TestRuns(t *testing.T) {
	type want struct {
		id, state, action string
		defers, windows   int
		detail            string
		path              string
	}
	for _, c := range []struct {
		name  string
		story func(*machine)
		cut   string // up to the record with this text; "" = all
		want  []want
	}{
		{"nothing runs", nothingRuns, "", []want{{"editor#1", "ok", "setup", 0, 0, "exit code 0", "pending checking installing reported"}}},
		{"later, then closed", laterThenClosed, "", []want{{"editor#1", "ok", "setup", 1, 2, "exit code 0",
			"pending checking prompting deferred checking prompting killing installing reported"}}},
		{"put off", laterThenClosed, `"type":"deferred"`, []want{{"editor#1", "deferred", "setup", 1, 1, "", "pending checking prompting deferred"}}},
		{"fails", installerFails, "", []want{{"editor#1", "failed", "setup", 0, 0, "exit code 7", "pending checking installing reported"}}},
		{"two runs", uninstallInstead, "", []want{
			{"editor#1", "superseded", "setup", 1, 1, "uninstall was requested instead", "pending checking prompting deferred reported"},
			{"editor#2", "ok", "uninstall", 0, 1, "exit code 0", "pending checking prompting killing installing reported"}}},
		{"dependency", oneNeedsTheOther, `"type":"held"`, []want{
			{"runtime#1", "deferred", "setup", 1, 1, "", "pending checking prompting deferred"},
			{"editor#1", "pending", "setup", 0, 0, "runtime", "pending"}}},
	} {
		lines := tell(t, c.story)
		if c.cut != "" {
			lines = lines[:find(t, lines, c.cut)+1]
		}
		runs, err := Runs(read("log", join(lines)))
		if err != nil {
			t.Fatal(c.name, err)
		}
		var got []want
		for _, r := range runs {
			got = append(got, want{r.ID, r.State, r.Action, r.Defers, r.Windows, r.Detail, strings.Join(phasesOf(r), " ")})
			if r.FirstSeq == 0 || r.Spawn.IsZero() || r.Open != (r.Ready == nil) || r.Open != (r.LastSeq == 0) || r.Schema != RunSchema {
				t.Errorf("%s: %+v", c.name, r)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%+v\nwant\n%+v", c.name, got, c.want)
		}
	}
}

// TestRunsAgreeWithTheState: the last run of each product is what the folded
// state tells, in every history, also in one that begins with a checkpoint.
func TestRunsAgreeWithTheState(t *testing.T) {
	for name, story := range stories() {
		lines := tell(t, story)
		for from := range lines {
			rec, err := events.DecodeRecord(lines[from])
			if err != nil {
				t.Fatal(err)
			}
			if from > 0 && (len(rec.Events) == 0 || rec.Events[0].Type != events.EventName(events.Checkpointed{})) {
				continue // no log begins here
			}
			for to := from + 1; to <= len(lines); to++ {
				text := join(lines[from:to])
				c, err := Fold(read("log", text), nil)
				if err != nil {
					t.Fatal(name, err)
				}
				runs, err := Runs(read("log", text))
				if err != nil {
					t.Fatal(name, err)
				}
				last := map[string]Run{}
				for _, r := range runs {
					last[r.Product] = r
				}
				for _, p := range view.AtLast(c).Products().Products {
					if p.Run == 0 {
						continue
					}
					r := last[p.ID]
					state := p.Phase
					if p.Outcome != nil {
						state = p.Outcome.Outcome
					}
					if r.Run != p.Run || r.State != state || r.Path[len(r.Path)-1].Phase != p.Phase || r.Version != p.Version ||
						r.Action != p.Action || r.Rounds != p.Round || !r.Spawn.Equal(*p.Since) {
						t.Fatalf("%s, records %d to %d: the run is\n%+v\nthe state\n%+v", name, from+1, to, r, p)
					}
				}
			}
		}
	}
}

// TestRunsDoc has no paths, and a list without runs is a list.
func TestRunsDoc(t *testing.T) {
	runs, err := Runs(read("log", join(tell(t, nothingRuns))))
	if err != nil {
		t.Fatal(err)
	}
	if d := NewRunsDoc(runs); len(d.Runs) != 1 || d.Runs[0].Path != nil || runs[0].Path == nil || len(d.Members()) != 1 {
		t.Errorf("%+v", d)
	}
	if text, err := json.Marshal(NewRunsDoc(nil)); err != nil || string(text) != `{"schema":"runs/v1","runs":[]}` {
		t.Errorf("%s %v", text, err)
	}
	if _, err := Runs(read("log", nil)); err == nil {
		t.Error("a log without records tells runs")
	}
}
