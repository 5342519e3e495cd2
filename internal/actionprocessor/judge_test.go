// SPDX-License-Identifier: Apache-2.0

package actionprocessor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// product reads "id#run phase [waits=reason:detail] [until=span] [round=n] [outcome=word]
// [attempt=state] [script=yes] [report=due|failing|refused]".
func product(t *testing.T, text string, now time.Time) apitypes.Product {
	t.Helper()
	f := strings.Fields(text)
	p := apitypes.Product{Phase: f[1], Report: apitypes.ReportState{Accepted: true}}
	id, run, _ := strings.Cut(f[0], "#")
	p.ID = id
	if _, err := fmt.Sscan(run, &p.Run); err != nil {
		t.Fatal(err)
	}
	for _, x := range f[2:] {
		name, v, _ := strings.Cut(x, "=")
		switch name {
		case "waits":
			reason, detail, _ := strings.Cut(v, ":")
			p.Waits = &apitypes.Waits{Reason: reason, Detail: detail}
		case "round":
			if _, err := fmt.Sscan(v, &p.Round); err != nil {
				t.Fatal(err)
			}
		case "until":
			d, err := time.ParseDuration(v)
			if err != nil {
				t.Fatal(err)
			}
			at := now.Add(d)
			p.Waits.Until = &at
		case "outcome":
			p.Outcome = &apitypes.Outcome{Outcome: v}
		case "script":
			p.Script = v == "yes"
		case "attempt":
			p.Attempt = &apitypes.Attempt{State: v}
		case "report":
			p.Report.Accepted = false
			if v != "due" {
				p.Report.Class = v
			}
		default:
			t.Fatalf("no such word: %s", name)
		}
	}
	return p
}

func TestJudge(t *testing.T) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	alone := Seen{Alone: true}
	for name, c := range map[string]struct {
		seen     Seen
		products []string
		want     string
	}{
		"nothing is wanted":        {alone, nil, "done"},
		"never wanted":             {alone, []string{"a#0 pending"}, "done"},
		"over before":              {alone, []string{"a#3 reported outcome=failed"}, "done"},
		"it is accepted":           {alone, []string{"a#4 pending"}, "waiting a"},
		"it is looked at":          {alone, []string{"a#4 checking"}, "waiting a"},
		"it is installed":          {alone, []string{"a#4 installing attempt=running"}, "waiting a"},
		"its installer hangs":      {alone, []string{"a#4 installing attempt=stalled"}, "done"},
		"done, its report to come": {alone, []string{"a#4 installing outcome=ok report=due"}, "waiting a"},
		"done, its report fails":   {alone, []string{"a#4 installing outcome=ok report=failing"}, "done"},
		"done":                     {alone, []string{"a#4 reported outcome=ok"}, "done"},
		"failed":                   {alone, []string{"a#4 reported outcome=failed", "b#4 reported outcome=unknown", "c#4 reported outcome=withdrawn"}, "done failed a b"},
		"failed, others go on":     {alone, []string{"a#4 reported outcome=failed", "b#4 checking"}, "waiting b failed a"},
		"put off until tomorrow":   {alone, []string{"a#4 deferred waits=user until=14h"}, "done"},
		"put off until soon":       {alone, []string{"a#4 deferred waits=unanswered until=1m"}, "waiting a"},
		"held":                     {alone, []string{"a#4 pending waits=held:exam"}, "done"},
		"only observed":            {alone, []string{"a#4 pending waits=observed:install until=1m"}, "done"},
		"waits for nobody":         {alone, []string{"a#4 deferred waits=not_in_background"}, "waiting a"},
		"a program lives":          {alone, []string{"a#4 deferred waits=waits_for_program"}, "done"},
		"a defect":                 {alone, []string{"a#4 pending waits=defect:x until=10m"}, "done"},
		"it waits for its turn":    {alone, []string{"a#4 pending waits=slot:b", "b#4 checking"}, "waiting a b"},
		"who has the turn hangs":   {alone, []string{"a#4 pending waits=slot:b", "b#4 installing attempt=stalled"}, "done"},
		"what it requires goes on": {alone, []string{"a#4 pending waits=dependency:b", "b#4 installing attempt=running"}, "waiting a b"},
		"what it requires is held": {alone, []string{"a#4 pending waits=dependency:b", "b#4 pending waits=held:x"}, "done"},
		"what it requires failed":  {alone, []string{"a#4 pending waits=dependency:b", "b#4 reported outcome=failed"}, "done failed b"},
		"what it requires is done": {alone, []string{"a#4 pending waits=dependency:b", "b#3 reported outcome=ok"}, "waiting a"},
		"what it requires is gone": {alone, []string{"a#4 pending waits=dependency:x"}, "done"},
		"a circle":                 {alone, []string{"a#4 pending waits=dependency:b", "b#4 pending waits=dependency:a"}, "done"},
		"its work fails":           {Seen{Alone: true, Failing: map[string]int{"a": 3}}, []string{"a#4 checking"}, "done"},
		"its work failed once":     {Seen{Alone: true, Failing: map[string]int{"a": 1}}, []string{"a#4 checking"}, "waiting a"},
		"nothing happens":          {Seen{Alone: true, Idle: patience}, []string{"a#4 deferred waits=no_metadata"}, "done a"},

		"another is installed":      {Seen{Alone: true, Only: []string{"a"}}, []string{"b#4 installing attempt=running"}, "waiting b"},
		"observing":                 {Seen{Alone: true, Observes: true, Reboot: []string{"a"}}, []string{"a#4 checking", "b#4 pending waits=slot:a", "c#4 pending"}, "done"},
		"observing, it still runs":  {Seen{Alone: true, Observes: true}, []string{"a#4 installing attempt=running", "b#4 checking"}, "waiting a"},
		"observing, it never began": {Seen{Alone: true, Observes: true}, []string{"a#4 installing attempt=cleared"}, "done"},
		"observing before people":   {Seen{Observes: true}, []string{"a#4 checking"}, "handed"},
		"another product":           {Seen{Alone: true, Only: []string{"a"}}, []string{"b#4 checking", "c#4 reported outcome=failed"}, "done"},
		"among others":              {Seen{Alone: true, Only: []string{"a"}}, []string{"a#4 pending waits=slot:b", "b#4 checking"}, "waiting a"},
		"none of the products":      {Seen{Alone: true, Only: []string{}}, []string{"a#4 checking"}, "done"},

		"a restart is wanted":             {Seen{Alone: true, Reboot: []string{"a"}}, []string{"a#4 reported outcome=ok"}, "done restart"},
		"a restart in the middle":         {Seen{Alone: true, Reboot: []string{"a"}}, []string{"a#4 deferred waits=reboot:a"}, "done restart"},
		"another one wants a restart":     {Seen{Alone: true, Reboot: []string{"b"}}, []string{"a#4 reported outcome=ok", "b#3 reported outcome=ok"}, "done"},
		"a restart is waited for":         {Seen{Alone: true, Reboot: []string{"b"}}, []string{"a#4 pending waits=reboot:b", "b#3 reported outcome=ok"}, "done restart"},
		"no restart while others go on":   {Seen{Alone: true, Reboot: []string{"a"}}, []string{"a#4 reported outcome=ok", "b#4 checking"}, "waiting b"},
		"no restart under another call's": {Seen{Alone: true, Only: []string{"a"}, Reboot: []string{"a"}}, []string{"a#4 reported outcome=ok", "b#4 installing attempt=running"}, "waiting b"},
		"nor before others begin":         {Seen{Alone: true, Only: []string{"a"}, Reboot: []string{"a"}}, []string{"a#4 reported outcome=ok", "b#4 checking"}, "waiting b"},
		"others wait, too":                {Seen{Alone: true, Only: []string{"a"}, Reboot: []string{"a"}}, []string{"a#4 reported outcome=ok", "b#4 pending waits=held:x"}, "done restart"},
		"nor under what hangs":            {Seen{Alone: true, Reboot: []string{"a"}}, []string{"a#4 reported outcome=ok", "b#4 installing attempt=stalled"}, "done"},
		"nor under what may run":          {Seen{Alone: true, Reboot: []string{"a"}, Failing: map[string]int{"b": 9}}, []string{"a#4 reported outcome=ok", "b#4 installing attempt=lost"}, "done"},
		"no restart under people":         {Seen{Reboot: []string{"a"}}, []string{"a#4 reported outcome=ok"}, "handed"},

		"people: nothing is wanted":     {Seen{}, nil, "handed"},
		"people: they are asked":        {Seen{}, []string{"a#4 prompting"}, "handed"},
		"people: asked for a script":    {Seen{Called: 10 * time.Minute}, []string{"a#4 prompting script=yes"}, "waiting a"},
		"people: they close for it":     {Seen{Called: 10 * time.Minute}, []string{"a#4 killing script=yes", "b#4 killing"}, "waiting a"},
		"people: asked for very long":   {Seen{Called: asking}, []string{"a#4 prompting script=yes"}, "handed"},
		"people: later with a script":   {Seen{}, []string{"a#4 deferred script=yes waits=user until=14h"}, "handed"},
		"people: a script, observing":   {Seen{Observes: true}, []string{"a#4 prompting script=yes"}, "handed"},
		"people: it is being looked at": {Seen{}, []string{"a#4 checking"}, "waiting a"},
		"people: looking takes long":    {Seen{Called: settling}, []string{"a#4 checking", "b#4 killing"}, "handed"},
		"people: it is installed":       {Seen{Called: time.Hour}, []string{"a#4 installing attempt=running", "b#4 checking"}, "waiting a"},
		"people: about to start":        {Seen{Called: time.Hour}, []string{"a#4 installing attempt=cleared"}, "waiting a"},
		"people: the start fails":       {Seen{Failing: map[string]int{"a": 9}}, []string{"a#4 installing attempt=cleared"}, "handed"},
		"people: it hangs":              {Seen{}, []string{"a#4 installing attempt=stalled"}, "handed"},
		"people: another is installed":  {Seen{Only: []string{"b"}}, []string{"a#4 installing attempt=running"}, "waiting a"},
		"people: its report is to come": {Seen{}, []string{"a#4 installing attempt=ended outcome=failed report=due"}, "handed failed a"},
		"people: it awaits a restart":   {Seen{}, []string{"a#4 installing attempt=ended waits=reboot:a"}, "handed"},
	} {
		c.seen.Now, c.seen.Over = now, map[string]int{"a": 3, "b": 3, "c": 3}
		for _, text := range c.products {
			c.seen.Products = append(c.seen.Products, product(t, text, now))
		}
		v := Judge(c.seen)
		got := map[State]string{Waiting: "waiting", Done: "done", Handed: "handed"}[v.State]
		for _, id := range v.Waits {
			got += " " + id
		}
		if len(v.Failed) > 0 {
			got += " failed " + strings.Join(v.Failed, " ")
		}
		if v.Restart {
			got += " restart"
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// script is a service that shows one picture after another, then the last for ever.
type script struct {
	t     *testing.T
	looks [][]string // products; "away" = it does not answer, "people" = somebody is there
	at    int
	now   time.Time
	step  time.Duration
	woken []string
	deaf  bool // the source gives no answer
}

var errAway = errors.New("away")

func (s *script) current() []string { return s.looks[min(s.at, len(s.looks)-1)] }

func (s *script) Sync(context.Context, bool) (apitypes.Sync, error) {
	s.at++
	return apitypes.Sync{Answered: !s.deaf}, nil
}

func (s *script) Products(context.Context) (apitypes.Products, error) {
	out := apitypes.Products{At: s.now}
	for _, text := range s.current() {
		switch text {
		case "away":
			s.next()
			return out, errAway
		case "people":
		default:
			out.Products = append(out.Products, product(s.t, text, s.now))
		}
	}
	return out, nil
}

func (s *script) Status(context.Context) (apitypes.Status, error) {
	st := apitypes.Status{SessionsKnown: true}
	if slices.Contains(s.current(), "people") {
		st.Sessions = []apitypes.Session{{ID: "1"}}
	}
	s.next()
	return st, nil
}

func (s *script) next() { s.at, s.now = s.at+1, s.now.Add(s.step) }

func (s *script) Product(_ context.Context, id string) (apitypes.ProductDoc, error) {
	return apitypes.ProductDoc{Product: apitypes.Product{ID: id}}, nil
}

func (s *script) Order(_ context.Context, id, verb, _ string) (apitypes.Done, error) {
	s.woken = append(s.woken, verb+" "+id)
	s.next()
	return apitypes.Done{}, nil
}

// TestFollowWithDepot: the agent has mounted the depot, so what waits for it goes on; once.
func TestFollowWithDepot(t *testing.T) {
	waits := "waits=unreachable until=1h"
	s := &script{t: t, now: time.Unix(1, 0), step: time.Second, looks: [][]string{
		{"a#1 pending " + waits}, {"a#1 pending " + waits, "b#1 pending waits=dependency:a"}, {"a#1 installing attempt=running", "b#1 pending waits=dependency:a"},
		{"a#1 reported outcome=ok", "b#1 pending " + waits}, {"b#1 checking"}, {"b#1 pending " + waits}}}
	f := Follower{Service: s, Pause: time.Millisecond, Now: func() time.Time { return s.now }, Looked: func(apitypes.Sync) {}, Tell: func(apitypes.Product) {}}
	v, err := f.Follow(t.Context())
	if got := strings.Join(s.woken, ", "); err != nil || v.State != Done || got != "resume a, resume b" {
		t.Errorf("%+v, %v, woken: %s", v, err, got)
	}
	s.at, s.woken, s.deaf = 0, nil, true
	if v, err := f.Follow(t.Context()); err != nil || v.State != Done || s.woken != nil {
		t.Errorf("the server is away: %+v, %v, woken: %q", v, err, s.woken)
	}
}

func TestFollow(t *testing.T) {
	for name, c := range map[string]struct {
		looks [][]string
		step  time.Duration
		state State
		err   error
		told  string
		at    int // looks at most
	}{
		"until it is done": {[][]string{{"a#1 reported outcome=ok"}, {"a#2 checking"}, {"a#2 installing attempt=running"}, {"a#2 installing attempt=running"}, {"a#2 reported outcome=ok"}},
			time.Second, Done, nil, "a checking, a installing, a reported", 6},
		"somebody logs in": {[][]string{{}, {"a#1 installing attempt=running"}, {"people", "a#1 installing attempt=running"}, {"people", "a#1 reported outcome=ok", "b#1 prompting"}},
			time.Second, Handed, nil, "a installing, a reported, b prompting", 5},
		"an update of the service":      {[][]string{{}, {"a#1 checking"}, {"away"}, {"away"}, {"a#1 reported outcome=ok"}}, time.Second, Done, nil, "a checking, a reported", 6},
		"the service does not come":     {[][]string{{}, {"a#1 checking"}, {"away"}}, 10 * time.Second, Waiting, errAway, "a checking", 10},
		"nothing happens for very long": {[][]string{{}, {"a#1 deferred waits=no_metadata"}}, time.Minute, Done, nil, "a deferred", 8},
		"put off for a minute for ever": {[][]string{{}, {"a#1 checking round=1"}, {"a#1 deferred round=1 waits=defect until=1m"}, {"a#1 checking round=2"}, {"a#1 deferred round=2 waits=defect until=1m"},
			{"a#1 checking round=3"}, {"a#1 checking round=4"}, {"a#1 deferred round=4 waits=defect until=1m"}, {"a#1 checking round=5"}}, time.Minute, Done, nil, "a checking, a deferred, a checking, a deferred, a checking, a deferred, a checking", 9},
	} {
		s := &script{t: t, looks: c.looks, now: time.Unix(1, 0), step: c.step}
		var told []string
		f := Follower{Service: s, Pause: time.Millisecond, Now: func() time.Time { return s.now }, Looked: func(apitypes.Sync) {},
			Tell: func(p apitypes.Product) { told = append(told, p.ID+" "+p.Phase) }}
		v, err := f.Follow(t.Context())
		if v.State != c.state || !errors.Is(err, c.err) || strings.Join(told, ", ") != c.told || s.at > c.at {
			t.Errorf("%s: %+v, %v after %d looks, told %q", name, v, err, s.at, told)
		}
	}
}

type freed struct{}

func (freed) Runs(int) error { return nil }
func (freed) Close() error   { return nil }

func TestAwait(t *testing.T) {
	tries, told := 0, 0
	take := func(string) (Lock, error) {
		if tries++; tries < 3 {
			return nil, fmt.Errorf("%w: by a test", ErrBusy)
		}
		return freed{}, nil
	}
	if _, err := Await(t.Context(), take, "", time.Minute, func(error) { told++ }); err != nil || tries != 3 || told != 1 {
		t.Errorf("%v after %d tries, told %d times", err, tries, told)
	}
	tries = -1000
	if _, err := Await(t.Context(), take, "", 0, func(error) {}); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
	other := errors.New("no folder")
	if _, err := Await(t.Context(), func(string) (Lock, error) { return nil, other }, "", time.Minute, func(error) {}); !errors.Is(err, other) {
		t.Error(err)
	}
}
