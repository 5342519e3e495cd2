// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package daemon

import "context"

// keepAgents starts none: here the desktop starts the agent of a session.
func (*daemon) keepAgents(context.Context) error { return nil }

// agentImage is empty: here nobody tells what program a caller is.
func (Options) agentImage() string { return "" }
