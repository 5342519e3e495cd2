// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

// records are two lines of a log, the second with a private part.
func records(t *testing.T) [][]byte {
	t.Helper()
	var out [][]byte
	prev := ""
	for seq, in := range []events.Input{
		events.StoreOpened{StoreID: "s"},
		events.ChecksObserved{Seen: events.Observation{Sessions: []events.Session{{ID: "c2", Owner: "uid:1000", User: events.Secret("anna")}}}},
	} {
		sealed, parts := events.Seal(in, uint64(seq+1), func() string { return "salt" })
		m, err := events.EncodeInput(sealed)
		if err != nil {
			t.Fatal(err)
		}
		r := events.Record{V: events.Format, Seq: uint64(seq + 1), Products: []string{}, Input: m, Events: []events.Message{}, Prev: prev, Private: parts}
		line, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		prev = r.Sum
		out = append(out, line)
	}
	if !bytes.Contains(out[1], []byte("anna")) {
		t.Fatal("the second record has no private part")
	}
	return out
}

func TestLogIsByteExact(t *testing.T) {
	r := serveWorld(t, usual())
	r.lines = records(t)
	var got [][]byte
	take := func(line []byte) error {
		got = append(got, bytes.Clone(line))
		return nil
	}
	if err := r.client.Log(t.Context(), localclient.LogQuery{Product: "firefox", From: 1}, take); err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(got, r.lines, bytes.Equal) {
		t.Errorf("the log is\n%s, want\n%s", got, r.lines)
	}
	r.wantHeard("log {Product:firefox From:1 Follow:false}")

	r.fail(errors.New("a broken page"))
	got = nil
	err := r.client.Log(t.Context(), localclient.LogQuery{}, take)
	if !errors.Is(err, localclient.ErrBroken) || len(got) != 2 || strings.Contains(err.Error(), "page") {
		t.Errorf("a log that breaks off gives %d lines and %v", len(got), err)
	}
	r.lines = nil
	if err := r.client.Log(t.Context(), localclient.LogQuery{}, take); err == nil {
		t.Error("a log that cannot be read is empty")
	}
	r.fail(nil)
	if err := r.client.Log(t.Context(), localclient.LogQuery{}, func([]byte) error { return errors.New("never") }); err != nil {
		t.Errorf("an empty log: %v", err)
	}
}

func TestLogIsFollowed(t *testing.T) {
	r := serveWorld(t, usual())
	lines := records(t)
	r.lines = lines[:1]
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := make(chan string, 4)
	ended := make(chan error, 1)
	go func() {
		ended <- r.client.Log(ctx, localclient.LogQuery{Follow: true}, func(line []byte) error {
			got <- string(line)
			return nil
		})
	}()
	if l := <-got; l != string(lines[0]) {
		t.Errorf("first comes %s", l)
	}
	r.more <- lines[1]
	if l := <-got; l != string(lines[1]) {
		t.Errorf("then comes %s", l)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the follower ended with %v", err)
	}
	if err := r.client.Log(t.Context(), localclient.LogQuery{Product: "none", Follow: true}, nil); !errors.Is(err, localclient.ErrNotFound) {
		t.Errorf("following an unknown product: %v", err)
	}
}
