// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"hash/maphash"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// changedDB opens the log.db of a store of some records, which nobody works on, after
// its buckets were changed.
func changedDB(t *testing.T, records int, change func(log, meta *bbolt.Bucket) error) *bbolt.DB {
	t.Helper()
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	storetest.Fill(t, s, records)
	mustClose(t, s)
	db, err := openBolt(filepath.Join(dir, nameDB), false, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closeBolt(db) })
	err = db.Update(func(tx *bbolt.Tx) error { return change(tx.Bucket([]byte(bucketLog)), tx.Bucket([]byte(bucketMeta))) })
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// TestScanDB: a record that the journal holds too is taken for that only if it is the
// same to the byte, and each has to stand under its own number.
func TestScanDB(t *testing.T) {
	seed := maphash.MakeSeed()
	for name, c := range map[string]struct {
		change func(*bbolt.Bucket) error
		good   int
		bad    string
	}{
		"sound": {func(*bbolt.Bucket) error { return nil }, 4, ""},
		"a byte of a record is another one": {func(log *bbolt.Bucket) error {
			return log.Put(seqKey(2), []byte(strings.Replace(string(log.Get(seqKey(2))), `"rules":1`, `"rules":2`, 1)))
		}, 3, "record 2"},
		"a record under the number of another one": {func(log *bbolt.Bucket) error {
			return log.Put(seqKey(9), append([]byte(nil), log.Get(seqKey(3))...))
		}, 4, "holds record 3"},
	} {
		known := &twin{}
		db := changedDB(t, 4, func(log, _ *bbolt.Bucket) error {
			err := log.ForEach(func(_, v []byte) error { // as the journal holds them
				l, _, err := examine(v, seed)
				known.links = append(known.links, l)
				return err
			})
			return errors.Join(err, c.change(log))
		})
		got, err := scanDB(db, known, seed, nil)
		if err != nil || len(got.links) != c.good || (got.bad == "") != (c.bad == "") || !strings.Contains(got.bad, c.bad) {
			t.Errorf("%s: %d records, %q, %v", name, len(got.links), got.bad, err)
		}
	}
}

// TestNoSuchRecord: what log.db does not hold is not read as something empty.
func TestNoSuchRecord(t *testing.T) {
	db := changedDB(t, 3, func(log, _ *bbolt.Bucket) error { return log.Delete(seqKey(2)) })
	if line, err := getLine(db, 2); !errors.Is(err, ErrDamaged) || line != nil {
		t.Errorf("%q, %v", line, err)
	}
	if line, err := getLine(db, 3); err != nil || len(line) == 0 {
		t.Errorf("%q, %v", line, err)
	}
}

// TestGapInTheMiddle: a record that went missing in a log.db at work ends a reading
// with an error, not in silence.
func TestGapInTheMiddle(t *testing.T) {
	s, _ := mustOpen(t, Options{Dir: newDir(t)})
	storetest.Fill(t, s, 4)
	err := s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketLog)).Delete(seqKey(3)) })
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = nil
	for _, e := range s.Records(1) {
		if err = e; err == nil {
			n++
		}
	}
	if n != 2 || !errors.Is(err, ErrDamaged) {
		t.Errorf("%d records, then %v", n, err)
	}
}

// TestIdentityOfNewer: what says twice that it is newer is left alone, whatever its
// check. What this build may read has to have the check that belongs to it.
func TestIdentityOfNewer(t *testing.T) {
	for name, c := range map[string]struct {
		format, reader string
		damaged        bool
	}{
		"newer, and cannot be read":          {"2", "2", false},
		"newer, and this build may read it":  {"2", "1", true},
		"as ours, without the check of ours": {"1", "1", true},
	} {
		db := changedDB(t, 1, func(_, meta *bbolt.Bucket) error {
			return errors.Join(meta.Put([]byte(keyFormat), []byte(c.format)), meta.Put([]byte(keyReader), []byte(c.reader)), meta.Put([]byte(keyCheck), []byte("of a later build")))
		})
		if _, err := readIdentity(db); (err != nil) != c.damaged || err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCopyOfManyRecords: a copy of log.db is read to its end, some records at a time.
func TestCopyOfManyRecords(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	storetest.Fill(t, s, 1)
	var es []entry
	seq, prev := s.Last()
	for range 2*batchRecords + 1 {
		r := storetest.Record(seq+1, prev, 0)
		line, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, entry{r.Seq, r.Products, line})
		seq, prev = r.Seq, r.Sum
	}
	if err := put(s.disk, s.db, es...); err != nil {
		t.Fatal(err)
	}
	drop(t, s)
	if got := rawLines(t, filepath.Join(dir, nameDB)); len(got) != int(seq) || got[seq-1] != string(es[len(es)-1].line) {
		t.Errorf("%d records, want %d", len(got), seq)
	}
}

// TestPrivateAsWritten: a private part has one right spelling, also where another one
// would mean the same.
func TestPrivateAsWritten(t *testing.T) {
	line := storetest.Line(t, storetest.Record(7, strings.Repeat("0", 64), 0))
	at := strings.Index(line, `,"private":`)
	if at < 0 {
		t.Fatal("this record has no private part")
	}
	seed := maphash.MakeSeed()
	if _, _, err := examine([]byte(line), seed); err != nil {
		t.Fatal(err)
	}
	for right, bent := range map[string]string{`"salt"`: `"Salt"`, `"value":"user`: `"value":"\u0075ser`, `"value":`: `"value": `, `{"salt"`: `{"more":1,"salt"`} {
		other := line[:at] + strings.Replace(line[at:], right, bent, 1)
		if other == line {
			t.Fatalf("nothing was changed: %s", line[at:])
		}
		if _, _, err := examine([]byte(other), seed); err == nil {
			t.Errorf("taken: %s", other[at:])
		}
	}
}

// TestMetaPageCannotBeRead: a log.db that is too short for its two first pages is worn,
// and one that cannot be read is an error.
func TestMetaPageCannotBeRead(t *testing.T) {
	short := filepath.Join(t.TempDir(), "short")
	writeFile(t, short, "short")
	if err := os.Chmod(short, fileMode); err != nil {
		t.Fatal(err)
	}
	if worn, err := metaWorn(short, 4096); err != nil || !worn {
		t.Errorf("short: %v, %v", worn, err)
	}
}
