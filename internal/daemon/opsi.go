// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/effects"
	"github.com/quietsetup/quietsetup/internal/host"
	"github.com/quietsetup/quietsetup/internal/installer"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/opsiclientd"
	"github.com/quietsetup/quietsetup/internal/opsiscript"
	"github.com/quietsetup/quietsetup/internal/policy"
	"github.com/quietsetup/quietsetup/internal/source/local"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
	"github.com/quietsetup/quietsetup/internal/source/opsi/depotfiles"
	"github.com/quietsetup/quietsetup/internal/source/packages"
)

// fromServer is the actor of what the site set at its server.
const fromServer = "server"

// server is a source behind an opsi config server. The opsi source keeps looks and
// reports apart by itself and gathers reports.
type server struct {
	opsi     *opsi.Source
	client   *opsi.Client
	packages packages.Reader
	files    files   // nil = the depot is mounted
	brought  brought // files, just before a start
	// aside is where who only wants to know brings what says what a product is. In files
	// that could take the place of a tree that people were asked for, or that is run.
	aside   files
	glances packages.Reader // of aside
	parts   parts
	runner  opsiscript.Runner  // of products that are scripts
	mounted *packages.Patience // of the depot where scripts see it
	agent   *handOver          // opsi's own agent on this machine

	mu     sync.Mutex
	gone   []string           // wanted, and not on the depot
	wants  map[string]bool    // wanted in the last look
	stale  []string           // whose rows told in the last look of a wait, and wanted nothing
	failed map[string]failure // reports whose last try failed, by product
}

// files brings the files of a depot to this machine.
type files interface {
	// Metadata brings what says what a product is.
	Metadata(ctx context.Context, product string) error
	// Whole brings everything of a product.
	Whole(ctx context.Context, product string) error
	// Verify returns nil if all of a product that was brought is as it was.
	Verify(ctx context.Context, product string) error
	// Sweep takes away what keep does not name.
	Sweep(keep func(product string) bool) error
	io.Closer
}

// shared are packages of a machine on which opsi-script asks people too, by its own
// background check. Two programs would ask, close and install side by side. So
// while that is on, nothing of ours is done while people are there.
type shared struct {
	packages.Depot
	on func() bool
}

// Load reads a package.
func (s shared) Load(id string) (metadata.Package, *events.Problem, error) {
	pkg, problem, err := s.Depot.Load(id)
	if s.on() {
		pkg.Background = false
	}
	return pkg, problem, err
}

// failure is how the last try of a report ended.
type failure struct {
	report events.Report
	class  string
}

// credentials reads what the server knows this client by. A file that is not there, or
// not whole, is waited for for a moment: an update of opsi's agent writes it anew.
func credentials(ctx context.Context, c config.Source) (opsi.Credentials, error) {
	for tries := 0; ; tries++ {
		who, err := opsi.ReadCredentials(c.KeyFile, c.HostID, config.CheckSecret)
		if tries == 3 || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, opsi.ErrCredentials) {
			return who, err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return who, ctx.Err()
		}
	}
}

// openServer opens a source behind a server. It asks the server nothing yet.
func (d *depot) openServer(ctx context.Context, p parts, stateDir, version string) error {
	c := p.config.Source
	wrong := func(key string, err error) error {
		if errors.Is(err, fs.ErrPermission) && !errors.Is(err, opsi.ErrLooseFile) {
			return fmt.Errorf("%s: source.%s: %w", p.config.Place("source."+key), key, err)
		}
		return fmt.Errorf("%w: %s: source.%s: %w", config.ErrInvalid, p.config.Place("source."+key), key, err)
	}
	who, err := credentials(ctx, c)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return wrong("key_file", err)
	}
	var roots *x509.CertPool
	if c.CAFile != "" {
		if roots, err = opsi.ReadRoots(c.CAFile, config.CheckOwner); err != nil {
			return wrong("ca_file", err)
		}
	}
	client, err := opsi.NewClient(opsi.Options{Server: c.URL, Credentials: who, Roots: roots, Program: "quietsetup/" + version})
	if err != nil {
		return wrong("url", err)
	}
	folder := filepath.Join(stateDir, "opsi")
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot make the folder of what the server set: %w", err)
	}
	runs, err := opsiscript.MakeFolder(stateDir)
	if err != nil {
		return err
	}
	s := &server{client: client, parts: p, failed: map[string]failure{}}
	d.machine = p.machine(func() []policy.Layer { return s.opsi.Settings().Layers })
	d.known = func() bool { return s.opsi.Settings().Known }
	s.opsi = opsi.New(opsi.Parts{Server: client, Folder: folder, Warn: p.warn, Scripted: s.scripted,
		Style: func() opsi.Style {
			m, _ := d.machine()
			return opsi.Style(m.ReportStyle)
		}})
	s.runner = opsiscript.Runner{Program: c.OpsiScript, System: runtime.GOOS, Site: opsiscript.Site{URL: client.Place() + "/rpc", ClientID: who.HostID, Depot: cmp.Or(c.Depot, mountOf(c.KeyFile))}, Key: who.Key.Reveal,
		Folder: runs, Rows: s.opsi, Wishes: wishes()}
	depot := c.Depot
	if depot == "" {
		depot = filepath.Join(stateDir, "depot")
		o := depotfiles.Options{Dir: depot, Server: s.opsi.DepotURL, Control: s.opsi.Control, HTTP: opsi.NewHTTP(roots), Credentials: who,
			Program: "quietsetup/" + version, FreeSpace: host.FreeSpace, Warn: p.warn,
			BytesPerSecond: func() int64 {
				m, _ := d.machine()
				return m.Bandwidth
			}}
		own, err := depotfiles.New(o)
		if err != nil {
			return errors.Join(err, s.Close())
		}
		s.files, s.brought = own, own
		o.Dir = filepath.Join(stateDir, "opsi", "aside")
		aside, err := depotfiles.New(o)
		if err != nil {
			return errors.Join(err, s.Close())
		}
		s.aside, d.glance = aside, s.glance
	}
	s.packages = packages.Reader{Depot: shared{p.reader(depot), func() bool { return s.opsi.Settings().Theirs }}, Policy: p.policy(func(product string) []policy.Layer { return s.opsi.Settings().For(product) }), CheckCommand: installer.CheckCommand,
		Place: func(id string) (*events.Problem, error) { return s.opsi.Place(id), nil }, Script: s.script, Warn: p.warn, Patience: packages.NewPatience(patience)}
	s.mounted = packages.NewPatience(patience / 3) // given up before its product's Prepare is
	s.glances = s.packages
	s.glances.Depot = shared{p.reader(filepath.Join(stateDir, "opsi", "aside")), func() bool { return s.opsi.Settings().Theirs }}
	s.glances.CheckCommand = func(string, []string) error { return nil }
	s.agent = &handOver{system: runtime.GOOS, conf: opsiclientd.Place(runtime.GOOS, c.KeyFile), stateDir: stateDir, client: who.HostID, warn: p.warn}
	s.agent.look(s.opsi.Settings().Processor) // as the server was last known
	d.source, d.about, d.obey, d.tidy, d.retry = s, s.about, s.obey, s.tidy, client.Retry
	bad := 0
	d.pause = func(err error) time.Duration {
		if err == nil {
			bad = 0
			return opsi.PollPause(c.Poll, rand.Float64())
		}
		// A server that answers and cannot do what it is asked keeps nobody back by
		// itself, and must not be asked by a whole site each second.
		again := min(c.Poll, time.Second<<min(bad, 12))
		bad++
		return max(client.Rest(), again+time.Duration(rand.Float64()*float64(again)/2))
	}
	return nil
}

// Close gives up reports on their way; they are due again after the next start.
func (s *server) Close() error {
	err := errors.Join(s.opsi.Close(), s.client.Close())
	for _, f := range []files{s.files, s.aside} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

// Poll hands over every row. It waits for who reports, and they for it.
func (s *server) Poll(ctx context.Context, take func(wanted) error) error {
	err := s.opsi.Poll(ctx, func(w opsi.Wanted) error {
		s.mu.Lock()
		s.gone, s.wants, s.stale = w.Gone, map[string]bool{}, nil
		for _, r := range w.Requests {
			s.wants[r.Row.ProductID] = r.Row.ActionRequest != events.ActionNone
			if s.opsi.Stale(r.Row) {
				s.stale = append(s.stale, r.Row.ProductID)
			}
		}
		s.mu.Unlock()
		return take(wanted{s.settledRows(w.Requests), w.Order})
	})
	s.agent.look(s.opsi.Settings().Processor)
	return renamed(err, s.client.HostID(), s.client.Seen().HostID)
}

// renamed says why a look failed at a server that knows this client by another name:
// it shows a client its own rows alone, so under the old one there is nothing.
func renamed(err error, here, there string) error {
	if err == nil || there == "" || errors.Is(err, opsi.ErrWaiting) {
		return err
	}
	return fmt.Errorf("the server knows this client as %s, not as %s: write that in source.host_id and restart the service: %w", there, here, err)
}

// settledRows leaves out rows that want nothing while opsi-script works on their
// product: it takes the request back itself, sometimes to lose it (a script that puts
// itself off), so such a row says nothing of what anybody wants. The run's end does.
func (s *server) settledRows(rows []events.Request) []events.Request {
	works := map[string]bool{}
	s.parts.view(func(c *fsm.Client) {
		for _, r := range rows {
			p := c.Product(r.Row.ProductID)
			works[r.Row.ProductID] = p != nil && p.Phase == events.PhaseInstalling && p.Outcome == "" && p.Package.Script != ""
		}
	})
	return slices.DeleteFunc(slices.Clone(rows), func(r events.Request) bool {
		return r.Row.ActionRequest == events.ActionNone && works[r.Row.ProductID]
	})
}

// tidy brings rows to the truth that tell of a wait while nothing waits: of a request
// that was taken back there is no report. It is for after a look, so that a run that
// the look has ended is over here, too.
func (s *server) tidy(ctx context.Context) {
	s.mu.Lock()
	stale := s.stale
	s.stale = nil // the next look tells what is left
	s.mu.Unlock()
	s.parts.view(func(c *fsm.Client) {
		stale = slices.DeleteFunc(stale, func(id string) bool {
			p := c.Product(id)
			return p != nil && (p.Phase != events.PhaseReported || len(p.Owed) > 0) // a report is to come
		})
	})
	if len(stale) == 0 {
		return
	}
	if err := s.opsi.Tidy(ctx, stale); err != nil && ctx.Err() == nil {
		s.parts.warn("", err.Error())
	}
}

// Ask refuses: the row at the server is the request, and it belongs to the site's
// administrators. One that came from here would look like theirs.
func (s *server) Ask(_ context.Context, product string, a events.Action, _ bool, _ func(wanted) error) (local.Asked, error) {
	return local.Asked{}, &apitypes.Error{Code: apitypes.CodeRefused, Message: "requests for this machine are made at its opsi server, " + s.client.Place(),
		Hint: fmt.Sprintf("set %s to %s in opsi-configed, or run there: opsi-admin -d method setProductActionRequest %s %s %s; then here: quietsetup sync",
			product, a, product, s.client.HostID(), a)}
}

// Report writes a report into the row at the server. That it fails is returned
// once, also while the server is only left alone. The same report then stays here
// as long as it fails in the same way: the pace of its tries is that of everything
// that asks the server, and it goes as soon as the server answers again.
func (s *server) Report(ctx context.Context, r events.Report, req events.Request, done func() error) error {
	for {
		err := s.client.Waiting()
		if err == nil || s.fails(r, err) {
			err = s.opsi.Report(ctx, r, req, done) // waits until the server may be asked
		} else {
			err = fmt.Errorf("cannot report %s: %w", r.ProductID, err)
		}
		known := s.fails(r, err)
		s.note(r, err)
		switch {
		case errors.Is(err, opsi.ErrRefused):
			return fmt.Errorf("%w: %w", effects.ErrRefused, err)
		case err == nil, !known, ctx.Err() != nil, s.client.Waiting() == nil: // else nothing would slow it down
			return err
		}
	}
}

// fails reports whether the last try of the report ended in the same way.
func (s *server) fails(r events.Report, err error) bool {
	class := classOf(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	return class != "" && s.failed[r.ProductID] == (failure{r, class})
}

// note remembers how the last try of a report ended.
func (s *server) note(r events.Report, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		delete(s.failed, r.ProductID)
		return
	}
	s.failed[r.ProductID] = failure{r, classOf(err)}
}

// about tells what is known of the server.
func (s *server) about(to *apitypes.Source) {
	seen, set := s.client.Seen(), s.opsi.Settings()
	to.Kind, to.Place = config.Opsi, s.client.Place()
	if rest := s.client.Rest(); rest > 0 {
		again := time.Now().Add(rest).UTC()
		to.Again = &again
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	to.Server = &apitypes.Server{HostID: s.client.HostID(), KnownAs: seen.HostID, Version: seen.Version, Role: seen.Role, Ahead: apitypes.SecondsOf(seen.Ahead),
		Gone: slices.Clone(s.gone), Held: set.Held, AsksToo: set.Theirs, EventsLost: s.agent.gone(), Ignored: set.Bad}
}

// obey places and takes back the holds that the site set by config id. What an
// administrator of this machine held stays.
func (s *server) obey(ctx context.Context) error {
	set := s.opsi.Settings()
	if !set.Known { // that nothing is known does not mean that nothing is held
		return nil
	}
	want := map[string]bool{}
	for _, id := range set.Held {
		if id == opsi.Everything {
			id = ""
		}
		want[id] = true
	}
	var place, release []string
	s.parts.view(func(c *fsm.Client) {
		look := func(id string, h *fsm.Hold) {
			switch {
			case want[id] && h == nil:
				place = append(place, id)
			case !want[id] && h != nil && h.Actor == fromServer:
				release = append(release, id)
			}
		}
		look("", c.Hold)
		for _, id := range slices.Sorted(maps.Keys(c.Products)) {
			look(id, c.Products[id].Hold)
		}
	})
	const why = "config id quietsetup.hold"
	for _, id := range place {
		if _, err := s.parts.submit(ctx, fromServer, events.HoldRequested{Product: id, Reason: why}); err != nil && !errors.Is(err, fsm.ErrNothing) {
			return fmt.Errorf("cannot hold %q: %w", id, err)
		}
	}
	for _, id := range release {
		if _, err := s.parts.submit(ctx, fromServer, events.ReleaseRequested{Product: id, Reason: why}); err != nil && !errors.Is(err, fsm.ErrNothing) {
			return fmt.Errorf("cannot release %q: %w", id, err)
		}
	}
	if err := s.hurry(ctx, set); err != nil {
		return err
	}
	s.sweep()
	return nil
}

// hurry lets go on at once what rests after a question and has become urgent, or has
// a deadline since that has passed. The round that follows goes by the policy that
// says so; what it leads to is not hurried again, or people would be asked with every
// look.
func (s *server) hurry(ctx context.Context, set opsi.Settings) error {
	goOn := map[string]string{}
	s.parts.view(func(c *fsm.Client) {
		for id, p := range c.Products {
			if c.Hold != nil || p.Hold != nil || !p.Waiting() || p.Wait == nil || !rests(p.Wait.Reason) {
				continue
			}
			now, _ := s.parts.config.Policy(id, policy.Layer{}, set.For(id)...)
			switch end, err := time.Parse(time.RFC3339, now.Deadline); {
			case now.Urgent && !p.Policy.Urgent:
				goOn[id] = "it is urgent"
			case err == nil && now.Deadline != p.Policy.Deadline && !time.Now().Before(end):
				goOn[id] = "its deadline has passed"
			}
		}
	})
	for _, id := range slices.Sorted(maps.Keys(goOn)) {
		_, err := s.parts.submit(ctx, fromServer, events.ResumeRequested{Product: id, Reason: goOn[id]})
		if err != nil && !errors.Is(err, fsm.ErrNothing) && !errors.Is(err, fsm.ErrRefused) {
			return fmt.Errorf("cannot let %s go on: %w", id, err)
		}
	}
	return nil
}

// rests: the wait is an interval after somebody was asked, or could not be.
func rests(r events.Reason) bool {
	switch r {
	case events.ReasonUser, events.ReasonTimeout, events.ReasonUnanswered, events.ReasonRecheckLimit, events.ReasonDeferLimit,
		events.ReasonPromptInterval, events.ReasonOperator:
		return true
	}
	return false
}

// classOf is the class of an error of a server, "" for any other.
func classOf(err error) string {
	for _, c := range []struct {
		err   error
		class string
	}{
		{opsi.ErrUnreachable, "unreachable"},
		{opsi.ErrCertificate, "certificate"},
		{opsi.ErrLogin, "login"},
		{opsi.ErrBlocked, "blocked"},
		{opsi.ErrBusy, "busy"},
		{opsi.ErrServer, "failed"},
		{opsi.ErrRejected, "rejected"},
		{opsi.ErrAnswer, "answer"},
	} {
		if errors.Is(err, c.err) {
			return c.class
		}
	}
	return ""
}
