// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"io/fs"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/opsiclientd/agentcheck"
	"github.com/quietsetup/quietsetup/store"
)

// Entry is a name in the file system. Links are not followed.
type Entry struct {
	Mode fs.FileMode
	UID  int // -1 where the system has none
}

// Files are the machine's files and programs.
type Files interface {
	Entry(path string) (Entry, error)
	// Count counts the names in a folder, up to a thousand.
	Count(path string) (int, error)
	// Program finds a program in PATH.
	Program(name string) (string, error)
	// Run runs a program and returns what it printed.
	Run(ctx context.Context, argv ...string) (string, error)
}

// Host is the machine itself.
type Host interface {
	People(ctx context.Context) (checks.People, error)
	Notifications(ctx context.Context) (bool, error)
	Power() (host.Power, error)
	ClockSynced() (bool, error)
	FreeSpace(path string) (uint64, error)
}

// Daemon is the running service.
type Daemon interface {
	Status(ctx context.Context) (apitypes.Status, error)
}

// Patient says what is looked at.
type Patient struct {
	System   string // "linux"
	UID      int    // of this process; -1 where the system has none
	Version  string // of this program
	StateDir string
	Default  bool // StateDir is the service's own
	Socket   string
	Now      func() time.Time

	Files   Files
	Host    Host
	Windows Windows // nil elsewhere
	Daemon  Daemon
	Config  func() (config.Config, error)
	Store   func(dir string) (store.Glance, error)
	// Agent looks at opsi's own agent on this machine; nil = it is not looked at.
	Agent func(context.Context, agentcheck.Machine) []agentcheck.Finding
}

// limit is how long a check may take. The daemon answers within ten seconds, or
// is stuck.
const limit = 12 * time.Second

// check is one row of the list.
type check struct {
	name string
	look func(*visit, context.Context) []Finding
}

// list is what is looked at, in the order it is told.
func list() []check {
	return []check{
		{"rights", (*visit).rights},
		{"versions", (*visit).versions},
		{"service", (*visit).service},
		{"daemon", (*visit).daemon},
		{"socket", (*visit).socket},
		{"config", (*visit).config},
		{"depot", (*visit).depot},
		{"overlay", (*visit).overlay},
		{agentcheck.Events, (*visit).agent},
		{"sessions", (*visit).sessions},
		{"autostart", (*visit).autostart},
		{"windows", (*visit).windows},
		{"store", (*visit).store},
		{"clock", (*visit).clock},
		{"power", (*visit).power},
		{"reboot", (*visit).reboot},
		{"space", (*visit).space},
	}
}

// visit is one look at a patient. What several checks need is asked for once.
type visit struct {
	Patient
	status func() (apitypes.Status, error)
	conf   func() (config.Config, error)
	glance func() (store.Glance, error)
}

// Look runs all checks and returns what they found, in the order of the list.
func Look(ctx context.Context, p Patient) []Finding { return lookAt(ctx, p, list(), limit) }

func lookAt(ctx context.Context, p Patient, checks []check, limit time.Duration) []Finding {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	v := &visit{Patient: p, conf: sync.OnceValues(p.Config)}
	v.status = sync.OnceValues(func() (apitypes.Status, error) { return p.Daemon.Status(ctx) })
	v.glance = sync.OnceValues(func() (store.Glance, error) { return p.Store(p.StateDir) })
	found := make([]chan []Finding, len(checks))
	for i, c := range checks {
		found[i] = make(chan []Finding, 1) // who comes too late is not waited for
		go func() { found[i] <- c.look(v, ctx) }()
	}
	// A check that heeds ctx has a moment to say what it found.
	late := time.After(limit + limit/10)
	var out []Finding
	for i, c := range checks {
		var fs []Finding
		select {
		case fs = <-found[i]:
		case <-late:
			late = closed()
			select {
			case fs = <-found[i]: // it was there in time
			default:
				fs = []Finding{finding(Slow, data{"Seconds": int(limit.Seconds())})}
			}
		}
		for _, f := range fs {
			if f.Check == "" { // that of opsi's agent makes several
				f.Check = c.name
			}
			out = append(out, f)
		}
	}
	return out
}

// closed is a moment that has come, for everybody who still asks.
func closed() <-chan time.Time {
	c := make(chan time.Time)
	close(c)
	return c
}
