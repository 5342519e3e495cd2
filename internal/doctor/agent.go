// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/opsiclientd"
	"github.com/quietsetup/quietsetup/internal/opsiclientd/agentcheck"
)

// agent looks at opsi's own agent, where work comes from an opsi server. What is set
// there the service knows; without it, what was kept here tells.
func (v *visit) agent(ctx context.Context) []Finding {
	c, err := v.conf()
	if err != nil || c.Source.Kind != config.Opsi || v.Agent == nil {
		return nil
	}
	m := agentcheck.Machine{System: v.System, Conf: opsiclientd.Place(v.System, c.Source.KeyFile), Script: c.Source.OpsiScript, StateDir: v.StateDir,
		Client: c.Source.HostID, Server: c.Source.URL, Owner: config.CheckOwner}
	m.There = func(path string) bool {
		_, err := v.Files.Entry(path)
		return err == nil
	}
	if s, err := v.status(); err == nil {
		for _, src := range s.Sources {
			m.Lost = m.Lost || src.Server != nil && src.Server.EventsLost
		}
	}
	var out []Finding
	for _, f := range v.Agent(ctx, m) {
		x := finding(f.Code, f.Data)
		x.Check = f.Check
		out = append(out, x)
	}
	return out
}
