// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// FuzzAnswer: an answer reaches the core only with the nonce of that window,
// session and user, from an agent of that user in that session, and under the
// name that the kernel gave.
func FuzzAnswer(f *testing.F) {
	const id = "firefox#1.1@c2"
	core := &core{}
	b, err := New(Config{Core: core, Clock: clock{time.Now()}, Key: bytes.Repeat([]byte{7}, keySize), Version: "test",
		Locator: sessions{1: "c2 uid:1000", 2: "c5 uid:1000", 3: "c3 uid:1001"}})
	if err != nil {
		f.Fatal(err)
	}
	// What the fuzzer may use without having to guess it.
	var names [3]string
	peers := [3]localsock.Peer{anna, anna2, bert}
	for i, p := range peers {
		w, err := b.Hello(context.Background(), p, apitypes.Hello{Kind: apitypes.AgentTerminal})
		if err != nil {
			f.Fatal(err)
		}
		names[i] = w.Agent
		b.byID[w.Agent].gone.Stop() // it stays, though it asks for nothing
	}
	known := func(s string) string {
		switch s {
		case "agent0", "agent1", "agent2":
			return names[s[5]-'0']
		case "nonce":
			return b.nonce(id, "uid:1000")
		case "bert's":
			return b.nonce(id, "uid:1001")
		}
		return s
	}
	f.Add(uint8(0), id, []byte(`{"agent":"agent0","nonce":"nonce","choice":"kill","revision":7}`))
	f.Add(uint8(1), id, []byte(`{"agent":"agent1","nonce":"nonce","choice":"kill"}`))
	f.Add(uint8(2), id, []byte(`{"agent":"agent0","nonce":"nonce","choice":"defer"}`))
	f.Add(uint8(2), "firefox#1.1@c3", []byte(`{"agent":"agent2","nonce":"bert's","choice":"defer"}`))
	f.Add(uint8(0), "@c2", []byte(`{"agent":"agent0","nonce":""}`))
	f.Add(uint8(0), id, []byte(`{"agent":"agent0","nonce":"nonce","choice":"KILL\n","revision":18446744073709551615}`))
	f.Fuzz(func(t *testing.T, who uint8, window string, body []byte) {
		var a apitypes.Answer
		if json.Unmarshal(body, &a) != nil {
			return
		}
		i := int(who) % len(peers)
		a.Agent, a.Nonce = known(a.Agent), known(a.Nonce)
		core.mu.Lock()
		core.got = nil
		core.mu.Unlock()
		r, err := b.Answer(context.Background(), peers[i], window, a)
		heard := len(core.got) > 0
		good := i == 0 && a.Agent == names[0] && window == id && a.Nonce == b.nonce(id, "uid:1000")
		_, session, _ := splitID(window)
		good = good || session == [3]string{"c2", "c5", "c3"}[i] && a.Agent == names[i] && a.Nonce == b.nonce(window, peers[i].Owner)
		choice := a.Choice == "kill" || a.Choice == "defer" || a.Choice == "recheck"
		if heard != (good && choice) {
			t.Fatalf("peer %d, window %q, %+v: heard %v, %+v, %v", i, window, a, core.got, r, err)
		}
		if heard && !strings.HasPrefix(core.got[0], peers[i].Owner+": ") {
			t.Fatalf("the core heard %q of %s", core.got, peers[i].Owner)
		}
		if !good && err == nil {
			t.Fatalf("peer %d, window %q, %+v: %+v without an error", i, window, a, r)
		}
	})
}
