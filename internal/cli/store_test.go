// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/store"
)

// folder writes a history into a state folder that was closed in order: folder
// FOLDER HISTORY.
func folder(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: folder FOLDER HISTORY")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.RemoveAll(dir))
	fill(ts, dir, args[1], 1<<30)
}

// TestStoreInUse: what a running service works on is read, copied and exported,
// and never compacted.
func TestStoreInUse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s, _, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for l, err := range store.ReadLog("../replay/testdata/histories/ok/later_then_closed.ndjson") {
		if err != nil || s.Append(&l.Record) != nil {
			t.Fatal("cannot write the log", err)
		}
	}
	run := func(args ...string) (code int, out, errs string) {
		var o, e bytes.Buffer
		code = Run(t.Context(), Outside{In: strings.NewReader(""), Out: &o, Err: &e, Getenv: func(string) string { return "" }},
			append([]string{"--state-dir", dir}, args...))
		return code, o.String(), e.String()
	}
	copied := filepath.Join(t.TempDir(), "copy")
	stop := "systemctl stop quietsetupd"
	if runtime.GOOS == "windows" {
		stop = "quietsetupd service stop"
	}
	for _, c := range []struct {
		args   []string
		code   int
		said   string
		stderr bool
	}{
		{[]string{"store", "check"}, exitOK, "The service works on it", false},
		{[]string{"--output-format", "csv", "--no-header", "store", "check"}, exitOK, "\nlog.db,skipped,1,,,,in_use,log.db,,,,\n", false}, // as in JSON, where 0 is left out
		{[]string{"store", "check", filepath.Join(dir, "log.db")}, exitInUse, stop, true},
		{[]string{"store", "copy", copied}, exitOK, "Without log.db", false},
		{[]string{"store", "check", copied}, exitOK, "not part of this copy", false},
		{[]string{"store", "export"}, exitOK, "without private parts", true},
		{[]string{"store", "compact"}, exitInUse, "in use", true},
	} {
		code, out, errs := run(c.args...)
		said := out
		if c.stderr {
			said = errs
		}
		if code != c.code || !strings.Contains(said, c.said) {
			t.Errorf("%q: exit %d, want %d\n%s%s", c.args, code, c.code, out, errs)
		}
	}
}

// TestExportFromService: who may not read the state folder asks the service,
// which gives the records without private parts.
func TestExportFromService(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // there the socket is a pipe of another name
	}
	history := "../replay/testdata/histories/ok/later_then_closed.ndjson"
	dir, err := os.MkdirTemp("", "qs") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c, err := openCopy(t.Context(), history)
	if err != nil {
		t.Fatal(err)
	}
	m := http.NewServeMux()
	m.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) {
		s, err := c.Status(r.Context())
		if err != nil || json.NewEncoder(w).Encode(s) != nil {
			t.Error("no status", err)
		}
	})
	m.HandleFunc("GET /v1/log", func(w http.ResponseWriter, r *http.Request) {
		if err := c.Log(r.Context(), localclient.LogQuery{}, func(line []byte) error {
			_, err := w.Write(append(line[:len(line):len(line)], '\n'))
			return err
		}); err != nil {
			t.Error(err)
		}
	})
	l, err := net.Listen("unix", filepath.Join(dir, "api.sock"))
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: m, ReadHeaderTimeout: time.Second}
	go func() { _ = s.Serve(l) }() // ends with Close
	defer s.Close()
	a := &app{socket: filepath.Join(dir, "api.sock")}
	lines := a.served(t.Context())
	if lines == nil {
		t.Fatal("the service was not found")
	}
	for _, x := range []store.Excerpt{{}, {Products: []string{"editor"}}, {To: 3}} {
		var fromFile, fromService bytes.Buffer
		n, err := store.WriteExcerpt(&fromFile, func() iter.Seq2[store.Line, error] { return store.ReadLog(history) }, x)
		if err != nil {
			t.Fatal(err)
		}
		got, err := store.WriteExcerpt(&fromService, lines, x)
		if err != nil || got != n || !bytes.Equal(fromFile.Bytes(), fromService.Bytes()) {
			t.Errorf("%+v: %+v, %v, want %+v", x, got, err, n)
		}
	}
	if (&app{socket: filepath.Join(dir, "none.sock")}).served(t.Context()) != nil {
		t.Error("a service was found where none is")
	}
}

// TestExportHarmsNoLog: an export never takes a name in the store of a running
// service nor a file of it, by whatever path, and no other file without --force.
func TestExportHarmsNoLog(t *testing.T) {
	around := t.TempDir()
	dir, out := filepath.Join(around, "state"), filepath.Join(around, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	s, _, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for l, err := range store.ReadLog("../replay/testdata/histories/ok/later_then_closed.ndjson") {
		if err != nil || s.Append(&l.Record) != nil {
			t.Fatal("cannot write the log", err)
		}
	}
	segment, second, there := filepath.Join(dir, "journal", "00000001.ndjson"), filepath.Join(out, "second"), filepath.Join(out, "there")
	copied := filepath.Join(around, "copy")
	if _, _, err := store.Duplicate(dir, copied); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Link(segment, second), os.WriteFile(there, []byte("mine"), 0o600)); err != nil {
		t.Fatal(err)
	}
	links := runtime.GOOS != "windows" // not everybody may make them there
	if links {
		if err := errors.Join(os.Symlink(dir, filepath.Join(out, "link")), os.Symlink(filepath.Join(dir, "journal"), filepath.Join(out, "journal")),
			os.Symlink(segment, filepath.Join(out, "file"))); err != nil {
			t.Fatal(err)
		}
	}
	var e bytes.Buffer
	run := func(args ...string) int {
		e.Reset()
		return Run(t.Context(), Outside{In: strings.NewReader(""), Out: io.Discard, Err: &e, Getenv: func(string) string { return "" }}, args)
	}
	refused := []string{second, "../state/new", "../state/journal/00000001.ndjson"}
	for _, name := range []string{"journal/00000001.ndjson", "log.db", "store.json", "lock", "new", "journal/00000002.ndjson", "archive/new"} {
		refused = append(refused, filepath.Join(dir, name))
	}
	if links {
		refused = append(refused, "link/log.db", "link/new", "link/journal/new", "journal/00000001.ndjson", "journal/new")
	}
	t.Chdir(out)
	for _, to := range refused {
		for _, how := range [][]string{{"--state-dir", dir}, {"--state-dir", "../state"}, {"--state-dir", dir, "--file", copied}, {"--file", dir}} {
			for _, force := range []string{"--force=false", "--force"} {
				if code := run(append(how, "store", "export", force, "-o", to)...); code != exitFailed || !strings.Contains(e.String(), "belongs to the log in") {
					t.Errorf("%q %s -o %s: exit %d, %s", how, force, to, code, &e)
				}
			}
		}
	}
	if links {
		if code := run("--state-dir", dir, "store", "export", "--force", "-o", "file"); code != exitFailed {
			t.Errorf("through a link: exit %d, %s", code, &e)
		}
	}
	if code := run("--state-dir", dir, "--file", there, "store", "export", "--force", "-o", "there"); code != exitFailed || !strings.Contains(e.String(), "belongs to the log in") {
		t.Errorf("onto what is read: exit %d, %s", code, &e)
	}
	if code := run("--state-dir", dir, "store", "export", "-o", "there"); code != exitFailed || !strings.Contains(e.String(), "--force replaces it") {
		t.Errorf("without --force: exit %d, %s", code, &e)
	}
	if b, err := os.ReadFile(there); err != nil || string(b) != "mine" {
		t.Errorf("%q, %v", b, err)
	}
	for _, to := range [][]string{{"-o", "there", "--force"}, {"-o", "fresh"}} {
		if code := run(append([]string{"--state-dir", dir, "store", "export"}, to...)...); code != exitOK {
			t.Errorf("%q: exit %d, %s", to, code, &e)
		}
	}
	if code := run("--state-dir", dir, "store", "export", "--force"); code != exitUsage {
		t.Errorf("--force for standard output: exit %d, %s", code, &e)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, there, "fresh"} {
		if code := run("replay", "--verify", path); code != exitOK {
			t.Errorf("%s: exit %d, %s", path, code, &e)
		}
	}
	if code := run("store", "check", dir); code != exitOK {
		t.Errorf("the store was harmed: exit %d, %s", code, &e)
	}
}

// TestCopyIntoItself: a copy into the empty archive of a running service is
// refused, also from within its folder.
func TestCopyIntoItself(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s, _, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Chdir(dir)
	var e bytes.Buffer
	code := Run(t.Context(), Outside{In: strings.NewReader(""), Out: io.Discard, Err: &e, Getenv: func(string) string { return "" }},
		[]string{"--state-dir", dir, "store", "copy", "archive"})
	if left, err := os.ReadDir("archive"); code != exitFailed || err != nil || len(left) > 0 || !strings.Contains(e.String(), "lies in the other") {
		t.Errorf("exit %d, %v, %v, %s", code, left, err, &e)
	}
}
