// SPDX-License-Identifier: Apache-2.0

package apitypes_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

func TestSeconds(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		json string
	}{{0, "0"}, {24 * time.Hour, "86400"}, {200 * time.Millisecond, "0.2"}, {90 * time.Second, "90"}, {-time.Minute, "-60"}} {
		b, err := json.Marshal(apitypes.SecondsOf(c.d))
		if err != nil || string(b) != c.json {
			t.Errorf("%v became %s, %v; want %s", c.d, b, err, c.json)
		}
		var s apitypes.Seconds
		if err := json.Unmarshal(b, &s); err != nil || s.Duration() != c.d {
			t.Errorf("%s became %v, %v; want %v", b, s.Duration(), err, c.d)
		}
	}
}

// A product stands flat in its own document, so that a script reads .phase.
func TestProductDocIsFlat(t *testing.T) {
	b, err := json.Marshal(apitypes.ProductDoc{Schema: apitypes.SchemaProduct, Product: apitypes.Product{ID: "firefox", Phase: "deferred"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"schema":"product/v1"`, `"id":"firefox"`, `"phase":"deferred"`, `"run":0`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not in %s", want, b)
		}
	}
}

// What a front end needs to choose its words is always there, also when false.
func TestPromptOnTheWire(t *testing.T) {
	b, err := json.Marshal(apitypes.Prompt{Members: []apitypes.Member{{Action: "setup"}}, Since: time.Date(2026, 11, 16, 14, 4, 5, 0, time.UTC), Revision: 7})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"installed":false`, `"since":"2026-11-16T14:04:05Z"`, `"revision":7`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not in %s", want, b)
		}
	}
}

// What an agent says about a prompt says which revision it means. An agent that
// knows of none means the one that no list with added programs has.
func TestRevisionOnTheWire(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{apitypes.Shown{Agent: "A", Nonce: "N", Revision: 7}, `{"agent":"A","nonce":"N","revision":7}`},
		{apitypes.Answer{Agent: "A", Nonce: "N", Revision: 7, Choice: apitypes.ChoiceKill}, `{"agent":"A","nonce":"N","revision":7,"choice":"kill"}`},
		{apitypes.AnswerResult{Schema: apitypes.SchemaAnswered, State: apitypes.AnswerChanged}, `{"schema":"answer_result/v1","state":"changed"}`},
	} {
		if b, err := json.Marshal(c.v); err != nil || string(b) != c.want {
			t.Errorf("%+v became %s, %v; want %s", c.v, b, err, c.want)
		}
	}
	var old apitypes.Answer
	if err := json.Unmarshal([]byte(`{"agent":"A","nonce":"N","choice":"kill"}`), &old); err != nil || old.Revision != 0 {
		t.Errorf("an answer without a revision is %+v, %v", old, err)
	}
}

func TestRedacted(t *testing.T) {
	p := apitypes.Processes{Processes: []apitypes.Process{
		{Name: "a", Path: "/home/a/bin/a", Owner: "uid:1000"},
		{Name: "b", Path: "/home/b/bin/b", Owner: "uid:1001"},
	}}
	got := p.Redacted("uid:1000").Processes
	if got[0].Path == "" || got[1].Path != "" {
		t.Errorf("uid:1000 sees %q and %q, want its own path only", got[0].Path, got[1].Path)
	}
	if p.Processes[1].Path == "" {
		t.Error("the original lost its path")
	}
	s := apitypes.Status{Sessions: []apitypes.Session{{Owner: "uid:1000", User: "a"}, {Owner: "uid:1001", User: "b"}}}
	if got := s.Redacted("uid:1000").Sessions; got[0].User != "a" || got[1].User != "" {
		t.Errorf("uid:1000 sees %q and %q, want its own name only", got[0].User, got[1].User)
	}
	if s.Sessions[1].User == "" {
		t.Error("the original lost its name")
	}
}
