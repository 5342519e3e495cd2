// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"

	"github.com/quietsetup/quietsetup/internal/agentstart"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// keepAgents keeps an agent in every session until ctx ends. Without an agent
// beside this program those that come by themselves are all there are.
func (d *daemon) keepAgents(ctx context.Context) error {
	exe, err := agentstart.Agent()
	if err != nil {
		d.o.Log.Warn().Err(err).Msg("no agents are started")
		return nil
	}
	var args []string
	if d.o.Socket != localsock.DefaultPath {
		args = []string{"--socket", d.o.Socket}
	}
	k := &agentstart.Keeper{
		Sessions: agentstart.Real{Exe: exe, Args: args},
		Connected: func() []string {
			var out []string
			for _, a := range d.broker.Agents() {
				out = append(out, a.Session)
			}
			return out
		},
		Changed: d.broker.Changed,
		Logons:  d.o.Service.Logons,
		Started: func(session string) { d.o.Log.Info().Str("session", session).Msg("an agent was started") },
		Failed: func(session string, err error) {
			d.o.Log.Warn().Str("session", session).Err(err).Msg("no agent was started")
		},
	}
	k.Run(ctx)
	return nil
}

// agentImage is the program that alone may be an agent of a service: what it is
// told to close it closes with its user's rights, and what it answers counts. In
// the foreground, where things are tried out, any program may be one.
func (o Options) agentImage() string {
	if o.Service == nil {
		return ""
	}
	exe, err := agentstart.Agent()
	if err != nil {
		return agentstart.AgentName // none is installed, and so no program is one: a path is full
	}
	return exe
}
