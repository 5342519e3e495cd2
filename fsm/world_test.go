// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// world is a machine for the core's tests: people, programs, a clock. It feeds
// inputs through Decide and Apply the way the engine does, over encoded records.
type world struct {
	t        testing.TB
	c        *Client
	codec    *events.Codec
	wall     time.Time
	boot     string
	bootMS   int64
	policy   events.Policy
	packages map[string]events.Package
	seen     events.Observation
	sum      string
	log      []events.Record
}

func newWorld(t testing.TB) *world {
	table, err := NewTable()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, c: New(table), codec: events.NewCodec(), boot: "boot-1", bootMS: 100_000,
		wall: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), policy: events.DefaultPolicy(), packages: map[string]events.Package{}}
	w.seen = events.Observation{Scanned: true, Complete: true, SessionsKnown: true, ResumedMS: -1}
	w.must(events.StoreOpened{StoreID: "s1"})
	return w
}

func (w *world) pass(d time.Duration) {
	w.wall = w.wall.Add(d)
	w.bootMS += d.Milliseconds()
}

// feed decides and applies one input.
func (w *world) feed(actor string, in events.Input) ([]events.Event, error) {
	w.t.Helper()
	m, err := events.EncodeInput(in)
	if err != nil {
		w.t.Fatal(err)
	}
	if in, err = w.codec.Input(m); err != nil {
		w.t.Fatal(err)
	}
	before, _ := json.Marshal(w.c)
	s := events.Stamped{Input: in, Actor: actor, Wall: w.wall, Boot: w.boot, BootMS: w.bootMS}
	did, err := Decide(w.c, s)
	if after, _ := json.Marshal(w.c); string(after) != string(before) {
		w.t.Fatalf("Decide changed the client")
	}
	if err != nil {
		return nil, err
	}
	r := events.Record{V: events.Format, Seq: w.c.Seq + 1, At: w.wall, Boot: w.boot, BootMS: w.bootMS, Actor: actor,
		Build: "test", Rules: w.c.Rules, Input: m, Prev: w.sum}
	for _, e := range did {
		em, err := events.EncodeEvent(e)
		if err != nil {
			w.t.Fatal(err)
		}
		r.Events = append(r.Events, em)
		if id := e.About(); id != "" && !slices.Contains(r.Products, id) {
			r.Products = append(r.Products, id)
		}
	}
	slices.Sort(r.Products)
	line, err := r.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	r, err = events.DecodeRecord(line)
	if err != nil {
		w.t.Fatal(err)
	}
	step, err := w.codec.Open(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.sum = r.Sum
	w.log = append(w.log, r)
	Apply(w.c, step)
	return did, nil
}

func (w *world) must(in events.Input) []events.Event {
	w.t.Helper()
	did, err := w.feed("daemon", in)
	if err != nil && !errors.Is(err, ErrNothing) {
		w.t.Fatalf("%s: %v", events.InputName(in), err)
	}
	return did
}

// due finds the outstanding work of a kind for a product.
func (w *world) due(product string, k events.Kind) (Effect, bool) {
	for _, e := range DueFor(w.c, product) {
		if e.Ticket.Kind == k {
			return e, true
		}
	}
	return Effect{}, false
}

func (w *world) needDue(product string, k events.Kind) Effect {
	w.t.Helper()
	e, ok := w.due(product, k)
	if !ok {
		w.t.Fatalf("%s of %s is not due; due: %v", k, product, DueFor(w.c, product))
	}
	return e
}

func (w *world) request(id string, a events.Action, version string) events.Request {
	row := events.Report{ProductID: id, ProductType: "LocalbootProduct", InstallationStatus: events.StatusNotInstalled,
		ActionRequest: a, ActionResult: events.ResultNone, LastAction: events.ActionNone}
	if p := w.c.Product(id); p != nil && p.Run > 0 {
		row = p.Row
		row.ActionRequest = a
	}
	return events.Request{Row: row, ProductVersion: version, PackageVersion: "1"}
}

func (w *world) pkg(id string) events.Package {
	p, ok := w.packages[id]
	if !ok {
		p = events.Package{Metadata: true, Background: true, Dirs: []string{"/opt/" + id},
			Command: []string{"./setup"}, Uninstall: []string{"./remove"}, ExitCodes: events.ExitCodes{OK: []int{0}}}
	}
	p.Product, p.Name, p.Folder = id, id, "/depot/"+id
	if c := w.c.Product(id); c != nil {
		p.ProductVersion, p.PackageVersion = c.Request.ProductVersion, c.Request.PackageVersion
		if c.Retarget != nil {
			p.ProductVersion = c.Retarget.ProductVersion
		}
	}
	return p
}

// look is what a scan for a package shows: its programs only.
func (w *world) look(id string) events.Observation {
	o := w.seen
	o.Programs = nil
	for _, p := range w.seen.Programs {
		if p.Rule == "dir /opt/"+id || p.Rule == "shared" {
			o.Programs = append(o.Programs, p)
		}
	}
	return o
}

func (w *world) people() events.Observation {
	o := w.seen
	o.Scanned, o.Programs = false, nil
	return o
}

// mechanical does what needs no person and no installer: preparing and looking,
// as long as it is due for the product.
func (w *world) mechanical(id string) []events.Event {
	w.t.Helper()
	var out []events.Event
	for range 8 {
		if e, ok := w.due(id, events.KindPrepare); ok {
			pk := w.pkg(id)
			out = append(out, w.must(events.Prepared{For: e.Ticket, Policy: w.policy, Package: pk})...)
		} else if e, ok := w.due(id, events.KindRunChecks); ok {
			out = append(out, w.must(events.ChecksObserved{For: e.Ticket, Seen: w.look(id)})...)
		} else {
			break
		}
	}
	return out
}

func proc(pid int, name, owner, rule string) events.Process {
	return events.Process{ProcessID: events.ProcessID{PID: pid, Start: int64(pid) * 10}, Name: name,
		Path: events.Plain("/opt/" + name), Owner: owner, Class: events.ClassWindow, Rule: rule}
}

func session(id, owner string) events.Session {
	return events.Session{ID: id, Owner: owner, User: events.Plain(""), Kind: "graphical", IdleMS: 0, UnlockedMS: -1}
}

// sameAgain folds the world's log anew, and once more from a checkpoint: the
// state must come out the same to the letter.
func (w *world) sameAgain() {
	w.t.Helper()
	table, _ := NewTable()
	again := New(table)
	fold := func(c *Client, r events.Record) {
		step, err := w.codec.Open(r)
		if err != nil {
			w.t.Fatal(err)
		}
		Apply(c, step)
	}
	for _, r := range w.log {
		fold(again, r)
	}
	w.same("folded anew", again)
	w.must(events.CheckpointWanted{})
	fresh := New(table)
	fold(fresh, w.log[len(w.log)-1])
	w.same("loaded from the checkpoint", fresh)
	a, err := json.Marshal(Due(w.c))
	if err != nil {
		w.t.Fatal(err)
	}
	if b, err := json.Marshal(Due(fresh)); err != nil || string(a) != string(b) {
		w.t.Fatalf("due differs after a checkpoint: %v\n%s\n%s", err, a, b)
	}
}

func (w *world) same(what string, c *Client) {
	w.t.Helper()
	a, err := json.Marshal(w.c)
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := json.Marshal(c)
	if err != nil {
		w.t.Fatal(err)
	}
	if string(a) != string(b) {
		w.t.Fatalf("the state differs when %s\nlive %s\nthen %s", what, a, b)
	}
}
