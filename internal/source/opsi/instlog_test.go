// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// TestLog: lines go with reports, one log a round, then more of it.
func TestLog(t *testing.T) {
	m := start(t)
	m.server.AddProduct(opsitest.Product{ID: "p"})
	m.server.Request(me, "p", "setup")
	req := m.wanted(t, "p")
	at := time.Date(2030, 1, 2, 3, 4, 5, 678e6, time.UTC)
	n := 0
	report := func() {
		t.Helper()
		n++
		r := req.Row
		r.ActionProgress = "Deferred" + strings.Repeat(".", n)
		if err := m.Report(t.Context(), r, req, nothing); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(kept int, want string) {
		t.Helper()
		if got := m.server.Log("instlog", me, kept); got != want {
			t.Errorf("log %d is %q, want %q", kept, got, want)
		}
	}
	m.BeginLog()
	m.Log(LogLine{LogNotice, at, "p", "deferred\nby hand"})
	report()
	const first = "[5] [2030-01-02 03:04:05.678] [p] deferred by hand\n"
	shows(0, first)
	report() // with nothing to say
	m.Log(LogLine{LogError, at, "", "x"})
	report()
	const second = "[3] [2030-01-02 03:04:05.678] [] x\n"
	shows(0, first+second)
	m.BeginLog()
	m.Log(LogLine{LogInfo, at, "p", "anew"})
	m.server.Break(opsitest.Fault{Kind: opsitest.Cut, Method: "log_write"})
	n++
	r := req.Row
	r.ActionProgress = "Deferred, lost"
	if err := m.Report(t.Context(), r, req, nothing); err == nil {
		t.Error("nothing was lost")
	}
	m.later()
	report()
	const third = "[6] [2030-01-02 03:04:05.678] [p] anew\n"
	shows(0, first+second+third) // it might have been stored, so it does not begin a log again
	shows(1, "")
	if calls := m.server.Calls()["log_write"]; calls != 4 { // one of them cut
		t.Errorf("%d times", calls)
	}
	m.server.Break(opsitest.Fault{Kind: opsitest.RPCError, Method: "log_write", Class: "BackendPermissionDeniedError", Text: "no"})
	m.BeginLog()
	m.Log(LogLine{LogInfo, at, "p", "refused"})
	report()
	m.Log(LogLine{LogInfo, at, "p", "new"})
	report()
	const fourth = "[6] [2030-01-02 03:04:05.678] [p] new\n"
	shows(0, fourth) // the round still began its own log
	m.BeginLog()
	m.Log(LogLine{LogInfo, at, "p", "twice"})
	m.server.Break(opsitest.Fault{Kind: opsitest.Cut, Stored: true, Method: "log_write"})
	if err := m.Report(t.Context(), r, req, nothing); err == nil {
		t.Error("nothing was lost")
	}
	m.later()
	report()
	const twice = "[6] [2030-01-02 03:04:05.678] [p] twice\n"
	shows(0, twice+twice)
	shows(1, fourth) // the round before is still there
}

// TestLogIsLimited while the server is away, and as a whole.
func TestLogIsLimited(t *testing.T) {
	s := New(Parts{Server: newFake()})
	long := LogLine{Level: LogInfo, Text: strings.Repeat("x", 150)}
	total, notes := 0, 0
	for range 20 { // rounds in which the server takes the log
		for range 20000 {
			s.Log(long)
		}
		c := s.log.call(me)
		if c == nil {
			continue
		}
		text := c.Params[1].(string)
		if len(text) > maxLogPart+200 {
			t.Fatalf("%d bytes at once", len(text))
		}
		total += len(text)
		notes += strings.Count(text, "too long for the server")
		s.log.written(c)
	}
	if total < maxLog-maxLogPart || total > maxLog+200 || notes == 0 || notes > 5 {
		t.Errorf("%d bytes, %d notes", total, notes)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
