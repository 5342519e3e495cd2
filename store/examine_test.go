// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// fingerprint sums up every byte, mode and name of a directory.
func fingerprint(t testing.TB, dir string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		fmt.Fprintln(h, path, info.Mode(), info.Size(), info.ModTime().UnixNano())
		if info.Mode().IsRegular() {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			h.Write(b)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// lookAt examines a directory and makes sure that nothing was changed or left behind.
func lookAt(t testing.TB, dir string, probe func(context.Context, string) error) *Examination {
	t.Helper()
	before, tmp := fingerprint(t, dir), t.TempDir()
	e, err := Examine(dir, ExamineOptions{Probe: probe, Temp: tmp})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if after := fingerprint(t, dir); after != before {
		t.Fatal("the look changed the directory")
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
	return e
}

func (e *Examination) part(name string) Part {
	return e.Parts[slices.IndexFunc(e.Parts, func(p Part) bool { return p.Name == name })]
}

func (e *Examination) worst() State {
	g := StateOK
	for _, p := range e.Parts {
		g = g.Worse(p.State)
	}
	return g
}

// codes lists "part: code" of all faults, each once.
func (e *Examination) codes() []string {
	out := []string{}
	for _, p := range e.Parts {
		for _, f := range p.Faults {
			out = append(out, p.Name+": "+f.Code)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestExamine(t *testing.T) {
	dir, want := original(t)
	other, _ := original(t)
	long := newDir(t)
	s, _ := mustOpen(t, Options{Dir: long, SegmentBytes: smallSegment})
	fillSegments(t, s, 6)
	mustClose(t, s)
	fork := copyDir(t, dir)
	for i, d := range []string{dir, fork} {
		s, _ := mustOpen(t, Options{Dir: d})
		seq, sum := s.Last()
		line := storetest.Put(t, s, storetest.Record(seq+1, sum, 10+i))
		if i == 0 {
			want = append(want, line)
		}
		mustClose(t, s)
	}
	newer, err := seal(identity{Format: 9, Reader: 9, ID: lookAt(t, dir, childProbe).ID})
	if err != nil {
		t.Fatal(err)
	}
	archived := func(d string) []string {
		firsts, err := listSegments(filepath.Join(d, dirArchive))
		if err != nil || len(firsts) < 3 {
			t.Fatalf("archive %v, %v", firsts, err)
		}
		var out []string
		for _, n := range firsts {
			out = append(out, filepath.Join(d, dirArchive, segmentName(n)))
		}
		return out
	}
	cases := []struct {
		name  string
		from  string
		spoil func(d string)
		grade State
		codes []string
	}{
		{"sound", dir, func(string) {}, StateOK, []string{}},
		{"sound, long", long, func(string) {}, StateOK, []string{}},
		{"not closed in order", dir, func(d string) { remove(t, d, fileClean) }, StateOK, []string{"marks: unclean"}},
		{"journal: a changed byte", dir, func(d string) { patch(t, lastSegment(t, d), 300, 'X') }, StateDamaged,
			[]string{"journal: damaged", "marks: changed_meanwhile"}},
		{"journal: the last line is cut", dir, func(d string) { cutFile(t, lastSegment(t, d), 20) }, StateWarn,
			[]string{"journal: behind", "journal: torn", "marks: changed_meanwhile"}},
		{"journal: gone", dir, func(d string) { remove(t, d, dirJournal) }, StateDamaged,
			[]string{"journal: missing", "marks: changed_meanwhile"}},
		{"log.db: gone", dir, func(d string) { remove(t, d, nameDB) }, StateDamaged,
			[]string{"log.db: missing", "marks: changed_meanwhile"}},
		{"log.db: rubbish", dir, func(d string) { writeFile(t, filepath.Join(d, nameDB), "rubbish") }, StateDamaged,
			[]string{"log.db: damaged", "marks: changed_meanwhile"}},
		{"log.db: empty", dir, func(d string) { writeFile(t, filepath.Join(d, nameDB), "") }, StateDamaged,
			[]string{"log.db: damaged", "marks: changed_meanwhile"}},
		{"log.db: half", dir, func(d string) { cutFile(t, filepath.Join(d, nameDB), 30000) }, StateDamaged,
			[]string{"log.db: damaged", "marks: changed_meanwhile"}},
		{"log.db: of another store", dir, func(d string) { copyFile(t, filepath.Join(other, nameDB), filepath.Join(d, nameDB)) }, StateDamaged,
			[]string{"format: other_store", "log.db: damaged", "marks: changed_meanwhile"}},
		{"a fork", dir, func(d string) { copyFile(t, filepath.Join(fork, nameDB), filepath.Join(d, nameDB)) }, StateDamaged,
			[]string{"chain: fork", "journal: damaged", "log.db: damaged", "marks: changed_meanwhile"}},
		{"both twins gone", dir, func(d string) { remove(t, d, dirJournal); remove(t, d, nameDB) }, StateDamaged,
			[]string{"chain: lost", "log.db: missing", "marks: changed_meanwhile"}},
		{"log.db gone, the journal's end damaged", dir, func(d string) { remove(t, d, nameDB); cutFile(t, lastSegment(t, d), 400) }, StateDamaged,
			[]string{"chain: lost", "journal: torn", "log.db: missing", "marks: changed_meanwhile"}},
		{"newer", dir, func(d string) { writeFile(t, filepath.Join(d, fileIdentity), string(newer)) }, StateNewer, []string{"format: newer"}},
		{"no identity", dir, func(d string) { remove(t, d, fileIdentity) }, StateDamaged, []string{"format: no_identity"}},
		{"archive: a changed byte", long, func(d string) { patch(t, archived(d)[1], 200, 'X') }, StateDamaged, []string{"archive: damaged"}},
		{"archive: one taken out of the middle", long, func(d string) { _ = os.Remove(archived(d)[1]) }, StateWarn, []string{"archive: gap"}},
		{"archive: the newest taken out", long, func(d string) { a := archived(d); _ = os.Remove(a[len(a)-1]) }, StateWarn, []string{"archive: gap"}},
		{"archive: the oldest taken out", long, func(d string) { _ = os.Remove(archived(d)[0]) }, StateOK, []string{"archive: begins_later"}},
		{"archive: two swapped", long, func(d string) {
			a := archived(d)
			swap(t, a[0], a[1])
		}, StateDamaged, []string{"archive: damaged"}},
		{"a notice", dir, func(d string) { writeFile(t, filepath.Join(d, fileNotice), `{"lost":{"From":3,"To":4}}`) }, StateWarn, []string{"marks: pending"}},
		{"put aside", dir, func(d string) { writeFile(t, filepath.Join(d, "log.db.corrupt-20261122T080000Z"), "x") }, StateOK, []string{"marks: kept"}},
		{"a copy without log.db", dir, func(d string) { remove(t, d, nameDB); remove(t, d, fileLock); remove(t, d, fileClean) }, StateSkipped,
			[]string{"log.db: not_copied"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := copyDir(t, c.from)
			c.spoil(d)
			e := lookAt(t, d, childProbe)
			if !slices.Equal(e.codes(), c.codes) || e.worst() != c.grade {
				t.Errorf("%s, %q\nwant %s, %q", e.worst(), e.codes(), c.grade, c.codes)
			}
		})
	}
	if e := lookAt(t, dir, childProbe); e.part(PartChain).Last != uint64(len(want)) || e.ID == "" || e.Format != Format {
		t.Errorf("%+v", e)
	}
}

func swap(t testing.TB, a, b string) {
	t.Helper()
	for _, m := range [][2]string{{a, a + ".x"}, {b, a}, {a + ".x", b}} {
		if err := os.Rename(m[0], m[1]); err != nil {
			t.Fatal(err)
		}
	}
}

// TestExamineInUse: a working daemon is not disturbed, and its log.db is let be.
func TestExamineInUse(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment})
	want := fillSegments(t, s, 4)
	e := lookAt(t, dir, func(context.Context, string) error { t.Error("the probe ran"); return nil })
	if !e.InUse || e.worst() != StateSkipped || !slices.Equal(e.codes(), []string{"log.db: in_use"}) || e.part(PartChain).Last != uint64(len(want)) {
		t.Errorf("%+v", e)
	}
	n := 0
	for l, err := range ReadFiles(e.Files) {
		if n++; err != nil || string(l.Raw) != want[n-1] {
			t.Fatalf("record %d: %v", n, err)
		}
	}
	if n != len(want) {
		t.Errorf("%d records, want %d", n, len(want))
	}
	if _, isDB, err := ExamineDB(filepath.Join(dir, nameDB), ExamineOptions{}); !isDB || !errors.Is(err, ErrInUse) {
		t.Errorf("log.db alone: %v, %v", isDB, err)
	}
	storetest.Fill(t, s, 1)
	mustClose(t, s)
	db, err := openBolt(filepath.Join(dir, nameDB), false, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	remove(t, dir, fileLock)
	if used, err := InUse(dir); !used || err != nil { // log.db says it, too
		t.Errorf("log.db is open: %v, %v", used, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if used, err := InUse(dir); used || err != nil {
		t.Errorf("in use after its end: %v, %v", used, err)
	}
}

// TestExamineProbe: a probe that cannot be started says nothing about the file;
// one that takes too long says that it is damaged.
func TestExamineProbe(t *testing.T) {
	dir, _ := original(t)
	_, missing := os.StartProcess(filepath.Join(dir, "no-such-program"), nil, &os.ProcAttr{})
	e := lookAt(t, dir, func(context.Context, string) error { return missing })
	if e.worst() != StateSkipped || !slices.Equal(e.codes(), []string{"log.db: not_probed"}) {
		t.Errorf("%s, %q", e.worst(), e.codes())
	}
	e = lookAt(t, dir, func(context.Context, string) error { return context.DeadlineExceeded })
	if e.worst() != StateDamaged || e.part(PartDB).Records == 0 {
		t.Errorf("%s, %+v", e.worst(), e.part(PartDB))
	}
}

func TestExamineRights(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // there the directory's access list decides
	}
	dir, _ := original(t)
	for _, c := range []struct {
		name  string
		spoil func(d string) error
		grade State
		code  string
	}{
		{"readable", func(d string) error { return os.Chmod(filepath.Join(d, nameDB), 0o644) }, StateWarn, "files: readable"},
		{"writable", func(d string) error { return os.Chmod(filepath.Join(d, dirJournal), 0o770) }, StateUnsafe, "files: writable"},
		{"a link", func(d string) error { return os.Symlink(dir, filepath.Join(d, "x")) }, StateUnsafe, "files: not_a_file"},
		{"a copy", func(d string) error {
			return errors.Join(os.Remove(filepath.Join(d, fileLock)), os.Chmod(d, 0o777))
		}, StateWarn, "files: writable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := copyDir(t, dir)
			if err := c.spoil(d); err != nil {
				t.Fatal(err)
			}
			if e := lookAt(t, d, childProbe); e.worst() != c.grade || !slices.Equal(e.codes(), []string{c.code}) {
				t.Errorf("%s, %q", e.worst(), e.codes())
			}
		})
	}
	if os.Geteuid() == 0 {
		d := copyDir(t, dir)
		if err := os.Chown(filepath.Join(d, fileIdentity), 65534, 65534); err != nil {
			t.Fatal(err)
		}
		if e := lookAt(t, d, childProbe); e.worst() != StateUnsafe || !slices.Equal(e.codes(), []string{"files: foreign_owner"}) {
			t.Errorf("%s, %q", e.worst(), e.codes())
		}
	}
	for name, path := range map[string]string{"missing": filepath.Join(dir, "nowhere"), "a file": filepath.Join(dir, nameDB)} {
		if _, err := Examine(path, ExamineOptions{}); err == nil || name == "missing" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExamineForetellsOpen damages stores at random: the look must find what the
// next start finds, no more and no less.
func TestExamineForetellsOpen(t *testing.T) {
	dir, _ := original(t)
	spoiled, told := 60, 0
	if testing.Short() {
		spoiled = 10
	}
	for seed := range uint64(spoiled) {
		rng := rand.New(rand.NewPCG(seed, 11))
		d := copyDir(t, dir)
		remove(t, d, fileClean)
		files := append(segmentsOf(t, d), filepath.Join(d, nameDB), filepath.Join(d, nameDB))
		for range 1 + rng.IntN(2) {
			path := files[rng.IntN(len(files))]
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			switch at := rng.Int64N(max(info.Size(), 1)); rng.IntN(4) {
			case 0:
				if err := os.Truncate(path, at); err != nil {
					t.Fatal(err)
				}
			default:
				patch(t, path, at, byte(rng.IntN(256)))
			}
		}
		e := lookAt(t, d, childProbe)
		s, f, err := Open(Options{Dir: d, Probe: childProbe})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		drop(t, s)
		var damaged []string
		for _, p := range []string{PartJournal, PartDB, PartChain} {
			for _, c := range e.part(p).Faults {
				damaged = append(damaged, p+" "+c.Code)
			}
		}
		has := func(s string) bool {
			return slices.ContainsFunc(damaged, func(d string) bool { return strings.HasPrefix(d, s) })
		}
		if has("chain lost") != (f.Lost != nil) || has("chain fork") != (f.Fork != nil) {
			t.Errorf("seed %d: told %q, found lost %v, fork %v", seed, damaged, f.Lost, f.Fork)
		}
		for name, part := range map[string]string{nameDB: PartDB, nameJournal: PartJournal} {
			mended := slices.ContainsFunc(f.Rebuilt, func(r Rebuilt) bool { return r.Store == name })
			if mended != (has(part+" damaged") || has(part+" missing") || has(part+" behind")) && (part != PartJournal || f.Torn == "") {
				t.Errorf("seed %d: told %q, mended %+v", seed, damaged, f.Rebuilt)
			}
		}
		told += len(damaged)
	}
	t.Logf("%d damaged stores, %d faults foretold", spoiled, told)
}

// TestExamineAFileOfHoles: what claims to be huge is not copied to be looked at.
func TestExamineAFileOfHoles(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	mustClose(t, s)
	db := filepath.Join(dir, nameDB)
	if err := os.Truncate(db, maxExamined+1); err != nil {
		t.Fatal(err)
	}
	e, err := Examine(dir, ExamineOptions{Temp: t.TempDir(), Probe: childProbe})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if i := slices.IndexFunc(e.Parts, func(p Part) bool { return p.Name == PartDB }); i < 0 || e.Parts[i].State == StateOK {
		t.Errorf("%+v", e.Parts)
	}
	if _, isDB, err := ExamineDB(db, ExamineOptions{Temp: t.TempDir(), Probe: childProbe}); !isDB || !errors.Is(err, ErrDamaged) {
		t.Errorf("%v, %v", isDB, err)
	}
}

// TestExamineCounts: how many files and records there are, in what a part says of
// the journal, the archive and log.db alone.
func TestExamineCounts(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment})
	want := fillSegments(t, s, 6)
	mustClose(t, s)
	e := lookAt(t, dir, childProbe)
	for part, folder := range map[string]string{PartJournal: dirJournal, PartArchive: dirArchive} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil || len(entries) < 2 {
			t.Fatal(len(entries), err)
		}
		bytes := int64(0)
		for _, f := range entries {
			info, err := f.Info()
			if err != nil {
				t.Fatal(err)
			}
			bytes += info.Size()
		}
		if p := e.part(part); p.Files != len(entries) || p.Bytes != bytes || p.State != StateOK {
			t.Errorf("%d files of %d bytes, the look says %+v", len(entries), bytes, p)
		}
	}
	if j := e.part(PartJournal); j.Last != uint64(len(want)) || j.Records != int(j.Last-j.First)+1 {
		t.Errorf("of %d records: %+v", len(want), j)
	}
	for name, c := range map[string]struct {
		probe func(context.Context, string) error
		state State
		codes string
	}{
		"sound":           {childProbe, StateOK, "[]"},
		"damaged":         {func(context.Context, string) error { return ErrDamaged }, StateDamaged, "[log.db: damaged]"},
		"not looked into": {func(context.Context, string) error { return &fs.PathError{Op: "fork/exec", Err: errors.New("no")} }, StateSkipped, "[log.db: not_probed]"},
	} {
		e, isDB, err := ExamineDB(filepath.Join(dir, nameDB), ExamineOptions{Probe: c.probe, Temp: t.TempDir()})
		if err != nil || !isDB {
			t.Fatal(name, isDB, err)
		}
		p := e.part(PartDB)
		if p.State != c.state || fmt.Sprint(e.codes()) != c.codes || c.state == StateOK && (p.Last != uint64(len(want)) || p.Records != int(p.Last-p.First)+1) {
			t.Errorf("%s: %v, %+v", name, e.codes(), p)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// thirds makes a store of segments of three records each.
func thirds(t *testing.T, pad int) string {
	t.Helper()
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	for n := range 18 {
		seq, sum := s.Last()
		r := storetest.Record(seq+1, sum, pad)
		if n > 0 && n%3 == 0 {
			r = storetest.Checkpoint(seq+1, sum)
		}
		storetest.Put(t, s, r)
		if err := s.Upkeep(); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, s)
	return dir
}

// TestExamineTellsAGapFromAStranger: a segment that was taken away is missing, one
// of another log is damage.
func TestExamineTellsAGapFromAStranger(t *testing.T) {
	other := thirds(t, 41)
	for name, c := range map[string]struct {
		do   func(segment string) error
		want Fault
	}{
		"taken away": {os.Remove, Fault{Code: FaultGap, State: StateWarn, File: "archive/" + segmentName(7), From: 4, To: 6}},
		"of another log": {func(segment string) error {
			text, err := os.ReadFile(filepath.Join(other, dirArchive, filepath.Base(segment)))
			if err != nil {
				return err
			}
			return os.WriteFile(segment, text, fileMode)
		}, Fault{Code: FaultDamaged, State: StateDamaged, File: "archive/" + segmentName(4), Text: "record 4 does not follow"}},
	} {
		dir := thirds(t, 40)
		if err := c.do(filepath.Join(dir, dirArchive, segmentName(4))); err != nil {
			t.Fatal(err)
		}
		if got := lookAt(t, dir, childProbe).part(PartArchive).Faults; len(got) == 0 || got[0] != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestExamineARecordThatIsNone: log.db is a sound file, but what lies in it is not
// what the daemon wrote.
func TestExamineARecordThatIsNone(t *testing.T) {
	dir := thirds(t, 40)
	db, err := openBolt(filepath.Join(dir, nameDB), false, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucketLog)).Put(seqKey(17), []byte("{}")) })
	if err := errors.Join(err, closeBolt(db)); err != nil {
		t.Fatal(err)
	}
	for name, probe := range map[string]func(context.Context, string) error{"the probe finds it": childProbe, "the probe overlooks it": passProbe} {
		p := lookAt(t, dir, probe).part(PartDB)
		if p.State != StateDamaged || len(p.Faults) != 1 || !strings.Contains(p.Faults[0].Text, "record 17") {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// TestExamineTells: how many files there are, where the archive begins, which records a
// pending notice is about; and a directory may be named by a link.
func TestExamineTells(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment})
	fillSegments(t, s, 6)
	mustClose(t, s)
	n := notice{Lost: &Lost{From: 3, To: 4}}
	b, err := seal(n)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, fileNotice), string(b))
	files := 0
	for _, sub := range []string{".", dirJournal, dirArchive} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			t.Fatal(err)
		}
		files += len(entries)
	}
	e := lookAt(t, dir, childProbe)
	if got := e.part(PartFiles).Files; got != files {
		t.Errorf("%d files, want %d", got, files)
	}
	if got := e.part(PartArchive).First; got != 1 {
		t.Errorf("the archive begins with %d", got)
	}
	faults := e.part(PartMarks).Faults
	if i := slices.IndexFunc(faults, func(f Fault) bool { return f.Code == FaultPending }); i < 0 || faults[i].From != 3 || faults[i].To != 4 {
		t.Errorf("%+v", faults)
	}
	if runtime.GOOS == "windows" {
		return // not everybody may make a link there
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if e, err := Examine(link, ExamineOptions{Probe: childProbe, Temp: t.TempDir()}); err != nil || e.part(PartFiles).Files != files {
		t.Errorf("by a link: %v", err)
	} else if err := e.Close(); err != nil {
		t.Error(err)
	}
}
