// SPDX-License-Identifier: Apache-2.0

package checks

import (
	"context"

	"github.com/quietsetup/quietsetup/events"
)

// Host is the machine as a look sees it.
type Host interface {
	// Rules says how the machine's paths are read.
	Rules() PathRules
	// Resolve returns where a path really lies, with links and short names
	// followed. What does not exist yet is left as written below what does.
	Resolve(path string) (string, error)
	// Find returns every running program that m matches. An error means that
	// not every program could be seen; what was found is returned with it. Its
	// text names pids only, no paths and no people.
	Find(ctx context.Context, m *Matcher) ([]Program, error)
	// People returns who is at the machine. An error means that it is not known.
	People(ctx context.Context) (People, error)
}

// Display tells whether a program shows a window.
type Display int

// What may be known of a program's windows.
const (
	DisplayUnknown Display = iota // the platform does not say
	DisplayNone                   // known to show no window
	DisplayWindow                 // shows at least one
)

// Program is what the host knows of a running program that was matched.
type Program struct {
	ID events.ProcessID
	// Path is the executable, for an interpreter the script it runs; cleaned
	// by PathRules.Clean. Empty if the system does not tell.
	Path  string
	Rule  string // the rule it was matched by
	Owner string // "uid:1000" or "sid:S-1-5-…", "" if not known
	// Sessions are the ids the program's session may go by, best first: what
	// the session manager says, else its terminal.
	Sessions []string
	Display  Display
	Service  bool // the service manager or a container's manager started it, for no person
	Kernel   bool // a thread of the kernel
	Own      bool // part of quietsetup, or one of the programs it was started by
}

// People is who is at the machine.
type People struct {
	// Known is false without any source of sessions.
	Known    bool
	Sessions []events.Session // user names as events.Secret
	// Leaders are the processes that hold a session; with one of them the session ends.
	Leaders   []int
	Leaving   bool  // a shutdown or reboot is announced
	ResumedMS int64 // since the machine woke; -1 = not known or never slept
}
