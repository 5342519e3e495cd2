// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/replay"
	"github.com/quietsetup/quietsetup/internal/view"
)

// serve plays a daemon whose log is a history, behind the socket of $WORK/state:
// serve HISTORY SEQ [AT]. What is asked of it is granted, and SEQ is what the
// request was recorded as. Its state is that after AT records, or after the whole
// history; who follows the log is told the rest.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: serve HISTORY SEQ [AT]")
	}
	seq, err := strconv.ParseUint(args[1], 10, 64)
	ts.Check(err)
	at := 1 << 30
	if len(args) == 3 {
		at, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	state := ts.MkAbs("state")
	ts.Check(os.RemoveAll(state))
	ts.Check(os.Mkdir(state, 0o700))
	end, err := play(state, ts.MkAbs(args[0]), seq, at)
	ts.Check(err)
	ts.Defer(end)
}

// play begins to serve a history behind the socket of a state folder.
func play(state, history string, seq uint64, at int) (end func(), err error) {
	c := &copied{path: history}
	c.c, err = replay.Fold(func(yield func(replay.Line, error) bool) {
		n := 0
		for l, err := range logLines(context.Background(), history) {
			if n++; n > at || !yield(l, err) {
				return
			}
		}
	}, nil)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("unix", filepath.Join(state, "api.sock"))
	if err != nil {
		return nil, err
	}
	s := &http.Server{Handler: played(c, seq), ReadHeaderTimeout: time.Second}
	go func() { _ = s.Serve(l) }() // ends with Close
	return func() { _ = s.Close() }, nil
}

func played(c *copied, seq uint64) http.Handler {
	m := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any, err error) {
		if err != nil {
			w.WriteHeader(http.StatusNotFound)
			v = apitypes.ErrorBody{Error: apitypes.Error{Code: apitypes.CodeNotFound, Message: err.Error()}}
		}
		_ = json.NewEncoder(w).Encode(v) // a caller who is gone
	}
	m.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) {
		s, err := c.Status(r.Context())
		s.Version, s.PID, s.StateDir = "1.2.3", 4711, "/var/lib/quietsetup"
		s.Started = c.c.Clock.Wall
		for i := range s.Sessions {
			s.Sessions[i].Kind, s.Sessions[i].Agent = "graphical", true
		}
		s.Sources = []apitypes.Source{{Kind: "local", Place: "/srv/depot", State: "ok"}}
		answer(w, s, err)
	})
	m.HandleFunc("GET /v1/products", func(w http.ResponseWriter, r *http.Request) {
		p, err := c.Products(r.Context())
		answer(w, p, err)
	})
	m.HandleFunc("GET /v1/products/{id}", func(w http.ResponseWriter, r *http.Request) {
		p, err := c.Product(r.Context(), r.PathValue("id"))
		if p.Phase == "checking" {
			p.Failing = []apitypes.Failing{{Work: "prepare", Error: "the depot\x1b[2J is locked", Tries: 3, Again: p.At.Add(time.Minute)}}
		}
		answer(w, p, err)
	})
	m.HandleFunc("GET /v1/products/{id}/processes", func(w http.ResponseWriter, r *http.Request) {
		seen := events.Observation{Scanned: true, Complete: true, Programs: []events.Process{
			{ProcessID: events.ProcessID{PID: 9}, Name: "edi\x1b[2Jtor", Path: events.Plain("/opt/editor/editor"), Class: events.ClassNamed, Rule: "dir /opt/editor"}}}
		if r.PathValue("id") == "runtime" {
			seen.Programs = nil
		}
		answer(w, view.Processes(r.PathValue("id"), c.c.Clock.Wall, seen, view.Open(nil)), nil)
	})
	tell := func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.ParseUint(r.FormValue("from"), 10, 64)
		err := c.Log(r.Context(), localclient.LogQuery{Product: r.PathValue("id"), From: from}, func(line []byte) error {
			_, err := w.Write(append(line[:len(line):len(line)], '\n'))
			return err
		})
		if err == nil && r.FormValue("follow") == "1" {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done() // nothing more happens
		}
	}
	m.HandleFunc("GET /v1/products/{id}/log", tell)
	m.HandleFunc("GET /v1/log", tell)
	m.HandleFunc("POST /v1/products/{id}/{verb}", func(w http.ResponseWriter, r *http.Request) {
		p := c.c.Product(r.PathValue("id"))
		switch {
		case p == nil:
			answer(w, nil, os.ErrNotExist)
		case r.PathValue("verb") == apitypes.VerbReset:
			w.WriteHeader(http.StatusForbidden)
			answer(w, apitypes.ErrorBody{Error: apitypes.Error{Code: apitypes.CodeForbidden, Message: "only an administrator may do this", Hint: "try it with sudo"}}, nil)
		case r.PathValue("verb") == apitypes.VerbDefer:
			w.WriteHeader(http.StatusConflict)
			answer(w, apitypes.ErrorBody{Error: apitypes.Error{Code: apitypes.CodeRefused, Message: "the installer may be running"}}, nil)
		default:
			answer(w, apitypes.Done{Schema: apitypes.SchemaDone, Product: p.ID, Run: p.Run, Phase: string(p.Phase), Seq: seq, Changed: seq > 0}, nil)
		}
	})
	m.HandleFunc("POST /v1/sync", func(w http.ResponseWriter, r *http.Request) {
		var o apitypes.SyncOrder
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			answer(w, nil, err)
			return
		}
		answer(w, synced(c, o.DryRun), nil)
	})
	for _, route := range []string{"POST /v1/hold", "POST /v1/release"} {
		m.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
			answer(w, apitypes.Done{Schema: apitypes.SchemaDone, Seq: c.c.Seq, Changed: true}, nil)
		})
	}
	return m
}

// synced is a look at a server: answered unless it is a dry one.
func synced(c *copied, dry bool) apitypes.Sync {
	at := c.c.Clock.Wall
	s := apitypes.Sync{Schema: apitypes.SchemaSync, At: at, DryRun: dry, Answered: !dry,
		Source: apitypes.Source{Kind: "opsi", Place: "https://opsi.example.org:4447", State: "ok", Last: &at,
			Server: &apitypes.Server{HostID: "pc1.example.org", Version: "4.3.24.1", Role: "configserver"}},
		Wanted: []apitypes.SyncProduct{{Product: "editor", Action: "setup", Version: "2.0-1", Now: "ask"},
			{Product: "viewer", Action: "setup", Version: "1.4-2", Now: "wait", Waits: &apitypes.Waits{Reason: "dependency", Detail: "editor", Since: &at}}},
		Reports: []apitypes.SyncReport{{Product: "editor", Status: "not_installed", Result: "none", Request: "setup", Progress: "Deferred (user, 1 of 5)", State: "failing"}}}
	if dry {
		again := at.Add(4 * time.Minute)
		s.Source.State, s.Source.Class, s.Source.Since, s.Source.Again = "failing", "unreachable", &at, &again
		s.Source.Reason = "cannot ask opsi.example.org:4447: the server cannot be reached: connection refused"
	}
	return s
}
