// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/json"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/store/storetest"
)

var makeFixture = flag.String("fixture", "", "make store/testdata/fixtures/<name> with what this build writes; one that is there stays")

// fixture is what stands in a store that an earlier version left behind.
type fixture struct {
	ID      string `json:"id"`
	Records int    `json:"records"`
	Sum     string `json:"sum"` // of the last record, and so of all
	Since   int    `json:"since_checkpoint"`
	Defers  int    `json:"defers"` // of the product editor
}

const fixtureFile = "fixture.json"

// TestFixtures opens what every version left behind, decides all of it again and
// goes on with it, for ever. A release adds a directory: go test ./store -run
// TestFixtures -fixture v2.
func TestFixtures(t *testing.T) {
	if *makeFixture != "" {
		writeFixture(t, filepath.Join("testdata", "fixtures", *makeFixture))
	}
	dirs, err := filepath.Glob(filepath.Join("testdata", "fixtures", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatal(dirs, err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(dir, fixtureFile))
			if err != nil {
				t.Fatal(err)
			}
			var want fixture
			if err := json.Unmarshal(b, &want); err != nil {
				t.Fatal(err)
			}
			lines := rawLines(t, dir)
			if len(lines) != want.Records {
				t.Errorf("%d records", len(lines))
			}
			for name, clean := range map[string]bool{"closed": true, "killed": false} {
				t.Run(name, func(t *testing.T) { readFixture(t, dir, clean, want, lines) })
			}
		})
	}
}

func readFixture(t *testing.T, dir string, clean bool, want fixture, lines []string) {
	d := copyDir(t, dir)
	remove(t, d, fixtureFile)
	if !clean {
		remove(t, d, fileClean)
	}
	s, f := mustOpen(t, Options{Dir: d, Probe: childProbe})
	if f.Clean != clean || len(f.Rebuilt) > 0 || f.Lost != nil || f.Fork != nil || s.ID() != want.ID {
		t.Errorf("store %s, findings %+v", s.ID(), f)
	}
	if seq, sum := s.Last(); int(seq) != want.Records || sum != want.Sum {
		t.Errorf("ends with record %d, %s", seq, sum)
	}
	storetest.Equal(t, "opened", storetest.Lines(t, s.Records(1)), lines)
	if n := len(storetest.Lines(t, s.SinceCheckpoint())); n != want.Since {
		t.Errorf("%d records since the checkpoint", n)
	}
	for name, from := range map[string]iter.Seq2[events.Record, error]{"all": s.Records(1), "since the checkpoint": s.SinceCheckpoint()} {
		if n, err := defers(from); err != nil || n != want.Defers {
			t.Errorf("%s: %d defers, %v", name, n, err)
		}
	}
	next := append(lines[:len(lines):len(lines)], storetest.Fill(t, s, 2)...)
	mustClose(t, s)
	twinsEqual(t, d, next)
	storetest.Equal(t, "directory", rawLines(t, d), next)
}

// writeFixture makes a store with an archived segment and two checkpoints, closed in order.
func writeFixture(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(dir); err == nil {
		t.Fatalf("%s is there: what a version left behind is never written again", dir)
	}
	records := history(t, 4, 3)
	state := newDir(t)
	keepHistory(t, state, records, true)
	s, _ := mustOpen(t, Options{Dir: state})
	last := records[len(records)-1]
	want := fixture{ID: s.ID(), Records: len(records), Sum: last.Sum, Since: 4, Defers: 5}
	mustClose(t, s)
	b, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(state, fixtureFile), string(b)+"\n")
	remove(t, state, fileLock)
	if err := os.CopyFS(dir, os.DirFS(state)); err != nil {
		t.Fatal(err)
	}
}
