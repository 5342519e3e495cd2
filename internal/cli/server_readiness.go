// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
	"github.com/quietsetup/quietsetup/internal/readiness"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
	"github.com/quietsetup/quietsetup/internal/source/opsi/depotfiles"
	"github.com/quietsetup/quietsetup/internal/view"
)

const schemaReadiness = "server_readiness/v1"

func readinessColumns() []string {
	return []string{"product", "action", "version", "package", "would", "why"}
}

func (a *app) serverReadinessCommand() *cobra.Command {
	var o serverOptions
	var depot string
	cmd := &cobra.Command{
		Use:   "readiness",
		Short: "What would become now of each product that the server wants here",
		Long: long(`
Reads what the opsi config server wants on this client, looks at each product's
package and at the programs that run now, and says: is the package fit to be
installed while people work, and what would a round do with it now, asking whom.

Reads only: nothing is asked, started, reported or kept. What only the service
knows does not count: how often somebody put it off, what else is going on.

JSON: server_readiness/v1.`, "5 the server cannot be reached or refuses the login", "7 the configuration is not valid", "9 needs privileges"),
		Args: exact(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.source()
			if err != nil {
				return err
			}
			if depot != "" {
				if c.Source.Depot, err = filepath.Abs(depot); err != nil {
					return fmt.Errorf("cannot name the folder %s: %w", depot, err)
				}
			}
			d, err := a.readiness(cmd.Context(), c)
			if err != nil {
				return err
			}
			if a.json {
				return a.document(d)
			}
			a.printReadiness(d)
			return nil
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&depot, "depot", "", "folder of packages, instead of source.depot")
	return withRows(cmd, readinessColumns()...)
}

func (a *app) readiness(ctx context.Context, c config.Config) (apitypes.Readiness, error) {
	client, err := a.clientOf(c.Source)
	if err != nil {
		return apitypes.Readiness{}, err
	}
	defer func() { _ = client.Close() }() // the session ends by itself, too
	src := opsi.New(opsi.Parts{Server: client})
	defer func() { _ = src.Close() }() // it has nothing to report
	var w opsi.Wanted
	if err := src.Poll(ctx, func(now opsi.Wanted) error { w = now; return nil }); err != nil {
		return apitypes.Readiness{}, err
	}
	m := host.New(host.Options{OwnUserOnly: os.Geteuid() != 0})
	d := apitypes.Readiness{Schema: schemaReadiness, At: time.Now().UTC(), Server: client.Place(), HostID: client.HostID(), Depot: c.Source.Depot,
		OwnUserOnly: os.Geteuid() != 0, Products: []apitypes.ReadyProduct{}, Gone: filled(w.Gone)}
	look := look{config: c, source: src, reader: readerHere(c, m), machine: m}
	if c.Source.Depot == "" {
		files, err := a.filesOf(c.Source, src)
		if err != nil {
			return apitypes.Readiness{}, err
		}
		defer files.end()
		look.fetch, look.reader.Depot = files.Metadata, files.dir
	}
	for _, req := range inTurn(w) {
		p, err := look.product(ctx, req)
		if err != nil {
			return apitypes.Readiness{}, err
		}
		d.Products = append(d.Products, p)
	}
	return d, nil
}

// clientOf is this machine at its server.
func (a *app) clientOf(s config.Source) (*opsi.Client, error) {
	who, roots, err := identity(s)
	if err != nil {
		return nil, err
	}
	client, err := opsi.NewClient(opsi.Options{Server: s.URL, Credentials: who, Roots: roots, Program: "quietsetup/" + a.Version, Timeout: time.Minute})
	if err != nil {
		return nil, ofKeyFile(err)
	}
	return client, nil
}

// identity is who we are at the server, and whom we trust; nil = whom the system does.
func identity(s config.Source) (who opsi.Credentials, roots *x509.CertPool, err error) {
	if who, err = opsi.ReadCredentials(s.KeyFile, s.HostID, config.CheckSecret); err != nil {
		return who, nil, ofKeyFile(err)
	}
	if s.CAFile != "" {
		if roots, err = opsi.ReadRoots(s.CAFile, config.CheckOwner); err != nil {
			return who, nil, ofKeyFile(err)
		}
	}
	return who, roots, nil
}

// files are what a look fetches from the depot, for as long as it takes.
type files struct {
	*depotfiles.Cache
	dir string
}

// filesOf makes a place for them: what the service keeps is the service's.
func (a *app) filesOf(s config.Source, src *opsi.Source) (*files, error) {
	who, roots, err := identity(s)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "quietsetup-readiness-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for metadata: %w", err)
	}
	cache, err := depotfiles.New(depotfiles.Options{Dir: filepath.Join(dir, "depot"), Server: src.DepotURL, Control: src.Control, HTTP: opsi.NewHTTP(roots), Credentials: who,
		Program: "quietsetup/" + a.Version, FreeSpace: host.FreeSpace})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &files{cache, filepath.Join(dir, "depot")}, nil
}

func (f *files) end() {
	_ = f.Close() // the session ends by itself, too
	_ = os.RemoveAll(filepath.Dir(f.dir))
}

// ofKeyFile gives what is wrong with the files that say who we are, and whom to
// trust, its exit code.
func ofKeyFile(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return err
	}
	return &coded{code: exitInvalid, err: err}
}

// inTurn are the requests that want something, in the order in which they are done.
func inTurn(w opsi.Wanted) []events.Request {
	place := map[string]int{}
	if w.Order != nil {
		for i, id := range w.Order.Sequence {
			place[id] = i
		}
	}
	out := slices.DeleteFunc(slices.Clone(w.Requests), func(r events.Request) bool { return r.Row.ActionRequest == events.ActionNone })
	slices.SortStableFunc(out, func(x, y events.Request) int { return cmp.Compare(place[x.Row.ProductID], place[y.Row.ProductID]) })
	return out
}

// look is what a look at products works with.
type look struct {
	config  config.Config
	source  *opsi.Source
	reader  metadata.Reader
	machine *host.Machine
	fetch   func(ctx context.Context, product string) error // brings a product's metadata to the reader's depot; nil = it is there
}

// product looks at one product.
func (l look) product(ctx context.Context, req events.Request) (apitypes.ReadyProduct, error) {
	id, action := req.Row.ProductID, req.Row.ActionRequest
	src, reader, m := l.source, l.reader, l.machine
	p := apitypes.ReadyProduct{Product: id, Action: string(action), Version: req.Target(), Requires: filled(req.Requires), Asks: []apitypes.ReadyAsk{}}
	var refused *depotfiles.Refused
	if l.fetch != nil {
		if err := l.fetch(ctx, id); err != nil && !errors.As(err, &refused) {
			return p, err
		}
	}
	pkg, problem, err := reader.Load(id)
	if err != nil {
		return p, err
	}
	set := src.Settings()
	policy, _ := l.config.Policy(id, pkg.Policy, set.For(id)...)
	if refused != nil {
		problem = refused.Problem()
	}
	defect := problem
	if problem == nil {
		problem = src.Place(id)
	}
	p.Name, p.State = pkg.Name, string(readiness.StateOf(pkg.Package, defect, mistakesOf(reader, id, defect), action))
	seen := checks.LookAtPeople(ctx, m)
	if problem == nil {
		seen = checks.Look(ctx, m, pkg.Package)
	} else {
		p.Problem = problem.Message
	}
	would, err := readiness.Round(req, policy, pkg.Package, problem, seen)
	if err != nil {
		return p, err
	}
	if slices.Contains(set.Held, opsi.Everything) || slices.Contains(set.Held, id) {
		would = readiness.Answer{Would: readiness.Waits, Reason: events.ReasonHeld, Detail: "config id quietsetup.hold"}
	}
	p.Would, p.Reason, p.Detail = string(would.Would), string(would.Reason), would.Detail
	for _, ask := range would.Asks {
		one := apitypes.ReadyAsk{Session: ask.Session, Owner: ask.Owner, Programs: []string{}}
		for _, s := range seen.Sessions {
			if s.ID == ask.Session {
				one.User = view.Open(nil)(s.User)
			}
		}
		for _, x := range ask.Programs {
			if !slices.Contains(one.Programs, x.Name) {
				one.Programs = append(one.Programs, x.Name)
			}
		}
		p.Asks = append(p.Asks, one)
	}
	return p, nil
}

// mistakesOf are all of a package that has a problem.
func mistakesOf(reader metadata.Reader, id string, problem *events.Problem) []tomlfile.Mistake {
	if problem == nil {
		return nil
	}
	root, err := os.OpenRoot(filepath.Join(reader.Depot, id))
	if err != nil {
		return nil
	}
	defer root.Close()
	x, err := reader.Examine(root, id)
	if err != nil {
		return nil
	}
	return x.Mistakes
}

func (a *app) printReadiness(d apitypes.Readiness) {
	if !a.csv() {
		for _, id := range d.Gone {
			a.say("readiness.gone", i18n.Data{"Product": id})
		}
		if d.OwnUserOnly {
			a.say("readiness.own_user", nil)
		}
		if len(d.Products) == 0 {
			a.say("readiness.nothing", i18n.Data{"Server": d.Server})
			return
		}
	}
	t := a.table(readinessColumns()...)
	for _, p := range d.Products {
		t.row(p.Product, p.Action, p.Version, told{a.words.Text("readystate."+p.State, nil), p.State}, told{a.words.Text("would."+p.Would, nil), p.Would}, a.readyWhy(p))
	}
	t.print()
}

// readyWhy says whom it would ask or what it waits for.
func (a *app) readyWhy(p apitypes.ReadyProduct) told {
	switch {
	case p.Problem != "":
		return told{p.Problem, p.Problem}
	case p.Reason != "":
		shown := a.words.Reason(p.Reason)
		if p.Detail != "" {
			shown += ": " + a.words.Detail(p.Reason, p.Detail)
		}
		return told{shown, strings.TrimSuffix(p.Reason+": "+p.Detail, ": ")}
	}
	var out []string
	for _, x := range p.Asks {
		out = append(out, cmp.Or(x.User, x.Owner)+" ("+strings.Join(x.Programs, ", ")+")")
	}
	return told{strings.Join(out, "; "), strings.Join(out, "; ")}
}
