// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/internal/localsock"
)

func TestRefusalsAreLogged(t *testing.T) {
	var log bytes.Buffer
	answer := 0
	h := refusals{zerolog.New(&log), newBudget(3, time.Hour)}.watch(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if answer != 0 {
			w.WriteHeader(answer)
		}
		_, _ = w.Write([]byte("x"))
	}))
	ask := func(status int) string {
		log.Reset()
		answer = status
		r := httptest.NewRequest("POST", "/v1/hold", nil)
		h.ServeHTTP(httptest.NewRecorder(), r.WithContext(localsock.WithPeer(r.Context(), localsock.Peer{Owner: "uid:1000", PID: 7})))
		return log.String()
	}
	for _, fine := range []int{0, 200, 204, 404, 409, 410, 503} {
		if line := ask(fine); line != "" {
			t.Errorf("an answer %d is told: %s", fine, line)
		}
	}
	for _, bad := range []int{400, 403, 429} {
		line := ask(bad)
		for _, want := range []string{`"caller":"uid:1000"`, `"pid":7`, `"request":"POST /v1/hold"`, `"level":"warn"`} {
			if !strings.Contains(line, want) {
				t.Errorf("an answer %d is told as %s, want %s in it", bad, line, want)
			}
		}
	}
	if line := ask(403); line != "" {
		t.Errorf("a flood fills the log: %s", line)
	}
}

// Who is seen twice as two is told of as well, within the same bounds.
func TestTwoLooksAreLogged(t *testing.T) {
	var log bytes.Buffer
	f := refusals{zerolog.New(&log), newBudget(2, time.Hour)}
	for range 5 {
		f.differs(localsock.ErrUnsafe)
	}
	if got := log.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, localsock.ErrUnsafe.Error()) || !strings.Contains(got, `"level":"warn"`) {
		t.Errorf("five are told as %s", got)
	}
}

func TestBudget(t *testing.T) {
	b := newBudget(2, time.Minute)
	now := time.Unix(1e9, 0)
	got := 0
	for range 10 {
		if _, ok := b.take(now); ok {
			got++
		}
	}
	if got != 2 {
		t.Errorf("%d at once, want 2", got)
	}
	if dropped, ok := b.take(now.Add(time.Minute)); !ok || dropped != 8 {
		t.Errorf("after a minute: %v with %d left out before, want 8", ok, dropped)
	}
	if _, ok := b.take(now.Add(time.Minute)); ok {
		t.Error("two in a minute")
	}
	now = now.Add(24 * time.Hour)
	for i := range 3 {
		if _, ok := b.take(now); ok != (i < 2) {
			t.Errorf("after a day, take %d: %v", i, ok)
		}
	}
}
