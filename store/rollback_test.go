// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// TestRollBackOfOneTwinIsNoticed takes back the last commit of one twin, after every
// record of a store's life and in every way it may go back, and starts on it.
func TestRollBackOfOneTwinIsNoticed(t *testing.T) {
	const records = 34 // with an archive and four checkpoints
	probes := server{kind: "probes"}
	defer func() { _ = probes.end() }()
	e := errand{Every: 8, Pad: 300}
	want := e.lines(t, records)
	ways := map[string]func(t *testing.T, d string, before []byte){
		"log.db as it was": func(t *testing.T, d string, before []byte) { writeFile(t, filepath.Join(d, nameDB), string(before)) },
		"log.db's older meta page twice": func(t *testing.T, d string, _ []byte) {
			path := filepath.Join(d, nameDB)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, string(rolledBack(b)))
		},
		"log.db's newer meta page broken": func(t *testing.T, d string, _ []byte) { spoilMeta(t, d) },
		"the journal's last line gone": func(t *testing.T, d string, _ []byte) {
			path := lastSegment(t, d)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if i := bytes.LastIndexByte(b[:len(b)-1], '\n'); i >= 0 {
				writeFile(t, path, string(b[:i+1]))
			} else {
				remove(t, filepath.Dir(path), filepath.Base(path))
			}
		},
	}
	dir, tried := newDir(t), 0
	for n := 1; n <= records; n++ {
		s, _ := mustOpen(t, Options{Dir: dir, Probe: passProbe})
		before, err := os.ReadFile(filepath.Join(dir, nameDB))
		if err != nil {
			t.Fatal(err)
		}
		seq, sum := s.Last()
		r := e.next(seq+1, sum)
		storetest.Put(t, s, r)
		if n%2 == 0 {
			mustClose(t, s)
		} else {
			drop(t, s)
		}
		for name, back := range ways {
			if n == 1 && name != "the journal's last line gone" && name != "log.db as it was" {
				continue // before it there was no commit of a record
			}
			d := copyDir(t, dir)
			back(t, d, before)
			what := fmt.Sprintf("%s, after record %d", name, n)
			s, f, err := Open(Options{Dir: d, Probe: probes.probe})
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if f.Clean || len(f.Rebuilt) == 0 || f.Lost != nil || f.Fork != nil {
				t.Errorf("%s: %+v", what, f)
			}
			storetest.Equal(t, what, storetest.Lines(t, s.Records(1)), want[:n])
			drop(t, s)
			twinsEqual(t, d, want[:n])
			_ = os.RemoveAll(filepath.Dir(d))
			tried++
		}
	}
	t.Logf("%d roll-backs, all noticed", tried)
}
