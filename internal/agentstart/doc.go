// SPDX-License-Identifier: Apache-2.0

// Package agentstart keeps an agent in every session of Windows in which
// somebody could be asked.
//
// A service has no desktop: a window that it shows is seen by nobody. So the
// agent is started in the session itself, with the rights and the environment of
// the person who is logged on there, on the desktop that this person sees
// (WTSQueryUserToken, CreateProcessAsUser with lpDesktop winsta0\default). It is
// the program that was installed beside the service and nothing else.
//
// At a logon the Run key starts the agent, too. A session is therefore given a
// moment in which an agent may come by itself, also after a restart of the
// service. An agent that does not come, or ends, is started again after pauses
// that grow; one that was started and lives is never given a second beside it.
//
// Other systems start the agent with the desktop's own means only: a service
// there does not know enough of a session to start a window in it.
package agentstart
