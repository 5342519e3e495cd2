// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
)

// maxRows is more products than any client has.
const maxRows = 20000

// Wanted is what the server wants.
type Wanted struct {
	Requests []events.Request // by product; also rows that want nothing
	Order    *events.Order    // of everything that is wanted; nil = nothing is
	// Gone are products that are wanted and that the client's depot does not have.
	// Nothing is said of them in Requests: a run that is open stays open, and finds
	// out when it reads the package.
	Gone []string
}

// filter is the last parameter of the server's reading methods.
type filter map[string]any

// onDepot are the fields that are read of a product on a depot.
func onDepot() []string {
	return []string{"productId", "productVersion", "packageVersion", "depotId"}
}

// clientDepot is the answer of configState_getClientToDepotserver.
type clientDepot struct {
	ClientID string `json:"clientId"`
	DepotID  string `json:"depotId"`
}

// look reads rows and, if something is wanted, what the depot has: at most two
// requests.
func (s *Source) look(ctx context.Context) (Wanted, error) {
	me := s.parts.Server.HostID()
	var sequenced, asked []Row
	var depots []clientDepot
	calls := []*Call{
		// Without the names of attributes: with them the sequence would be missing.
		{Method: "productOnClient_getObjectsWithSequence", Params: []any{[]string{}, filter{"clientId": me, "productType": localboot}}, Into: &sequenced, Reads: true},
		// The sequence leaves out what the depot does not have, and may show a request
		// as none that gives way to another product. So the rows are read as they are, too.
		{Method: "productOnClient_getObjects", Params: []any{[]string{}, filter{"clientId": me, "productType": localboot, "actionRequest": events.Actions()}}, Into: &asked, Reads: true},
		s.depotCall(&depots),
	}
	var set settingsAnswer
	about := s.settingsCalls(&set)
	l := looked{me: me, warned: map[string]bool{}, warn: s.warnOnce}
	err := s.parts.Server.Do(ctx, slices.Concat(calls, about)...)
	if err == nil {
		s.learn(about, set, l.say) // a hold counts also where the rows cannot be read
		err = firstErr(calls)
	}
	if errors.Is(err, ErrMethod) {
		return Wanted{}, fmt.Errorf("it is older than opsi 4.3: %w", err)
	} else if err != nil {
		return Wanted{}, err
	}
	if len(sequenced) > maxRows || len(asked) > maxRows {
		return Wanted{}, fmt.Errorf("%w: more than %d rows", ErrAnswer, maxRows)
	}
	depot, err := depotOf(depots, me)
	if err != nil {
		return Wanted{}, err
	}
	l.depot = depot
	rows := l.merge(sequenced, asked)
	if ids := l.wanted(rows); len(ids) > 0 {
		var properties map[string]map[string]map[string][]any
		of := s.propertiesCall(ids, &properties)
		if l.offers, err = s.offers(ctx, depot, ids, of); err != nil {
			return Wanted{}, err
		}
		s.learnProperties(of, properties, l.say)
	}
	w, p, err := l.requests(rows)
	if err != nil {
		return Wanted{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.depot, s.plan, s.said = depot, &p, l.warned
	if l.offers.depot != "" {
		s.offered = l.offers
	}
	return w, nil
}

// depotCall asks for the depot of this client.
func (s *Source) depotCall(into *[]clientDepot) *Call {
	return &Call{Method: "configState_getClientToDepotserver", Params: []any{[]string{}, []string{s.parts.Server.HostID()}}, Into: into, Reads: true}
}

// ask makes calls of which each must succeed, and in the same request others that
// may fail.
func ask(ctx context.Context, server Server, calls []*Call, others ...*Call) error {
	if err := server.Do(ctx, slices.Concat(calls, others)...); err != nil {
		return err
	}
	return firstErr(calls)
}

func firstErr(calls []*Call) error {
	for _, c := range calls {
		if c.Err != nil {
			return c.Err
		}
	}
	return nil
}

// offers reads what the depot has of the products that are wanted, and its
// versions of all: a dependency may name one of those. Calls beside go along, and
// may fail.
func (s *Source) offers(ctx context.Context, depot string, ids []string, beside ...*Call) (offers, error) {
	var versions []version
	var depots []depotObject
	o := offers{depot: depot}
	where := hostCall(depot, &depots)
	calls := []*Call{
		{Method: "productOnDepot_getObjects", Params: []any{onDepot(), filter{"depotId": depot, "productType": localboot}}, Into: &versions, Reads: true},
		{Method: "product_getObjects", Params: []any{[]string{"id", "productVersion", "packageVersion", "priority", "name", "setupScript", "updateScript", "uninstallScript", "alwaysScript", "onceScript", "customScript"}, filter{"id": ids}}, Into: &o.products, Reads: true},
		{Method: "productDependency_getObjects", Params: []any{[]string{}, filter{"productId": ids}}, Into: &o.dependencies, Reads: true},
	}
	err := s.parts.Server.Do(ctx, slices.Concat(calls, []*Call{where}, beside)...)
	if err == nil {
		err = firstErr(calls)
	}
	o.versions = onTheDepot(versions, depot)
	if where.Err == nil {
		o.address = addressOf(depots, depot)
	}
	return o, err
}

func onTheDepot(versions []version, depot string) map[string]version {
	out := make(map[string]version, len(versions))
	for _, v := range versions {
		if v.DepotID == depot {
			out[v.ProductID] = v
		}
	}
	return out
}

func depotOf(depots []clientDepot, me string) (string, error) {
	for _, d := range depots {
		if strings.EqualFold(d.ClientID, me) && d.DepotID != "" {
			return d.DepotID, nil
		}
	}
	return "", fmt.Errorf("%w: it names no depot for %s", ErrAnswer, me)
}

// warnOnce tells what was not said after the look before.
func (s *Source) warnOnce(product, line string) {
	s.mu.Lock()
	known := s.said[product+": "+line]
	s.mu.Unlock()
	if !known {
		s.parts.Warn(product, line)
	}
}

// looked is what one look brought.
type looked struct {
	me, depot string
	offers    offers
	gone      []string
	warned    map[string]bool
	warn      func(product, line string)
}

func (l *looked) say(product, line string) {
	l.warned[product+": "+line] = true
	l.warn(product, line)
}

// merge gives each row of the client that can be used once, in the server's
// sequence. What is wanted is as in asked, but for what the server's sequence leaves
// out: the removal of what another product needs, say. The server does nothing about
// that, so it is not wanted for now.
func (l *looked) merge(sequenced, asked []Row) []Row {
	want := make(map[string]Row, len(asked))
	for _, r := range asked {
		if l.mine(r) && r.state().ActionRequest != events.ActionNone {
			want[r.ProductID] = r
		}
	}
	slices.SortStableFunc(sequenced, func(a, b Row) int { return cmp.Compare(place(a), place(b)) })
	seen := map[string]bool{}
	var rows []Row
	for _, r := range sequenced {
		if !l.mine(r) || seen[r.ProductID] {
			continue
		}
		seen[r.ProductID] = true
		w, wanted := want[r.ProductID]
		switch {
		case wanted && r.ActionSequence != nil && *r.ActionSequence < 0:
			l.say(line(r.ProductID), fmt.Sprintf("%s is wanted, but gives way to what another product needs of it", line(string(w.ActionRequest))))
			r = w
			r.ActionRequest = events.ActionNone
		case wanted:
			r = w
		case r.state().ActionRequest != events.ActionNone:
			continue // it changed between the two calls: the next look knows
		}
		r.Report = r.state()
		if err := valid(r.Report); err != nil {
			l.say(line(r.ProductID), "the row on the server cannot be used: "+err.Error())
			continue
		}
		rows = append(rows, r)
	}
	for _, r := range asked {
		if l.mine(r) && !seen[r.ProductID] {
			seen[r.ProductID] = true
			id := line(r.ProductID)
			if productid.Check(r.ProductID) == nil {
				l.gone = append(l.gone, id)
			}
			l.say(id, fmt.Sprintf("%s is wanted, but the depot %s does not have the product", line(string(r.ActionRequest)), line(l.depot)))
		}
	}
	return rows
}

// mine reports whether a row is one of this client's that is worked on here. What
// boots from the network is not.
func (l *looked) mine(r Row) bool {
	return r.ProductType == localboot && strings.EqualFold(r.ClientID, l.me)
}

// place is a row's number in the server's sequence; what has none comes last.
func place(r Row) int {
	if r.ActionSequence == nil || *r.ActionSequence < 0 {
		return math.MaxInt
	}
	return *r.ActionSequence
}

func (l *looked) wanted(rows []Row) []string {
	var ids []string
	for _, r := range rows {
		if r.ActionRequest != events.ActionNone {
			ids = append(ids, r.ProductID)
		}
	}
	return ids
}

// requests makes requests and their order of rows.
func (l *looked) requests(rows []Row) (Wanted, plan, error) {
	wanted, priority := map[string]events.Action{}, map[string]int{}
	w := Wanted{}
	var sequence []string
	for _, r := range rows {
		req := events.Request{Row: r.Report}
		if a := r.ActionRequest; a != events.ActionNone {
			v := l.offers.versions[r.ProductID]
			if err := valid(events.Report{ProductID: r.ProductID, InstallationStatus: events.StatusUnknown, ActionResult: events.ResultNone, ActionRequest: a,
				LastAction: events.ActionNone, ProductVersion: v.ProductVersion, PackageVersion: v.PackageVersion}); err != nil || v.text() == "" {
				l.say(r.ProductID, fmt.Sprintf("the depot %s names no version of it that can be used", line(l.depot)))
				l.gone = append(l.gone, r.ProductID)
				continue
			}
			wanted[r.ProductID], priority[r.ProductID] = a, l.offers.priority(r.ProductID, a)
			req.ProductVersion, req.PackageVersion, req.Priority = v.ProductVersion, v.PackageVersion, priority[r.ProductID]
			sequence = append(sequence, r.ProductID)
		}
		w.Requests = append(w.Requests, req)
	}
	p, err := planOf(sequence, priority, l.offers.ties(wanted, l.say))
	if err != nil {
		return Wanted{}, plan{}, err
	}
	for _, text := range p.warnings {
		l.say("", text)
	}
	for i := range w.Requests {
		for _, x := range p.ties {
			if id := w.Requests[i].Row.ProductID; x.later == id && !slices.Contains(w.Requests[i].Requires, x.first) {
				w.Requests[i].Requires = append(w.Requests[i].Requires, x.first)
			}
		}
	}
	slices.SortFunc(w.Requests, func(a, b events.Request) int { return cmp.Compare(a.Row.ProductID, b.Row.ProductID) })
	slices.Sort(l.gone)
	w.Order, w.Gone = p.order(), slices.Compact(l.gone)
	return w, p, nil
}
