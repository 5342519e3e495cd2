// SPDX-License-Identifier: Apache-2.0

package agentstart

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// machine is a machine for tests: sessions, and agents that were started.
type machine struct {
	mu        sync.Mutex
	there     []string
	connected []string
	err       error
	started   []string
	alive     bool
	closed    int
	failed    int
}

func (m *machine) List() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.there), nil
}

func (m *machine) Start(id string) (Process, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.started = append(m.started, id)
	if m.err != nil {
		return nil, m.err
	}
	return m, nil
}

func (m *machine) Alive() bool { return m.alive }

func (m *machine) Close() error {
	m.closed++
	return nil
}

func (m *machine) keeper() *Keeper {
	return &Keeper{Sessions: m, Connected: func() []string {
		m.mu.Lock()
		defer m.mu.Unlock()
		return slices.Clone(m.connected)
	}, Failed: func(string, error) { m.failed++ }, Started: func(string) {}}
}

// took returns what was started since it was asked last.
func (m *machine) took() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.started
	m.started = nil
	return out
}

func TestASessionGetsItsMoment(t *testing.T) {
	m := &machine{there: []string{"1", "2"}, connected: []string{"2"}}
	k := m.keeper()
	now := time.Unix(1e9, 0)
	if wait := k.look(now); wait != moment || m.took() != nil {
		t.Errorf("at first it waits %v", wait)
	}
	m.connected = []string{"1", "2"} // it came by itself
	if wait := k.look(now.Add(moment)); wait != otherwise || m.took() != nil {
		t.Errorf("with agents everywhere it waits %v", wait)
	}
	m.connected = []string{"2"} // and went
	k.look(now.Add(time.Hour))
	if got := m.took(); got != nil {
		t.Errorf("%q started before its moment was over", got)
	}
	k.look(now.Add(time.Hour + moment))
	if got := m.took(); !slices.Equal(got, []string{"1"}) {
		t.Errorf("started in %q, want 1", got)
	}
}

func TestAnAgentThatLivesIsNotDoubled(t *testing.T) {
	m := &machine{there: []string{"1"}, alive: true}
	k := m.keeper()
	now := time.Unix(1e9, 0)
	k.look(now)
	for i := range 100 {
		k.look(now.Add(time.Duration(i) * time.Minute))
	}
	if got := m.took(); len(got) != 1 {
		t.Errorf("%d agents were started beside each other", len(got))
	}
	m.alive = false
	k.look(now.Add(24 * time.Hour))
	if got := m.took(); len(got) != 1 || m.closed != 1 {
		t.Errorf("after its end %d were started, %d forgotten", len(got), m.closed)
	}
	m.there = nil
	k.look(now.Add(25 * time.Hour))
	if m.closed != 2 || len(k.places) != 0 {
		t.Errorf("a session that is gone is kept: %d forgotten, %d places", m.closed, len(k.places))
	}
}

func TestPausesGrow(t *testing.T) {
	m := &machine{there: []string{"1"}, err: errors.New("no")}
	k := m.keeper()
	now := time.Unix(1e9, 0)
	var at []time.Duration
	for s := time.Duration(0); s < 2*time.Hour; s += time.Second {
		k.look(now.Add(s))
		if m.took() != nil {
			at = append(at, s)
		}
	}
	if len(at) < 15 || len(at) > 25 || m.failed != len(at) {
		t.Errorf("it was tried %d times in two hours, %d told: %v", len(at), m.failed, at)
	}
	for i := 2; i < len(at); i++ {
		if now, before := at[i]-at[i-1], at[i-1]-at[i-2]; now < before || now > longest+time.Second {
			t.Errorf("pause %d is %v, the one before %v", i, now, before)
		}
	}
}

func TestNobodyLoggedOnIsNoFailure(t *testing.T) {
	m := &machine{there: []string{"1"}, err: ErrNobody}
	k := m.keeper()
	now := time.Unix(1e9, 0)
	for s := range 600 {
		k.look(now.Add(time.Duration(s) * time.Second))
	}
	if got := m.took(); m.failed != 0 || len(got) < 5 || len(got) > 15 {
		t.Errorf("asked %d times in ten minutes, %d told", len(got), m.failed)
	}
	m.err = nil
	k.look(now.Add(time.Hour))
	if got := m.took(); len(got) != 1 {
		t.Errorf("after a logon %d were started", len(got))
	}
}

func TestRunWakes(t *testing.T) {
	m := &machine{}
	k := m.keeper()
	var mu sync.Mutex
	changed := make(chan struct{})
	k.Changed = func() <-chan struct{} {
		mu.Lock()
		defer mu.Unlock()
		return changed
	}
	logons := make(chan struct{})
	k.Logons = logons
	began := make(chan string, 1)
	k.Started = func(id string) { began <- id }
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		k.Run(ctx)
		close(ended)
	}()
	m.mu.Lock()
	m.there = []string{"1"}
	m.mu.Unlock()
	logons <- struct{}{}
	select {
	case <-began:
	case <-time.After(30 * time.Second):
		t.Error("a logon starts no agent")
	}
	cancel()
	<-ended
	if m.closed != 1 {
		t.Errorf("%d agents were forgotten at the end, want 1", m.closed)
	}
}
