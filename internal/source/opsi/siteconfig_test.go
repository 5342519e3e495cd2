// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"reflect"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/policy"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// TestConfigObjects: a client makes the ids once. On the day they are made nothing
// changes, and what an admin changed stays.
func TestConfigObjects(t *testing.T) {
	m := start(t)
	m.server.Put(opsitest.Config("quietsetup.max_defer", "9"))
	made, err := MakeConfigObjects(t.Context(), m.client)
	if err != nil || len(made) != len(policy.Keys())+len(policy.MachineKeys()) { // all but that one; hold, and two that are lists here
		t.Fatalf("%d made, %v", len(made), err)
	}
	poll(t, m.Source)
	p, lines := effective(t, m.Settings())
	if len(lines) != 0 || len(m.Settings().Bad) != 0 || len(m.Settings().Held) != 0 {
		t.Errorf("%q, %+v", lines, m.Settings())
	}
	want := events.DefaultPolicy()
	want.MaxDefer = 9
	p.Origin = nil
	if want.Origin = nil; !reflect.DeepEqual(p, want) {
		t.Errorf("the policy is %+v", p)
	}
	if made, err := MakeConfigObjects(t.Context(), m.client); err != nil || len(made) != 0 {
		t.Errorf("again: %q, %v", made, err)
	}
	m.server.Put(opsitest.Object{"type": "ConfigState", "configId": "quietsetup.alone_action", "objectId": me, "values": []any{"kill"}},
		opsitest.Object{"type": "ConfigState", "configId": "quietsetup.active", "objectId": me, "values": []any{"false"}})
	poll(t, m.Source)
	if p, _ := effective(t, m.Settings()); p.AloneAction != events.Kill || p.Active {
		t.Errorf("the policy is %+v", p)
	}
}

// TestConfigObjectsRefused: a server that refuses is told.
func TestConfigObjectsRefused(t *testing.T) {
	m := start(t)
	m.server.Break(opsitest.Fault{Kind: opsitest.RPCError, Method: "config_createObjects", Class: "BackendPermissionDeniedError", Times: -1})
	if made, err := MakeConfigObjects(t.Context(), m.client); err == nil || made != nil {
		t.Errorf("%q, %v", made, err)
	}
}
