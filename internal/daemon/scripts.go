// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/effects"
	"github.com/quietsetup/quietsetup/internal/installer"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/opsiclientd"
	"github.com/quietsetup/quietsetup/internal/opsiscript"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
	"github.com/quietsetup/quietsetup/internal/source/opsi/depotfiles"
	"github.com/quietsetup/quietsetup/internal/source/packages"
)

// scripts runs attempts for the effects: what has a command as attempts does, what
// has a script by opsi-script, under the same supervisor.
type scripts struct {
	attempts
	runner opsiscript.Runner
	soon   func()  // has the source looked at: what it wants has changed
	files  brought // that commands are run from; nil = they lie in a mounted depot
	depot  *packages.Patience
}

// brought are files that were brought here some time ago.
type brought interface {
	// Look returns nil if a product's are as they were, as far as that can be told in a
	// moment; what the words of a command name is read.
	Look(ctx context.Context, product string, command []string) error
}

// Start runs the attempt. A row that cannot be read or marked is waited for; for a
// program that is not there now, as during an update of opsi's agent, and for a row that
// wants something else by now, others do not wait.
func (s scripts) Start(ctx context.Context, w fsm.RunInstaller) (events.InstallerStarted, error) {
	if w.Package.Script == "" {
		if err := s.asBrought(ctx, w); err != nil {
			return events.InstallerStarted{}, err
		}
		return s.attempts.Start(ctx, w)
	}
	program, err := opsiscript.Find(s.runner.Program, opsiscript.Places(s.runner.System), config.CheckOwner)
	if err != nil {
		return events.InstallerStarted{}, fmt.Errorf("%w: %w", effects.ErrNotNow, err)
	}
	if err := installer.Occupied(s.opt.StateDir); errors.Is(err, installer.ErrOccupied) { // before the row says that it starts
		return events.InstallerStarted{}, fmt.Errorf("%w: %w", effects.ErrOccupied, err)
	}
	// opsi's agent mounts the depot for its own events only, and people may have taken
	// their time. opsi-script calls a script that it cannot see a failure of the product.
	_, err = packages.Within(ctx, s.depot, w.Package.Product, func() (struct{}, error) {
		return struct{}{}, mounted(s.runner.Site.Depot, w.Package.Product, w.Package.Script)
	})
	if err != nil {
		return events.InstallerStarted{}, fmt.Errorf("%w: its script is not where the depot is mounted: %w", effects.ErrNotNow, err)
	}
	r := s.runner
	r.Program = program
	argv, err := r.Prepare(ctx, w.Token, w.Package.Product, w.Action)
	switch {
	case errors.Is(err, opsiscript.ErrCommand):
		return events.InstallerStarted{}, fmt.Errorf("%w: %w", effects.ErrImpossible, err)
	case errors.Is(err, opsiscript.ErrChanged), errors.Is(err, opsi.ErrChanged):
		s.soon()
		return events.InstallerStarted{}, errors.Join(fmt.Errorf("%w: %w", effects.ErrNotNow, err), r.Forget(w.Token))
	case err != nil:
		return events.InstallerStarted{}, err
	}
	w.Package.Folder = r.Folder // it finds its scripts by itself; ours may not be here
	begun, err := s.run(ctx, w, argv)
	if errors.Is(err, effects.ErrImpossible) || errors.Is(err, effects.ErrOccupied) {
		err = errors.Join(err, r.Forget(w.Token))
	}
	return begun, err
}

// asBrought looks whether the files are still those that people were asked for. That
// may have been days ago. With others nothing is started; the next round brings them anew.
func (s scripts) asBrought(ctx context.Context, w fsm.RunInstaller) error {
	if s.files == nil {
		return nil
	}
	err := s.files.Look(ctx, w.Package.Product, w.Package.CommandFor(w.Action))
	if errors.Is(err, depotfiles.ErrChanged) || errors.Is(err, depotfiles.ErrNotHere) {
		return fmt.Errorf("%w: %w", effects.ErrNotNow, err)
	}
	return err
}

// Wait returns the outcome of an attempt.
func (s scripts) Wait(ctx context.Context, w fsm.WaitInstaller, stalled func(string) error) (events.InstallerEnded, bool, error) {
	ended, lost, err := s.attempts.Wait(ctx, w, stalled)
	if err != nil {
		return ended, lost, err
	}
	ended.Token = w.Token
	return s.settle(ctx, ended, lost)
}

// Probe finds out what became of an attempt.
func (s scripts) Probe(ctx context.Context, token string) (effects.Fate, error) {
	fate, err := s.attempts.Probe(ctx, token)
	if err != nil || !fate.Lost && fate.Ended == nil {
		return fate, err
	}
	ended := events.InstallerEnded{Token: token, Exit: -1, Restarted: fate.Restarted}
	if fate.Ended != nil {
		ended = *fate.Ended
	}
	ended, lost, err := s.settle(ctx, ended, fate.Lost)
	if err != nil || lost {
		return effects.Fate{Lost: lost, Restarted: lost && fate.Restarted}, err
	}
	return effects.Fate{Ended: &ended}, nil
}

// settle gives the end of a script its meaning, and leaves any other as it is.
func (s scripts) settle(ctx context.Context, ended events.InstallerEnded, lost bool) (events.InstallerEnded, bool, error) {
	began, err := s.runner.Began(ended.Token)
	if err != nil || !began {
		return ended, lost, err
	}
	if lost {
		ended.Exit = -1
	}
	o, err := s.runner.Settle(ctx, ended.Token, opsiscript.End{Exit: ended.Exit, Signal: ended.Signal, Error: ended.Error, Lost: lost})
	if err != nil {
		return ended, lost, err
	}
	ended.Detail, ended.Reboot = o.Detail, o.Wish >= opsiscript.Reboot
	if o.Wish == opsiscript.Logout && o.Kind != opsiscript.LoggedOut { // nobody is logged off for it
		ended.Detail += "; it takes full effect once everybody has logged off"
	}
	switch {
	case o.Kind == opsiscript.Done && ended.Reboot:
		ended.Meaning = "reboot"
	case o.Kind == opsiscript.Done:
		ended.Meaning = "ok"
	default:
		ended.Meaning = string(o.Kind)
	}
	return ended, false, nil
}

// Remove forgets an attempt. Its outcome goes last: what is left of one is swept
// away at the next start.
func (s scripts) Remove(token string) error {
	if err := s.runner.Forget(token); err != nil {
		return err
	}
	return s.attempts.Remove(token)
}

// script prepares a package that is a script. What would ask users itself waits
// until nobody is there.
func (s *server) script(pkg metadata.Package, a events.Action) (metadata.Package, *events.Problem, error) {
	if _, err := opsiscript.Find(s.runner.Program, opsiscript.Places(s.runner.System), config.CheckOwner); err != nil {
		return pkg, &events.Problem{Code: metadata.CodeNoCommand, Message: fmt.Sprintf("%s: %s is a script: %v", pkg.Product, pkg.Scripts[a], err)}, nil
	}
	type looked struct {
		own []string
		bad []error
	}
	asks := func(l *looked, folder string) {
		if !filepath.IsAbs(folder) {
			return
		}
		found, err := opsiscript.AsksItself(os.DirFS(folder))
		if err != nil {
			l.bad = append(l.bad, err)
		}
		l.own = append(l.own, found...)
	}
	// A mount that hangs holds up its scripts, and no product that was brought here.
	l, err := packages.Within(context.Background(), s.mounted, pkg.Product, func() (l looked, err error) {
		if err := mounted(s.runner.Site.Depot, pkg.Product, pkg.Scripts[a]); err != nil {
			return l, err
		}
		asks(&l, filepath.Join(s.runner.Site.Depot, pkg.Product))
		return l, nil
	})
	if err != nil {
		return pkg, nil, fmt.Errorf("its script is not where the depot is mounted: %w", err)
	}
	asks(&l, pkg.Folder) // brought here
	for _, err := range l.bad {
		s.parts.warn(pkg.Product, err.Error())
	}
	own := l.own
	if why := opsiscript.AsksTwice(runtime.GOOS, s.opsi.Settings().Theirs, own); why != "" {
		s.parts.warn(pkg.Product, why+"; so it waits until nobody is there")
		pkg.Background = false
	}
	pkg.Script, pkg.Detect = pkg.Scripts[a], nil // its row tells
	return pkg, nil, nil
}

// mounted returns nil if a product's script is in sight. Of a script of an absolute
// path, and of a depot whose place is not known, opsi-script must know.
func mounted(depot, product, script string) error {
	if depot == "" || filepath.IsAbs(script) {
		return nil
	}
	_, err := os.Stat(filepath.Join(depot, product, script))
	return err
}

// mountOf is where opsi's agent mounts the depot.
func mountOf(keyFile string) string {
	if runtime.GOOS != "windows" {
		return opsiscript.Mount(runtime.GOOS)
	}
	agent, err := opsiclientd.Read(opsiclientd.Place(runtime.GOOS, keyFile))
	if err != nil {
		return opsiscript.Mount(runtime.GOOS)
	}
	return agent.Drive()
}

// scripted tells whether opsi-script was started for the run that a report is about.
func (s *server) scripted(r events.Report) (yes bool) {
	s.parts.view(func(c *fsm.Client) {
		p := c.Product(r.ProductID)
		yes = p != nil && p.Package.Script != "" &&
			(p.Attempt != nil && p.Attempt.Stage != fsm.StageCleared || p.Wait != nil && p.Wait.Reason == events.ReasonScript)
	})
	return yes
}

// installerOf runs attempts, scripts too if the source has them.
func (d *depot) installerOf(a attempts) effects.Installer {
	s, ok := d.source.(*server)
	if !ok {
		return a
	}
	if err := s.runner.Sweep(func(token string) bool {
		if token == opsiscript.Passed {
			return installer.Occupied(a.opt.StateDir) != nil
		}
		alive, err := installer.Alive(a.opt.StateDir, token)
		return alive || err != nil
	}); err != nil {
		s.parts.warn("", err.Error())
	}
	return scripts{a, s.runner, d.lookSoon, s.brought, s.mounted}
}
