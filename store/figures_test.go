// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/store/storetest"
)

const (
	figureRecords = 100_000
	figurePad     = 330 // makes a line of about 800 bytes
)

// figureStore makes a closed store of 1e5 records on a real disk. Its journal
// is written in one go and log.db is rebuilt from it. every = a checkpoint
// after so many bytes, 0 = none.
func figureStore(b *testing.B, every int) string {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "state")
	for _, sub := range []string{dirJournal, dirArchive} {
		if err := os.MkdirAll(filepath.Join(dir, sub), dirMode); err != nil {
			b.Fatal(err)
		}
	}
	var f *os.File
	var w *bufio.Writer
	size, sum := 0, ""
	var names []string
	finish := func() {
		if f == nil {
			return
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
	for seq := uint64(1); seq <= figureRecords; seq++ {
		r := storetest.Record(seq, sum, figurePad)
		if f == nil || every > 0 && size >= every {
			finish()
			if f != nil {
				r = storetest.Checkpoint(seq, sum)
			}
			var err error
			names = append(names, segmentName(seq))
			if f, err = os.OpenFile(filepath.Join(dir, dirJournal, segmentName(seq)), os.O_CREATE|os.O_WRONLY, fileMode); err != nil {
				b.Fatal(err)
			}
			w, size = bufio.NewWriterSize(f, 1<<20), 0
		}
		line, err := r.Encode()
		if err != nil {
			b.Fatal(err)
		}
		sum, size = r.Sum, size+len(line)+1
		if _, err := w.Write(append(line, '\n')); err != nil {
			b.Fatal(err)
		}
	}
	finish()
	for _, name := range names[:max(0, len(names)-2)] {
		if err := os.Rename(filepath.Join(dir, dirJournal, name), filepath.Join(dir, dirArchive, name)); err != nil {
			b.Fatal(err)
		}
	}
	s, _, err := Open(Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	if seq, _ := s.Last(); seq != figureRecords {
		b.Fatalf("%d records", seq)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

// syncTwice overwrites and syncs twice: what a bbolt commit does at the least.
func syncTwice(f *os.File, p []byte) error {
	for i := range int64(2) {
		if _, err := f.WriteAt(p, i*4096); err != nil {
			return err
		}
		if err := datasync(f); err != nil {
			return err
		}
	}
	return nil
}

func median(ds []time.Duration) float64 {
	slices.Sort(ds)
	return float64(ds[len(ds)/2])
}

// BenchmarkAppend measures a durable step at 1e5 records, each beside the floor.
func BenchmarkAppend(b *testing.B) {
	dir := figureStore(b, 0)
	s, _, err := Open(Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.release() }()
	copied := filepath.Join(b.TempDir(), nameDB) // bbolt's part alone is measured on a copy
	if err := s.Copy(copied); err != nil {
		b.Fatal(err)
	}
	db, err := openBolt(copied, false, time.Second)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = closeBolt(db) }()
	f, err := os.OpenFile(filepath.Join(b.TempDir(), "floor"), os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 800)
	for range 20 {
		if err := syncTwice(f, page); err != nil {
			b.Fatal(err)
		}
	}
	var steps, bolt, floor []time.Duration
	size := 0
	for b.Loop() {
		begin := time.Now()
		if err := syncTwice(f, page); err != nil {
			b.Fatal(err)
		}
		floor = append(floor, time.Since(begin))
		seq, sum := s.Last()
		r := storetest.Record(seq+1, sum, figurePad)
		before := s.journal.size
		begin = time.Now()
		if err := s.Append(&r); err != nil {
			b.Fatal(err)
		}
		steps = append(steps, time.Since(begin))
		size = int(s.journal.size - before)
		e, err := readEntry(s.db, r.Seq)
		if err != nil {
			b.Fatal(err)
		}
		begin = time.Now()
		if err := put(s.disk, db, e); err != nil {
			b.Fatal(err)
		}
		bolt = append(bolt, time.Since(begin))
	}
	b.ReportMetric(median(steps)/median(floor), "ratio-vs-2sync")
	b.ReportMetric(median(bolt)/median(floor), "bbolt-vs-2sync")
	b.ReportMetric(median(steps)/1e3, "step-us")
	b.ReportMetric(median(floor)/1e3, "2sync-us")
	b.ReportMetric(float64(size), "line-bytes")
}

// BenchmarkOpen measures a start at 1e5 records: until the store is open, and
// until the records since the last checkpoint are read.
func BenchmarkOpen(b *testing.B) {
	for _, shape := range []struct {
		name  string
		every int
	}{{"checkpoints", 8 << 20}, {"one-segment", 0}} {
		dir := figureStore(b, shape.every)
		for _, clean := range []bool{true, false} {
			name := shape.name + "/after-stop"
			if clean {
				name = shape.name + "/clean"
			}
			b.Run(name, func(b *testing.B) {
				var ready, read, probe []time.Duration
				n := 0
				for b.Loop() {
					b.StopTimer()
					if !clean {
						if err := os.Remove(filepath.Join(dir, fileClean)); err != nil {
							b.Fatal(err)
						}
					}
					b.StartTimer()
					begin := time.Now()
					s, f, err := Open(Options{Dir: dir, Probe: patientProbe})
					if err != nil {
						b.Fatal(err)
					}
					ready = append(ready, time.Since(begin)-f.ProbeTook)
					probe = append(probe, f.ProbeTook)
					n = 0
					var last events.Record
					if shape.every > 0 {
						for r, err := range s.SinceCheckpoint() {
							if err != nil {
								b.Fatal(err)
							}
							last = r
							n++
						}
						if last.Seq != figureRecords {
							b.Fatalf("last record is %d", last.Seq)
						}
					}
					read = append(read, time.Since(begin)-f.ProbeTook)
					b.StopTimer()
					if f.Clean != clean || len(f.Rebuilt) > 0 {
						b.Fatalf("findings %+v", f)
					}
					if err := s.Close(); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				b.ReportMetric(median(ready)/1e6, "ready-ms")
				b.ReportMetric(median(probe)/1e6, "probe-ms")
				if shape.every > 0 {
					b.ReportMetric(median(read)/1e6, "ready+read-ms")
					b.ReportMetric(float64(n), "records-read")
				}
			})
		}
	}
}
