// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
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
	for _, c := range []struct {
		args   []string
		code   int
		said   string
		stderr bool
	}{
		{[]string{"store", "check"}, exitOK, "The service works on it", false},
		{[]string{"store", "check", filepath.Join(dir, "log.db")}, exitInUse, "systemctl stop quietsetupd", true},
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

// TestWholeFile: a file that could not be written whole is not there, and what
// was there stays.
func TestWholeFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := whole(path, func(w io.Writer) error { _, err := io.WriteString(w, "first"); return err }); err != nil {
		t.Fatal(err)
	}
	if err := whole(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "sec")
		if err == nil {
			err = io.ErrShortWrite
		}
		return err
	}); err == nil {
		t.Error("a failed write was no error")
	}
	b, err := os.ReadFile(path)
	left, derr := os.ReadDir(dir)
	if err != nil || derr != nil || string(b) != "first" || len(left) != 1 {
		t.Errorf("%q, %v, %v, %v", b, err, left, derr)
	}
}
