// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/effects"
	"github.com/quietsetup/quietsetup/internal/engine"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/installer"
	"github.com/quietsetup/quietsetup/internal/localapi"
	"github.com/quietsetup/quietsetup/internal/localsock"
	"github.com/quietsetup/quietsetup/internal/prompts"
	"github.com/quietsetup/quietsetup/store"
)

// Options say how the daemon runs.
type Options struct {
	Config   config.Config
	StateDir string // absolute
	Socket   string // where it listens
	Once     bool   // end when nothing is left but to wait
	Version  string
	Log      zerolog.Logger
	Service  *Service // nil: it runs in the foreground
}

// Service is what a service manager that is no systemd has to do with the daemon.
type Service struct {
	Ready  func()          // called once when it works
	Logons <-chan struct{} // gives a value when a session began, ended or changed
}

// ErrDeferred: with Once, a product is put off.
var ErrDeferred = errors.New("something is deferred: try again later")

// keepOutput is how long the output of a forgotten attempt is kept.
const keepOutput = 30 * 24 * time.Hour

// Run works until ctx ends, or with Once until nothing is left but to wait.
func Run(ctx context.Context, o Options) (err error) {
	say := newNotice(o.Service)
	say.starting()
	st, findings, err := openStore(o.StateDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	d, err := build(ctx, o, st)
	if err != nil && ctx.Err() != nil {
		return nil // stopped before anything worked
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.depot.close()) }()
	l, err := localsock.Listen(o.Socket)
	if err != nil {
		return err
	}
	return d.run(ctx, l, say, findings)
}

// daemon is everything that was put together.
type daemon struct {
	o       Options
	engine  *engine.Engine
	workers *effects.Workers
	depot   *depot
	tries   attempts
	looker  looker
	broker  *prompts.Broker
	store   *store.Store
	clock   engine.Clock
}

// build puts the rooms together. Nothing runs yet.
func build(ctx context.Context, o Options, st *store.Store) (*daemon, error) {
	hostClock, err := host.NewClock()
	if err != nil {
		return nil, err
	}
	table, err := fsm.NewTable()
	if err != nil {
		return nil, err
	}
	supervisor, err := installer.CopySelf(o.StateDir)
	if err != nil {
		return nil, err
	}
	key, err := prompts.LoadKey(o.StateDir)
	if err != nil {
		return nil, err
	}
	d := &daemon{o: o, store: st, clock: clock{hostClock},
		tries: attempts{installer.Options{Exe: supervisor, StateDir: o.StateDir, Scope: scope()}}}
	d.engine, err = engine.New(engine.Options{Log: &recordLog{store: st, all: func() []string { return d.products() }},
		Clock: d.clock, Table: table, Build: o.Version, Logger: o.Log})
	if err != nil {
		return nil, err
	}
	d.engine.View(func(c *fsm.Client) { err = installer.Sweep(o.StateDir, keepOutput, c.Over) })
	if errors.Is(err, installer.ErrFolder) {
		return nil, err
	} else if err != nil {
		o.Log.Warn().Err(err).Msg("old outcomes were not tidied up")
	}
	machine := newMachine(o.StateDir, supervisor, func() *prompts.Broker { return d.broker }, o.Log)
	d.looker = looker{machine}
	d.broker, err = prompts.New(prompts.Config{Core: core{d.engine.Submit}, Clock: d.engine, Locator: machine, Key: key,
		Version: o.Version, Asker: o.Config.UI.Asker, Contact: o.Config.UI.Contact, Logo: o.Config.UI.Logo, AgentImage: o.agentImage(), StandIn: o.standIn(d.looker.LookAtPeople)})
	if err != nil {
		return nil, err
	}
	if d.depot, err = openDepot(ctx, parts{o.Config, machine, o.Log, d.engine.Submit, d.engine.View}, o.StateDir, o.Version); err != nil {
		return nil, err
	}
	d.workers = &effects.Workers{Timer: timer{d.engine.Until}, Packages: oneAtATime{d.depot, o.StateDir, occupiedFor}, Asker: d.broker,
		Looker: arrivals{looker: d.looker, end: time.Now().Add(arrivalTime), agents: d.broker.Agents, changed: d.broker.Changed},
		Closer: machine, Installer: d.depot.installerOf(d.tries), Detector: detector{}, Reporter: d.depot}
	return d, nil
}

// products lists what the client knows.
func (d *daemon) products() []string {
	var out []string
	d.engine.View(func(c *fsm.Client) { out = slices.Sorted(maps.Keys(c.Products)) })
	return out
}

// run works until ctx ends or one of the parts fails.
func (d *daemon) run(ctx context.Context, l *localsock.Listener, say *notice, findings store.Findings) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	part := func(f func() error) {
		all.Go(func() {
			if err := f(); err != nil {
				cancel(err)
			}
		})
	}
	before, _ := d.store.Last()
	part(func() error { return d.engine.Run(ctx, d.workers, d.opening(findings)) })
	strangers := refusals{d.o.Log, newBudget(20, time.Minute)}
	l.Differs = strangers.differs
	part(func() error { return localapi.ServeTelling(ctx, l, strangers.watch(d.api()), strangers.odd) })
	part(func() error {
		if !d.opened(ctx, before, say) {
			return nil // it ended before it was ready, and the loop says why
		}
		say.ready()
		debug.FreeOSMemory() // folding and probing are over
		say.watch(ctx, d.engine.Ping)
		return nil
	})
	if d.o.Service != nil {
		part(func() error { return d.keepAgents(ctx) })
	}
	if s, ok := d.depot.source.(*server); ok {
		all.Go(func() { d.tellServer(ctx, s) })
	}
	polled := make(chan error, 1)
	part(func() error {
		d.depot.pollEvery(ctx, d.o.Log, func(err error) { polled <- err })
		return nil
	})
	if d.o.Once {
		part(func() error { return d.onceWritable(ctx) })
		part(func() error {
			err := d.once(ctx, polled)
			if err == nil {
				cancel(errDone)
			}
			return err
		})
	}
	d.o.Log.Info().Str("version", d.o.Version).Str("state_dir", d.o.StateDir).Str("socket", d.o.Socket).Int("pid", os.Getpid()).Msg("quietsetupd runs")
	<-ctx.Done()
	say.stopping()
	all.Wait()
	d.o.Log.Info().Msg("quietsetupd has stopped")
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, errDone) {
		return err
	}
	return nil
}

// opened waits for the first record of this run. A start that waits for room on
// the disk goes on asking the service manager for time.
func (d *daemon) opened(ctx context.Context, before uint64, say *notice) bool {
	for {
		patience, cancel := context.WithTimeout(ctx, time.Minute)
		_, err := d.engine.Follow(patience, before)
		cancel()
		if err == nil || ctx.Err() != nil || errors.Is(err, engine.ErrStopped) {
			return err == nil
		}
		say.starting()
	}
}

// errDone ends a daemon that was to run once.
var errDone = errors.New("nothing is left to do")

// opening is what is recorded before all work.
func (d *daemon) opening(f store.Findings) engine.Opening {
	findings := inputsOf(f, d.products())
	if mode, ok := d.depot.mode(); ok { // before anything goes on in the old one
		findings = append(findings, mode)
	}
	return engine.Opening{
		StoreID:  d.store.ID(),
		Findings: findings,
		Restarted: func(ctx context.Context) events.Restarted {
			var open []string
			d.engine.View(func(c *fsm.Client) {
				for _, id := range slices.Sorted(maps.Keys(c.Products)) {
					if p := c.Products[id]; p.Attempt != nil && p.Outcome == "" {
						open = append(open, p.Attempt.Token)
					}
				}
			})
			return events.Restarted{Clean: f.Clean, Attempts: d.tries.seen(open), Seen: d.looker.LookAtPeople(ctx)}
		},
	}
}

// api answers on the local socket.
func (d *daemon) api() http.Handler {
	return localapi.New(localapi.Config{
		Views: &views{engine: d.engine, clock: d.clock, store: d.store, depot: d.depot, looker: d.looker,
			version: d.o.Version, stateDir: d.o.StateDir, started: time.Now().UTC()},
		Operator: operator{engine: d.engine, depot: d.depot, clock: d.clock, looker: d.looker},
		Desk:     d.broker,
		Reports:  d.broker,
		Owner:    localsock.Self(),
		Faults:   func(err error) { d.o.Log.Error().Err(err).Msg("a request failed") },
	})
}

// place finds where state and socket are.
func place(stateDir string) (dir, socket string, err error) {
	if stateDir == "" {
		return defaultState(), localsock.DefaultPath, nil
	}
	if dir, err = filepath.Abs(stateDir); err != nil {
		return "", "", fmt.Errorf("cannot name the state folder %q: %w", stateDir, err)
	}
	return dir, localsock.PathIn(dir), nil
}
