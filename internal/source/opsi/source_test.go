// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

func TestNothingWanted(t *testing.T) {
	f := newFake()
	f.offer("firefox", "1.0", 0)
	f.want("firefox", events.ActionNone)
	w := poll(t, open(t, f, nil))
	if f.requests != 1 || w.Order != nil || len(w.Requests) != 1 || w.Requests[0].Row.ActionRequest != "none" || w.Requests[0].Row.ActionResult != "none" || w.Requests[0].Row.LastAction != "none" {
		t.Errorf("%d requests, %+v", f.requests, w)
	}
}

// TestRequests: what is made of rows, by rule.
func TestRequests(t *testing.T) {
	f := newFake()
	for _, id := range []string{"app", "java", "late", "old", "tool"} {
		f.offer(id, "2.0", 10)
	}
	for _, id := range []string{"app", "java", "late", "gone"} {
		f.want(id, events.ActionSetup)
	}
	f.want("tool", events.ActionUninstall)
	f.want("old", events.ActionNone)
	f.rows["net"] = Row{ClientID: me, Report: events.Report{ProductID: "net", ProductType: "NetbootProduct", ActionRequest: "setup", InstallationStatus: "installed"}}
	f.rows["other"] = Row{ClientID: "pc2.example.org", Report: events.Report{ProductID: "other", ProductType: localboot, ActionRequest: "setup", InstallationStatus: "installed"}}
	f.rows["odd"] = Row{ClientID: me, Report: events.Report{ProductID: "odd", ProductType: localboot, ActionRequest: "setup", InstallationStatus: "broken"}}
	for _, id := range []string{"net", "other", "odd"} {
		f.offer(id, "1", 0)
	}
	before := func(id, needs, ver string) dependency {
		return dependency{ProductID: id, ProductVersion: "2.0", PackageVersion: "1", ProductAction: "setup", RequiredProductID: needs, RequiredInstallationStatus: "installed", RequirementType: "before", RequiredProductVersion: ver}
	}
	after := before("app", "late", "")
	after.RequirementType = "after"
	elsewhen := before("late", "java", "")
	elsewhen.ProductVersion = "1.0"
	uninstalls := before("tool", "java", "")
	loose := before("late", "java", "")
	loose.RequirementType = ""
	f.dependencies = []dependency{before("app", "java", ""), before("app", "old", ""), before("app", "tool", "9.9"), before("app", "absent", ""), after, elsewhen, uninstalls, loose}
	var warned []string
	s := open(t, f, func(product, line string) { warned = append(warned, product+": "+line) })
	w := poll(t, s)
	if f.requests != 2 {
		t.Errorf("%d requests", f.requests)
	}
	if got := strings.Join(w.Order.Sequence, " "); got != "java app late tool" {
		t.Errorf("sequence %s", got)
	}
	var ids []string
	for _, r := range w.Requests {
		ids = append(ids, r.Row.ProductID)
	}
	if strings.Join(ids, " ") != "app java late old tool" || !slices.Equal(w.Gone, []string{"gone"}) {
		t.Errorf("%v, gone %v", ids, w.Gone)
	}
	app := w.Requests[0]
	if app.Target() != "2.0-1" || app.Priority != 10 || !slices.Equal(app.Requires, []string{"java", "old"}) || w.Requests[4].Priority != -10 || w.Requests[3].Target() != "" {
		t.Errorf("%+v", w.Requests)
	}
	if got := w.Order.Requires["app"]; len(got) != 2 || got[0] != (events.Requirement{Product: "java", Status: "installed"}) || got[1].Product != "old" {
		t.Errorf("%+v", got)
	}
	if got := w.Order.Requires["late"]; len(got) != 1 || got[0] != (events.Requirement{Product: "app", Status: "installed"}) {
		t.Errorf("%+v", got)
	}
	slices.Sort(warned)
	if len(warned) != 3 || !strings.HasPrefix(warned[0], ": the server's sequence has java after app") || !strings.HasPrefix(warned[1], "gone: setup is wanted, but the depot depot.example.org") ||
		!strings.HasPrefix(warned[2], "odd: the row on the server cannot be used: installationStatus") {
		t.Errorf("%q", warned)
	}
	poll(t, s)
	if len(warned) != 3 {
		t.Errorf("warned again: %q", warned)
	}

	// The version on the depot goes up, a request is taken back, another is changed.
	f.offer("app", "3.0", 10)
	f.want("java", events.ActionNone)
	f.want("late", events.ActionUninstall)
	w = poll(t, s)
	if w.Requests[0].Target() != "3.0-1" || w.Requests[1].Row.ActionRequest != "none" || w.Requests[2].Row.ActionRequest != "uninstall" || len(w.Order.Requires) != 0 {
		t.Errorf("%+v", w)
	}
}

// TestLookFails: an error says nothing of any request, and nothing is brought in.
func TestLookFails(t *testing.T) {
	f := newFake()
	f.offer("app", "1", 0)
	f.want("app", events.ActionSetup)
	s := open(t, f, nil)
	for n, fail := range map[int]error{1: ErrUnreachable, 2: ErrAnswer} {
		f.requests = 0
		f.fail = func(request int, _ []*Call) error {
			if request == n {
				return fail
			}
			return nil
		}
		err := s.Poll(t.Context(), func(Wanted) error { t.Error("something was brought in"); return nil })
		if !errors.Is(err, fail) {
			t.Errorf("%v", err)
		}
	}
	f.fail = func(_ int, calls []*Call) error {
		return fmt.Errorf("x: %w", &RPCError{Method: calls[0].Method, Class: "ValueError", Message: "Invalid method 'x'"})
	}
	if err := s.Poll(t.Context(), func(Wanted) error { return nil }); !errors.Is(err, ErrMethod) || !strings.Contains(err.Error(), "older than opsi 4.3") {
		t.Errorf("%v", err)
	}
	f.fail = nil
	boom := errors.New("boom")
	if err := s.Poll(t.Context(), func(Wanted) error { return boom }); err != boom {
		t.Errorf("%v", err)
	}
	f.depot[0].ProductVersion = strings.Repeat("9", 40)
	if w := poll(t, s); len(w.Requests) != 0 || !slices.Equal(w.Gone, []string{"app"}) {
		t.Errorf("%+v", w)
	}
}

// TestDeferredTwiceThenInstalled is a run as an administrator sees it.
func TestDeferredTwiceThenInstalled(t *testing.T) {
	f := newFake()
	f.offer("app", "2.0", 0)
	f.want("app", events.ActionSetup)
	for i, progress := range []string{"Deferred (user, 1 of 5)", "Deferred (user, 2 of 5)"} {
		s := open(t, f, nil) // as after a restart
		req := poll(t, s).Requests[0]
		r := req.Row
		r.ActionProgress = progress
		if err := s.Report(t.Context(), r, req, nothing); err != nil {
			t.Fatal(err)
		}
		if got := f.row("app"); got.ActionProgress != progress || got.ActionRequest != "setup" || got.ActionResult != "none" || got.InstallationStatus != "not_installed" || got.Version() != "" || len(f.written) != i+1 {
			t.Errorf("%+v after %d writes", got, len(f.written))
		}
		f.want("app", events.ActionSetup) // set anew every night: the same run
	}
	s := open(t, f, nil)
	req := poll(t, s).Requests[0]
	if err := s.Report(t.Context(), ok(req), req, nothing); err != nil {
		t.Fatal(err)
	}
	if got := f.row("app"); got.ActionProgress != "" || got.ActionRequest != "none" || got.ActionResult != "successful" || got.InstallationStatus != "installed" || got.Version() != "2.0-1" || got.LastAction != "setup" {
		t.Errorf("%+v", got)
	}
}

// TestTogether: 200 products are requested and reported in four HTTP requests.
func TestTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		for i := range 200 {
			id := fmt.Sprintf("p%03d", i)
			f.offer(id, "1.0", 0)
			f.want(id, events.ActionSetup)
		}
		s := open(t, f, nil)
		w := poll(t, s)
		var wg sync.WaitGroup
		var mu sync.Mutex
		done := 0
		for _, req := range w.Requests {
			wg.Go(func() {
				if err := s.Report(t.Context(), ok(req), req, func() error { mu.Lock(); done++; mu.Unlock(); return nil }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if f.requests != 4 || done != 200 || len(f.written) != 200 {
			t.Errorf("%d requests, %d written, %d done", f.requests, len(f.written), done)
		}
		if w := poll(t, s); w.Order != nil || f.requests != 5 {
			t.Errorf("%d requests, %+v", f.requests, w.Order)
		}
	})
}

// TestLostAnswer: the server stored a report and its answer was lost. It is
// written once; and a request that was set anew meanwhile is not taken back.
func TestLostAnswer(t *testing.T) {
	for _, again := range []bool{false, true} {
		f := newFake()
		f.offer("app", "1.0", 0)
		f.want("app", events.ActionSetup)
		s := open(t, f, nil)
		req := poll(t, s).Requests[0]
		req.Row.ProductVersion, req.Row.PackageVersion = "1.0", "1" // the version does not tell the runs apart
		row := f.rows["app"]
		row.ProductVersion, row.PackageVersion = "1.0", "1"
		f.rows["app"] = row
		f.lose = func(_ int, calls []*Call) error {
			if !calls[0].Reads {
				return fmt.Errorf("%w: EOF", ErrUnreachable)
			}
			return nil
		}
		if err := s.Report(t.Context(), ok(req), req, func() error { t.Error("done"); return nil }); !errors.Is(err, ErrUnreachable) {
			t.Fatalf("%v", err)
		}
		f.lose = nil
		if again {
			f.want("app", events.ActionSetup)
		}
		done := false
		if err := s.Report(t.Context(), ok(req), req, func() error { done = true; return nil }); err != nil || !done {
			t.Fatalf("%v", err)
		}
		want := events.ActionNone
		if again {
			want = events.ActionSetup
		}
		if got := f.row("app"); got.ActionRequest != want || len(f.written) != 1 {
			t.Errorf("set anew %v: %+v after %d writes", again, got, len(f.written))
		}
	}
}

// TestReportFails: each failure is of the right kind and reaches who has to know.
func TestReportFails(t *testing.T) {
	f := newFake()
	for _, id := range []string{"good", "denied", "broken"} {
		f.offer(id, "1.0", 0)
		f.want(id, events.ActionSetup)
	}
	f.refuse["denied"] = &RPCError{Method: "productOnClient_updateObjects", Class: "BackendPermissionDeniedError", Message: "no"}
	f.refuse["broken"] = &RPCError{Method: "productOnClient_updateObjects", Class: "OperationalError", Message: "deadlock"}
	s := open(t, f, nil)
	reqs := map[string]events.Request{}
	for _, r := range poll(t, s).Requests {
		reqs[r.Row.ProductID] = r
	}
	var wg sync.WaitGroup
	errs := map[string]error{}
	var mu sync.Mutex
	for id, req := range reqs {
		wg.Go(func() {
			err := s.Report(t.Context(), ok(req), req, nothing)
			mu.Lock()
			defer mu.Unlock()
			errs[id] = err
		})
	}
	wg.Wait()
	if errs["good"] != nil || !errors.Is(errs["denied"], ErrRefused) || !errors.Is(errs["denied"], ErrPermission) || errs["broken"] == nil || errors.Is(errs["broken"], ErrRefused) {
		t.Errorf("%v", errs)
	}
	good := reqs["good"]
	for name, r := range map[string]events.Report{"another product": ok(reqs["denied"]), "an odd status": {ProductID: "good", InstallationStatus: "x", ActionRequest: "none"}} {
		if err := s.Report(t.Context(), r, good, nothing); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	boom := errors.New("boom")
	if err := s.Report(t.Context(), ok(good), good, func() error { return boom }); err != boom {
		t.Errorf("%v", err)
	}
	f.fail = func(int, []*Call) error { return ErrBusy }
	if err := s.Report(t.Context(), ok(good), good, nothing); !errors.Is(err, ErrBusy) || errors.Is(err, ErrRefused) {
		t.Errorf("%v", err)
	}
	f.fail = nil
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Report(ctx, ok(good), good, nothing); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Report(t.Context(), ok(good), good, nothing); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}

// TestRowsAreHeld: nobody reads while a report is written and recorded, and no
// report is written while somebody reads.
func TestRowsAreHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.offer("app", "1.0", 0)
		f.want("app", events.ActionSetup)
		s := open(t, f, nil)
		req := poll(t, s).Requests[0]
		recorded := false
		go func() {
			time.Sleep(time.Second)
			if err := s.Poll(t.Context(), func(Wanted) error {
				if !recorded {
					t.Error("rows are read before the report is recorded")
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		}()
		err := s.Report(t.Context(), ok(req), req, func() error {
			time.Sleep(time.Minute)
			recorded = true
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()

		reading := true
		err = s.Poll(t.Context(), func(Wanted) error {
			go func() {
				if err := s.Report(t.Context(), ok(req), req, func() error {
					if reading {
						t.Error("a report is recorded while rows are brought in")
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
			}()
			time.Sleep(time.Hour)
			reading = false
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
	})
}

// TestTakenBack: a report that nobody wants any more is not sent if it has not
// been taken yet, and who is with it does not suffer.
func TestTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.offer("a", "1.0", 0)
		f.offer("b", "1.0", 0)
		f.want("a", events.ActionSetup)
		f.want("b", events.ActionSetup)
		s := open(t, f, nil)
		w := poll(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := s.Report(ctx, ok(w.Requests[0]), w.Requests[0], func() error { t.Error("done"); return nil }); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := s.Report(t.Context(), ok(w.Requests[1]), w.Requests[1], nothing); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if f.row("a").ActionRequest != "setup" || f.row("b").ActionRequest != "none" {
			t.Errorf("%+v, %+v", f.row("a"), f.row("b"))
		}
	})
}

// TestReportBeforeTheFirstLook asks for the depot itself, and leaves a request
// that is for a newer version.
func TestReportBeforeTheFirstLook(t *testing.T) {
	f := newFake()
	f.offer("app", "1.0", 0)
	f.want("app", events.ActionSetup)
	req := poll(t, open(t, f, nil)).Requests[0]
	f.offer("app", "2.0", 0)
	f.requests = 0
	if err := open(t, f, nil).Report(t.Context(), ok(req), req, nothing); err != nil {
		t.Fatal(err)
	}
	if got := f.row("app"); got.ActionRequest != "setup" || got.Version() != "1.0-1" || f.requests != 2 {
		t.Errorf("%+v in %d requests", got, f.requests)
	}
}

// TestMissingRow is made anew.
func TestMissingRow(t *testing.T) {
	f := newFake()
	f.offer("app", "1.0", 0)
	f.want("app", events.ActionSetup)
	s := open(t, f, nil)
	req := poll(t, s).Requests[0]
	delete(f.rows, "app")
	if err := s.Report(t.Context(), ok(req), req, nothing); err != nil {
		t.Fatal(err)
	}
	if got := f.row("app"); got != ok(req) {
		t.Errorf("%+v", got)
	}
}
