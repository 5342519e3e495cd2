// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"slices"
	"testing"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/opsiclientd/agentcheck"
)

// TestAgent: opsi's own agent is looked at where work comes from an opsi server, with
// what the service knows.
func TestAgent(t *testing.T) {
	m := healthy()
	var asked []agentcheck.Machine
	m.patient.Agent = func(_ context.Context, a agentcheck.Machine) []agentcheck.Finding {
		asked = append(asked, a)
		return []agentcheck.Finding{{Check: agentcheck.Events, Code: "opsiclientd_lost", State: agentcheck.Warning}, {Check: agentcheck.Script, Code: "opsiscript_ok"}}
	}
	if fs := Look(t.Context(), m.patient); len(asked) != 0 || slices.Contains(codes(fs), "opsiclientd_lost") {
		t.Errorf("without a server: %v", codes(fs))
	}
	m.conf.Source = config.Source{Kind: config.Opsi, KeyFile: "/etc/site/opsiclientd.conf", OpsiScript: "/opt/opsi-script"}
	m.status.Sources = []apitypes.Source{{Kind: config.Opsi, State: "ok", Server: &apitypes.Server{EventsLost: true}}}
	fs := Look(t.Context(), m.patient)
	if len(asked) != 1 || !asked[0].Lost || asked[0].Conf != "/etc/site/opsiclientd.conf" || asked[0].Script != "/opt/opsi-script" || asked[0].StateDir != m.patient.StateDir {
		t.Errorf("asked with %+v", asked)
	}
	for code, want := range map[string]Finding{"opsiclientd_lost": {Check: "opsiclientd", State: Warn}, "opsiscript_ok": {Check: "opsiscript", State: OK}} {
		i := slices.IndexFunc(fs, func(f Finding) bool { return f.Code == code })
		if i < 0 || fs[i].Check != want.Check || fs[i].State != want.State {
			t.Errorf("%s: %+v", code, fs)
		}
	}
}
