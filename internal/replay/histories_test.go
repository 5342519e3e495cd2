// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"encoding/json"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

var update = flag.Bool("update", false, "write testdata/histories anew")

const histories = "testdata/histories"

// read yields the lines of a history as a store's reader does.
func read(name string, text []byte) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		n := 0
		for part := range bytes.Lines(text) {
			n++
			raw, whole := bytes.CutSuffix(part, []byte("\n"))
			l := Line{File: name, Number: n, Raw: raw}
			if !whole {
				yield(l, ErrTornTail)
				return
			}
			var err error
			if l.Record, err = events.DecodeRecord(raw); err != nil {
				if !yield(Line{File: name, Number: n, Raw: raw}, err) {
					return
				}
				continue
			}
			if !yield(l, nil) {
				return
			}
		}
	}
}

func tell(t testing.TB, story func(*machine)) [][]byte {
	t.Helper()
	m := newMachine(t)
	story(m)
	return m.lines
}

func join(lines [][]byte) []byte { return append(bytes.Join(lines, []byte("\n")), '\n') }

// expected is a bad history's sidecar.
type expected struct {
	Code Code   `json:"code"`
	Seq  uint64 `json:"seq"`
}

// forged changes a record and makes its sum and the chain after it right again,
// as somebody would who wants to hide something.
func forged(t testing.TB, lines [][]byte, at int, change func(*events.Record)) [][]byte {
	t.Helper()
	out := slices.Clone(lines)
	sum := ""
	for i, line := range lines {
		r, err := events.DecodeRecord(line)
		if err != nil {
			t.Fatal(err)
		}
		if i >= at {
			r.Prev = sum
			if i == at {
				change(&r)
			}
			if out[i], err = r.Encode(); err != nil {
				t.Fatal(err)
			}
		}
		sum = r.Sum
	}
	return out
}

// find is the index of the first line that holds a text.
func find(t testing.TB, lines [][]byte, text string) int {
	t.Helper()
	i := slices.IndexFunc(lines, func(l []byte) bool { return bytes.Contains(l, []byte(text)) })
	if i < 0 {
		t.Fatalf("no line holds %s", text)
	}
	return i
}

type tampered struct {
	lines [][]byte
	want  expected
}

// tampering makes the bad histories out of good ones.
func tampering(t testing.TB) map[string]tampered {
	t.Helper()
	good := func() [][]byte { return tell(t, laterThenClosed) }
	out := map[string]tampered{}
	put := func(name string, lines [][]byte, code Code, index int) {
		out[name] = tampered{lines, expected{code, uint64(index + 1)}}
	}

	lines := good()
	i := find(t, lines, `"choice":"defer"`)
	lines[i] = bytes.Replace(lines[i], []byte(`"choice":"defer"`), []byte(`"choice":"dEfer"`), 1)
	put("changed_byte", lines, CodeSum, i)

	lines = good()
	i = find(t, lines, `"type":"deferred"`)
	put("event_changed", forged(t, lines, i, func(r *events.Record) {
		for j := range r.Events {
			r.Events[j].Data = bytes.Replace(r.Events[j].Data, []byte(`"count":1`), []byte(`"count":0`), 1)
		}
	}), CodeEvents, i)

	lines = good()
	i = find(t, lines, `"type":"deferred"`)
	put("event_removed", forged(t, lines, i, func(r *events.Record) { r.Events = r.Events[:len(r.Events)-1] }), CodeEvents, i)

	lines = good()
	i = find(t, lines, `"type":"user_answered"`)
	put("input_changed", forged(t, lines, i, func(r *events.Record) {
		r.Input.Data = bytes.Replace(r.Input.Data, []byte(`"choice":"defer"`), []byte(`"choice":"kill"`), 1)
	}), CodeEvents, i)

	lines = good()
	i = find(t, lines, `"type":"user_answered"`)
	put("input_never_possible", forged(t, lines, i, func(r *events.Record) {
		r.Input.Data = bytes.Replace(r.Input.Data, []byte(`#1.1`), []byte(`#9.9`), 1)
	}), CodeRefused, i)

	lines = good()
	i = find(t, lines, `"type":"prepared"`)
	put("products_changed", forged(t, lines, i, func(r *events.Record) { r.Products = []string{"browser"} }), CodeProducts, i)

	lines = good()
	i = find(t, lines, `"type":"deferred"`)
	put("rules_changed", forged(t, lines, i, func(r *events.Record) { r.Rules = 4711 }), CodeRules, i)

	lines = good()
	i = find(t, lines, `"type":"user_answered"`)
	put("cut_out", slices.Delete(lines, i, i+1), CodeChain, i)

	lines = good()
	i = find(t, lines, `"type":"user_answered"`)
	lines[i], lines[i+1] = lines[i+1], lines[i]
	put("reordered", lines, CodeChain, i)

	lines = good()
	i = find(t, lines, `"type":"user_answered"`)
	lines[i] = tell(t, fiveTimesLater)[i+8]
	put("foreign_record", lines, CodeChain, i)

	lines = good()
	i = find(t, lines, `"private":`)
	lines[i] = bytes.Replace(lines[i], []byte(`/home/user/`), []byte(`/home/gast/`), 1)
	put("private_changed", lines, CodePrivate, i)

	lines = good()
	i = find(t, lines, `"type":"user_answered"`)
	lines[i] = []byte(`{"time":"2026-03-02","message":"hello"}`)
	put("not_a_record", lines, CodeNotRecord, i)

	lines = good()
	i = find(t, lines, `"type":"user_answered"`)
	put("unknown_type", forged(t, lines, i, func(r *events.Record) { r.Events[0].Type = "answered_by_post" }), CodeUnknown, i)

	lines = good()
	i = find(t, lines, `"type":"user_answered"`)
	put("begins_in_the_middle", lines[i:], CodeMiddle, i)

	lines = tell(t, overACheckpoint)
	i = find(t, lines, `"type":"checkpoint"`)
	put("checkpoint_changed", forged(t, lines, i, func(r *events.Record) {
		r.Events[0].Data = bytes.Replace(r.Events[0].Data, []byte(`"installationStatus":"installed"`), []byte(`"installationStatus":"unknown"`), 1)
	}), CodeCheckpoint, i)

	lines = tell(t, rulesOfAnotherDay)
	i = find(t, lines, `"type":"checkpoint"`)
	put("checkpoint_changed_other_rules", forged(t, lines, i, func(r *events.Record) {
		r.Events[0].Data = bytes.Replace(r.Events[0].Data, []byte(`"round":1`), []byte(`"round":2`), 1)
	}), CodeCheckpoint, i)
	return out
}

// TestHistoriesAreWritten keeps the corpus what the stories say; -update writes it.
func TestHistoriesAreWritten(t *testing.T) {
	files := map[string][]byte{}
	for name, story := range stories() {
		files["ok/"+name+".ndjson"] = join(tell(t, story))
	}
	lines := tell(t, laterThenClosed)
	files["ok/torn_tail.ndjson"] = bytes.TrimSuffix(join(lines), []byte("\n"))
	files["ok/torn_tail.ndjson"] = files["ok/torn_tail.ndjson"][:len(files["ok/torn_tail.ndjson"])-40]
	var export [][]byte
	for _, l := range lines {
		r, err := events.Redact(l)
		if err != nil {
			t.Fatal(err)
		}
		export = append(export, r)
	}
	files["ok/exported_without_private.ndjson"] = join(export)
	lines = tell(t, overACheckpoint)
	files["ok/segment_that_begins_with_a_checkpoint.ndjson"] = join(lines[find(t, lines, `"type":"checkpoint"`):])
	for name, bad := range tampering(t) {
		side, err := json.Marshal(bad.want)
		if err != nil {
			t.Fatal(err)
		}
		files["bad/"+name+".ndjson"], files["bad/"+name+".json"] = join(bad.lines), append(side, '\n')
	}
	if *update {
		for name, text := range files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(histories, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(histories, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, text := range files {
		got, err := os.ReadFile(filepath.Join(histories, name))
		if err != nil {
			t.Errorf("%v (go test -run Histories -update writes it)", err)
		} else if !bytes.Equal(got, text) {
			t.Errorf("%s is not what its story says today: a changed rule needs a new rule set, see fsm.RuleSet", name)
		}
	}
}

// TestOldHistoriesVerify reads what lies in ok, told by a story or not.
func TestOldHistoriesVerify(t *testing.T) {
	names, err := filepath.Glob(histories + "/ok/*.ndjson")
	if err != nil || len(names) == 0 {
		t.Fatalf("no histories: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".ndjson"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			res, err := Verify(read(name, text))
			if err != nil {
				t.Fatal(err)
			}
			if res.Verdict != VerdictOK {
				t.Fatalf("%v\nrecorded %s\ndecided  %s", res.Divergence, res.Divergence.Recorded, res.Divergence.Decided)
			}
			if n := bytes.Count(text, []byte("\n")); res.Records != n || res.Verified+res.FoldedOnly != n || res.Segments != 1 {
				t.Errorf("%d lines, but %+v", n, res)
			}
			if torn := slices.Contains(res.Warnings, WarnTornTail); torn != strings.Contains(name, "torn_tail") {
				t.Errorf("warnings %v", res.Warnings)
			}
			other := strings.Contains(name, "rules_of_another_day") || strings.Contains(name, "begins_with_a_checkpoint")
			if other != (res.FoldedOnly > 0) {
				t.Errorf("%d records were not decided again", res.FoldedOnly)
			}
			c, err := Fold(read(name, text), nil)
			if err != nil || c.Seq != res.Last || c.StoreID != res.StoreID {
				t.Errorf("folding gives %v, verifying %+v", err, res)
			}
		})
	}
}

// TestBadHistoriesFail wants each bad history to be found at the right place
// with the right code.
func TestBadHistoriesFail(t *testing.T) {
	names, err := filepath.Glob(histories + "/bad/*.ndjson")
	if err != nil || len(names) == 0 {
		t.Fatalf("no histories: %v", err)
	}
	codes := map[Code]bool{}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".ndjson"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			side, err := os.ReadFile(strings.TrimSuffix(name, ".ndjson") + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var want expected
			if err := json.Unmarshal(side, &want); err != nil {
				t.Fatal(err)
			}
			res, err := Verify(read(name, text))
			if err != nil {
				t.Fatal(err)
			}
			if res.Verdict != VerdictDiverged || res.Divergence == nil {
				t.Fatal("verifies")
			}
			d := res.Divergence
			if d.Code != want.Code || d.Seq != want.Seq {
				t.Errorf("%v\nwant %+v", d, want)
			}
			if d.File != name || d.Line == 0 || d.What == "" {
				t.Errorf("divergence without its place: %+v", d)
			}
			codes[d.Code] = true
		})
	}
	for _, c := range []Code{CodeSum, CodeNotRecord, CodePrivate, CodeChain, CodeUnknown, CodeMiddle, CodeRefused, CodeEvents, CodeCheckpoint, CodeProducts, CodeRules} {
		if !codes[c] {
			t.Errorf("no bad history shows %s", c)
		}
	}
}

// TestDamageIsNeverMissed changes every byte of a history, one at a time, into
// another letter or the other case.
func TestDamageIsNeverMissed(t *testing.T) {
	lines := tell(t, laterThenClosed)
	text := join(lines[:find(t, lines, `"private":`)+1])
	table, err := fsm.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		bad := bytes.Clone(text)
		bad[i] ^= []byte{0x01, 0x20}[i%2]
		res, err := newFolder(table).run(read("bent", bad))
		if err == nil && res.Verdict == VerdictOK && len(res.Warnings) == 0 {
			t.Fatalf("byte %d of %d: changed from %q to %q and not found", i, len(text), text[i], bad[i])
		}
	}
}
