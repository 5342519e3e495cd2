// SPDX-License-Identifier: Apache-2.0

package storecheck

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/installer"
	"github.com/quietsetup/quietsetup/internal/replay"
	"github.com/quietsetup/quietsetup/store"
)

const histories = "../replay/testdata/histories"

// state makes a state folder of a history, as a daemon would, with an outcome.
func state(t *testing.T, history string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	s, _, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for l, err := range store.ReadLog(filepath.Join(histories, history)) {
		if err != nil || s.Append(&l.Record) != nil {
			t.Fatal("cannot write the log", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := installer.Void(dir, "token-1"); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Fatal(err)
	}
	return dir
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func replace(t *testing.T, path, old, now string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(b, []byte(old)) {
		t.Fatalf("no %q in %s: %v", old, path, err)
	}
	write(t, path, bytes.Replace(b, []byte(old), []byte(now), 1))
}

// reseal changes a small file as a newer version would write it, with a check
// that holds.
func reseal(t *testing.T, path, from, to string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const mark = `"check":"`
	body, _, ok := strings.Cut(strings.ReplaceAll(string(text), from, to), mark)
	if !ok {
		t.Fatalf("%s has no check: %s", path, text)
	}
	write(t, path, fmt.Appendf(nil, "%s%s%08x\"}\n", body, mark, crc32.Checksum([]byte(body), crc32.MakeTable(crc32.Castagnoli))))
}

// faults are "part: code" of all that is not ok.
func faults(r Report) string {
	var out []string
	for _, p := range r.Parts {
		for _, f := range p.Faults {
			if f.State != store.StateOK {
				out = append(out, p.Name+": "+f.Code)
			}
		}
	}
	return strings.Join(out, ", ")
}

func TestState(t *testing.T) {
	journal := func(dir string) string { return filepath.Join(dir, "journal", "00000001.ndjson") }
	outcome := func(dir string) string { return filepath.Join(dir, "outcome", "token-1.json") }
	for _, c := range []struct {
		name, history string
		spoil         func(dir string)
		verdict       store.State
		faults        string
	}{
		{"sound", "ok/later_then_closed.ndjson", func(string) {}, store.StateOK, ""},
		{"over a checkpoint", "ok/over_a_checkpoint.ndjson", func(string) {}, store.StateOK, ""},
		{"an event that does not follow", "bad/event_changed.ndjson", func(string) {}, store.StateDamaged, "decisions: diverged"},
		{"a checkpoint that is not the fold", "bad/checkpoint_changed.ndjson", func(string) {}, store.StateDamaged, "decisions: diverged"},
		{"a changed byte", "ok/later_then_closed.ndjson", func(d string) { replace(t, journal(d), `"seq":3`, `"seq":8`) }, store.StateDamaged,
			"journal: damaged, marks: changed_meanwhile, decisions: diverged"},
		{"journal gone", "ok/later_then_closed.ndjson", func(d string) { _ = os.RemoveAll(filepath.Join(d, "journal")) }, store.StateDamaged,
			"journal: missing, marks: changed_meanwhile"},
		{"a broken outcome", "ok/nothing_runs.ndjson", func(d string) { replace(t, outcome(d), `"void"`, `"ended"`) }, store.StateDamaged, "outcomes: damaged"},
		{"an outcome of another attempt", "ok/nothing_runs.ndjson", func(d string) { _ = os.Rename(outcome(d), filepath.Join(d, "outcome", "other.json")) },
			store.StateDamaged, "outcomes: damaged"},
		{"a newer outcome", "ok/nothing_runs.ndjson", func(d string) { replace(t, outcome(d), `"v":1`, `"v":9`) }, store.StateNewer, "outcomes: newer"},
		{"a newer store", "ok/nothing_runs.ndjson", func(d string) { reseal(t, filepath.Join(d, "store.json"), `"reader":1`, `"reader":7`) }, store.StateNewer, "format: newer"},
		{"an empty outcome", "ok/nothing_runs.ndjson", func(d string) { write(t, outcome(d), nil) }, store.StateDamaged, "outcomes: damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := state(t, c.history)
			c.spoil(dir)
			r, err := Check(t.Context(), dir, Options{Free: func(string) (uint64, error) { return 1 << 40, nil }})
			if err != nil {
				t.Fatal(err)
			}
			if c.name == "a newer store" { // its twin in log.db differs, too
				c.faults = "format: newer"
			}
			if r.Verdict != c.verdict || !strings.HasPrefix(faults(r), c.faults) || c.faults == "" && faults(r) != "" {
				t.Errorf("%s, %s", r.Verdict, faults(r))
			}
			if r.Kind != KindState || r.Schema != Schema || r.Verdict == store.StateOK && (r.Last == 0 || r.StoreID == "" || *r.Free != 1<<40) {
				t.Errorf("%+v", r)
			}
		})
	}
	dir := state(t, "ok/nothing_runs.ndjson")
	if r, err := Check(t.Context(), dir, Options{Free: func(string) (uint64, error) { return 1 << 20, nil }}); err != nil || faults(r) != "space: little_space" || r.Verdict != store.StateWarn {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestFiles(t *testing.T) {
	dir := state(t, "ok/later_then_closed.ndjson")
	db := filepath.Join(dir, "log.db")
	excerpt := filepath.Join(t.TempDir(), "excerpt.ndjson")
	var b bytes.Buffer
	if _, err := store.WriteExcerpt(&b, func() iter.Seq2[store.Line, error] { return store.ReadLog(dir) }, store.Excerpt{Products: []string{"editor"}}); err != nil {
		t.Fatal(err)
	}
	write(t, excerpt, b.Bytes())
	cut := filepath.Join(t.TempDir(), "cut.ndjson")
	write(t, cut, b.Bytes()[:b.Len()-9])
	for _, c := range []struct {
		name, path, kind string
		verdict          store.State
		faults           string
	}{
		{"an export", filepath.Join(histories, "ok/exported_without_private.ndjson"), KindLog, store.StateOK, ""},
		{"a torn tail", filepath.Join(histories, "ok/torn_tail.ndjson"), KindLog, store.StateWarn, "decisions: torn"},
		{"a changed byte", filepath.Join(histories, "bad/changed_byte.ndjson"), KindLog, store.StateDamaged, "decisions: diverged"},
		{"an unknown type", filepath.Join(histories, "bad/unknown_type.ndjson"), KindLog, store.StateNewer, "decisions: diverged"},
		{"a folder of segments", filepath.Join(dir, "journal"), KindLog, store.StateOK, ""},
		{"log.db", db, KindDB, store.StateOK, ""},
		{"an excerpt", excerpt, KindExcerpt, store.StateOK, ""},
		{"an excerpt that was cut", cut, KindExcerpt, store.StateDamaged, "chain: torn"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Check(t.Context(), c.path, Options{})
			if err != nil || r.Kind != c.kind || r.Verdict != c.verdict || faults(r) != c.faults || c.verdict == store.StateOK && r.Records == 0 {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	if r, err := Check(t.Context(), db, Options{Probe: func(context.Context, string) error { return context.DeadlineExceeded }}); err != nil || r.Verdict != store.StateDamaged {
		t.Errorf("a probe that hangs: %+v, %v", r, err)
	}
}

func TestNotChecked(t *testing.T) {
	dir := state(t, "ok/nothing_runs.ndjson")
	s, _, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r, err := Check(t.Context(), dir, Options{}); err != nil || r.Verdict != store.StateOK || !r.InUse || faults(r) != "log.db: in_use" {
		t.Errorf("in use: %+v, %v", r, err)
	}
	if _, err := Check(t.Context(), filepath.Join(dir, "log.db"), Options{}); !errors.Is(err, store.ErrInUse) {
		t.Errorf("log.db in use: %v", err)
	}
	if _, err := Check(t.Context(), filepath.Join(dir, "nowhere"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	if _, err := Check(t.Context(), t.TempDir(), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, empty, nil)
	if _, err := Check(t.Context(), empty, Options{}); !errors.Is(err, replay.ErrEmpty) {
		t.Errorf("an empty file: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Check(ctx, filepath.Join(histories, "ok/nothing_runs.ndjson"), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupt: %v", err)
	}
}

// FuzzOutcome: any text is judged, and none passes whose sum does not fit.
func FuzzOutcome(f *testing.F) {
	dir := f.TempDir()
	if err := installer.Void(dir, "t"); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		f.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, "outcome", "t.json"))
	if err != nil {
		good = []byte("{}\n")
	}
	f.Add(good)
	f.Add([]byte(`{"v":1,"token":"t","state":"x","sum":""}`))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if sound("t", text) == nil && !bytes.Equal(bytes.TrimRight(text, " \n"), bytes.TrimRight(good, " \n")) && !bytes.Contains(text, []byte(`"sum":"`)) {
			t.Errorf("passed: %q", text)
		}
	})
}
