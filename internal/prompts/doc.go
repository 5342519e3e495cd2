// SPDX-License-Identifier: Apache-2.0

// Package prompts is the desk between the core, which wants people asked, and
// the agents, which show windows in people's sessions.
//
// # The two sides
//
// The core's effect AskUsers keeps one session's window open: Ask runs as long
// as the window is due. An agent says hello, waits for events, shows windows and
// hands in answers. Neither waits for the other: the deadline of a window is the
// core's, and an agent that is slow, stuck or gone changes nothing about it.
//
// # A prompt
//
// A prompt is one window in one session. Its id, "<window>@<session>", stays the
// same while what it shows changes, and over a restart of the daemon. So does its
// nonce, which proves that an answer comes from someone who was asked: it is
// made from the id and the asked user with a key that never leaves the state
// directory. An agent keeps an answer until it is acknowledged; one that comes
// after a restart is as good as one before.
//
// A prompt has a revision, which grows when programs are added to its list. An
// agent says with Shown and Answer which revision was on the screen. The core
// hears that the window is shown only for the newest one, and takes no consent
// to close programs that were given to an older one: the person is asked again.
//
// What an answer is worth is decided by the core alone. The desk only asks it.
//
// # Events
//
// What a session's agent must know is a set of prompts, not a queue: each has the
// revision of its last change. An agent asks for what changed after the revision
// it knows, so an answer lost on the way is repeated and nothing piles up.
//
// # Where there is no agent
//
// A session that has had no agent for Grace may be asked by a StandIn, which shows a
// prompt by something that is not ours. It cannot prove that anybody saw the window, so
// the core never hears that one is shown; a pressed button is an answer like any other.
// When an agent comes, it takes over.
//
// # Closing programs
//
// On Windows a program is asked to end by a message to its windows, which only a
// program in its own session can send. So CloseWindows has it done by the
// session's agent. The order names programs by number and start, the agent asks
// exactly those, and what becomes of them the host sees itself.
//
// # Who an agent is
//
// User and process come from the connection. The session is looked up from the
// process; where the system cannot tell, it is named after the user. A prompt
// reaches an agent only if session and
// user are those it was made for. There is one agent in each session: the newest.
// On Windows only the installed program can be one. What an agent tells of the
// person in its session counts for that session alone.
package prompts
