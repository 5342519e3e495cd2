// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"context"
	"errors"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

// place is where a script leaves a wish. One that is cut is not cleared: the machine
// went down just before.
type place struct {
	wish Wish
	cut  bool
}

func (p *place) Look() (Wish, error) { return p.wish, nil }
func (p *place) Clear() error {
	if p.cut {
		return errors.New("a power cut")
	}
	p.wish = NoWish
	return nil
}

// stands is a server whose rows want setup and change as the script is done.
type stands struct{ row events.Report }

func (s *stands) Row(context.Context, string) (events.Report, bool, error) { return s.row, true, nil }
func (s *stands) Mark(_ context.Context, _ string, a events.Action, progress string) error {
	s.row = events.Report{ActionRequest: a, ActionProgress: progress, ActionResult: events.ResultNone}
	return nil
}
func (s *stands) Restore(_ context.Context, _ string, a events.Action) error {
	s.row.ActionRequest = a
	return nil
}

func runner(t *testing.T, rows Rows, left Wishes) Runner {
	return Runner{Program: "/opt/opsi-script/opsi-script", System: "linux", Site: Site{URL: "https://server.example:4447/rpc", ClientID: "pc.example.org", Depot: "/depot"},
		Key: func() string { return "key" }, Folder: t.TempDir(), Rows: rows, Wishes: left}
}

// TestWishIsToldOnce: a crash between the note of a wish and its clearing does not have
// the next run tell it again.
func TestWishIsToldOnce(t *testing.T) {
	left, rows := &place{}, &stands{row: events.Report{ActionRequest: events.ActionSetup}}
	r := runner(t, rows, left)
	run := func(token, product string, wish Wish) {
		t.Helper()
		rows.row = events.Report{ActionRequest: events.ActionSetup}
		if _, err := r.Prepare(t.Context(), token, product, events.ActionSetup); err != nil {
			t.Fatal(err)
		}
		left.wish = max(left.wish, wish)
		rows.row = events.Report{ActionRequest: events.ActionNone, ActionResult: events.ResultSuccessful}
	}
	tells := func(token string, want Wish) {
		t.Helper()
		if o, err := r.Settle(t.Context(), token, End{}); err != nil || o.Kind != Done || o.Wish != want {
			t.Errorf("%+v, %v; want %s", o, err, want)
		}
	}
	run("s.java.1.1", "java", Reboot)
	left.cut = true
	if o, err := r.Settle(t.Context(), "s.java.1.1", End{}); err == nil {
		t.Errorf("%+v", o)
	}
	left.cut = false // the daemon is there again
	tells("s.java.1.1", Reboot)
	tells("s.java.1.1", Reboot) // also asked again
	if err := r.Forget("s.java.1.1"); err != nil {
		t.Fatal(err)
	}
	run("s.app.1.1", "app", NoWish)
	tells("s.app.1.1", NoWish)
}

// TestRestoredOnce: the request that a script lost by putting itself off is set again,
// but not against who took it back then, while the outcome was not in the log yet.
func TestRestoredOnce(t *testing.T) {
	rows := &stands{row: events.Report{ActionRequest: events.ActionSetup}}
	r := runner(t, rows, &place{})
	if _, err := r.Prepare(t.Context(), "s.java.1.1", "java", events.ActionSetup); err != nil {
		t.Fatal(err)
	}
	rows.row = events.Report{ActionRequest: events.ActionNone, ActionResult: events.ResultNone, ActionProgress: "Deferred"}
	for _, want := range []events.Action{events.ActionSetup, events.ActionNone} {
		if o, err := r.Settle(t.Context(), "s.java.1.1", End{}); err != nil || o.Kind != Deferred || rows.row.ActionRequest != want {
			t.Errorf("%+v, %v, the row wants %s", o, err, rows.row.ActionRequest)
		}
		rows.row.ActionRequest = events.ActionNone // an administrator's
	}
}
