// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"cmp"
	"errors"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// Config ids of a server that say something about this program. Those of opsi's own
// background installation are read too: a site that used it has made up its mind.
const (
	ourIDs    = "quietsetup."
	theirIDs  = "opsi-script.backgroundinstall."
	theirs    = theirIDs + "active"
	idHold    = ourIDs + "hold"
	idMode    = ourIDs + "mode"
	idUrgent  = ourIDs + "urgent"
	idDates   = ourIDs + "deadlines"
	maxValues = 1000 // of all ids; there are some thirty

	// ofProduct begins the names of product properties that say something about this
	// program; what follows is a key of the policy.
	ofProduct = "quietsetup_"
)

// Everything is the word for all products in quietsetup.hold and the other lists.
const Everything = "all"

// Settings are what a site says about this client by config ids.
type Settings struct {
	Known bool // the server has told them, to this process or an earlier one
	// Layers of the policy, weakest first. opsi's own ids are weaker than ours,
	// whoever set them.
	Layers []policy.Layer
	// Products are more layers of single products; those of Everything are for all,
	// and weaker.
	Products map[string][]policy.Layer
	// Theirs: opsi-script's own background check is on for this client, so people
	// would be asked twice.
	Theirs bool
	// Processor is what opsiclientd is to run for its events, "" = nothing is said here.
	Processor string
	// Held are the products that must be left alone, in order; Everything stands for
	// all of them.
	Held []string
	// Bad are values that do not count and are no policy, one line each.
	Bad []string
}

// For is what the site says about a product, weakest first.
func (s Settings) For(product string) []policy.Layer {
	return slices.Concat(s.Layers, s.Products[Everything], s.Products[product])
}

// Setting is the value of a config id for this client.
type Setting struct {
	Origin policy.Origin `json:"origin"` // who set it: server, depot, client
	Values []any         `json:"values"` // strings and bools
}

// configObject is a config with its default.
type configObject struct {
	ID            string `json:"id"`
	DefaultValues []any  `json:"defaultValues"`
}

// configState is a value that was set for a client or a depot.
type configState struct {
	ConfigID string `json:"configId"`
	ObjectID string `json:"objectId"`
}

// settingsAnswer are the answers about config ids.
type settingsAnswer struct {
	defaults  []configObject
	effective map[string]map[string][]any // by client, by id
	own       []configState
}

// settingsCalls ask for config ids. The server's own resolution gives the value
// that counts; the other two say who set it.
func (s *Source) settingsCalls(a *settingsAnswer) []*Call {
	me, ids := s.parts.Server.HostID(), []string{ourIDs + "*", theirIDs + "*", ProcessorID}
	return []*Call{
		{Method: "config_getObjects", Params: []any{[]string{"id", "defaultValues"}, filter{"id": ids}}, Into: &a.defaults, Reads: true},
		{Method: "configState_getValues", Params: []any{ids, []string{me}, true}, Into: &a.effective, Reads: true},
		{Method: "configState_getObjects", Params: []any{[]string{"configId", "objectId"}, filter{"configId": ids, "objectId": me}}, Into: &a.own, Reads: true},
	}
}

// propertiesCall asks for what the site set in properties of products. One client is
// asked for in one call: asked for several, a server mixes what is set for one into
// the others' (opsi 4.3, of one depot).
func (s *Source) propertiesCall(products []string, into *map[string]map[string]map[string][]any) *Call {
	var names []string
	for _, k := range policy.Keys() {
		names = append(names, ofProduct+k.Name)
	}
	return &Call{Method: "productPropertyState_getValues", Params: []any{products, names, []string{s.parts.Server.HostID()}, true}, Into: into, Reads: true}
}

// propertiesOf are those of one client.
func propertiesOf(answer map[string]map[string]map[string][]any, me string) map[string]map[string][]any {
	out := map[string]map[string][]any{}
	for client, products := range answer {
		if !strings.EqualFold(client, me) {
			continue
		}
		for product, values := range products {
			for name, v := range values {
				if productid.Check(product) == nil && len(v) > 0 && strings.HasPrefix(strings.ToLower(name), ofProduct) && len(out) < maxRows {
					if out[product] == nil {
						out[product] = map[string][]any{}
					}
					out[product][name] = v[:1]
				}
			}
		}
	}
	return out
}

// isRead reports whether an id says something about this program.
func isRead(id string) bool {
	return id == ProcessorID || strings.HasPrefix(id, ourIDs) || strings.HasPrefix(id, theirIDs)
}

// settings gives each id its value and origin: default of the config < state of
// the depot < state of the client. That a depot has set what is the default is not
// seen, and makes no difference.
func (a settingsAnswer) settings(me string) map[string]Setting {
	byDefault, out := map[string][]any{}, map[string]Setting{}
	for _, c := range a.defaults {
		byDefault[strings.ToLower(c.ID)] = c.DefaultValues
	}
	ours := map[string]bool{}
	for _, s := range a.own {
		if strings.EqualFold(s.ObjectID, me) {
			ours[strings.ToLower(s.ConfigID)] = true
		}
	}
	for client, values := range a.effective {
		if !strings.EqualFold(client, me) {
			continue
		}
		for id, v := range values {
			id = strings.ToLower(id)
			if len(out) == maxValues || !isRead(id) {
				continue
			}
			origin := policy.Depot
			if d, known := byDefault[id]; ours[id] {
				origin = policy.Client
			} else if known && reflect.DeepEqual(d, v) {
				origin = policy.Server
			}
			out[id] = Setting{origin, v}
		}
	}
	return out
}

// settingsOf says what the values mean; properties are those of products, by
// product and name.
func settingsOf(values map[string]Setting, properties map[string]map[string][]any) Settings {
	out := Settings{Known: values != nil, Products: map[string][]policy.Layer{}}
	layer := map[string]map[policy.Origin]policy.Layer{theirIDs: {}, ourIDs: {}}
	layerOf := func(prefix string, o policy.Origin) policy.Layer {
		of := layer[prefix]
		if _, there := of[o]; !there {
			of[o] = policy.NewLayer(o)
		}
		return of[o]
	}
	for _, id := range slices.Sorted(maps.Keys(values)) {
		v := values[id]
		switch {
		case id == theirs:
			out.Theirs = len(v.Values) > 0 && isTrue(v.Values[0])
		case id == ProcessorID:
			if len(v.Values) > 0 {
				out.Processor = text(v.Values[0])
			}
		case id == idHold:
			out.hold(v)
		case id == idMode && len(v.Values) > 0 && v.Values[0] != "" && !isMode(v.Values[0]):
			// Whoever wrote it wants something else than what always is, so nothing is done.
			out.Bad = append(out.Bad, "config id "+idMode+": "+strconv.QuoteToASCII(line(text(v.Values[0])))+" is neither normal nor observe, so it is only observed")
			layerOf(ourIDs, v.Origin).Set("mode", policy.Observe, "config id "+line(id))
		case id == idUrgent:
			out.urgent(v)
		case id == idDates:
			out.deadlines(v)
		case len(v.Values) > 0 && v.Values[0] != "":
			prefix := theirIDs
			if strings.HasPrefix(id, ourIDs) {
				prefix = ourIDs
			}
			name := strings.TrimPrefix(id, prefix)
			layerOf(prefix, v.Origin).Set(name, plain(name, v.Values[0]), "config id "+line(id))
		}
	}
	for _, prefix := range []string{theirIDs, ourIDs} {
		for _, origin := range []policy.Origin{policy.Server, policy.Depot, policy.Client} {
			if l, there := layer[prefix][origin]; there {
				out.Layers = append(out.Layers, l)
			}
		}
	}
	out.properties(properties)
	return out
}

// SettingsOf says what the values of config ids mean for a client, by id, whoever
// set them.
func SettingsOf(values map[string][]any) Settings {
	set := map[string]Setting{}
	for id, v := range values {
		if id = strings.ToLower(id); len(set) < maxValues && isRead(id) {
			set[id] = Setting{policy.Client, v}
		}
	}
	return settingsOf(set, nil)
}

// hold reads the list of products that must be left alone. A list that cannot be
// understood holds everything: whoever wrote it wants something stopped.
func (s *Settings) hold(v Setting) {
	for _, raw := range v.Values {
		id := strings.TrimSpace(text(raw))
		switch {
		case id == "":
		case id == Everything || id == "true":
			s.Held = append(s.Held, Everything)
		case id == "false" && len(v.Values) == 1: // the id was made as a switch
		case productid.Check(id) != nil:
			s.Held = append(s.Held, Everything)
			s.Bad = append(s.Bad, "config id "+idHold+": "+strconv.QuoteToASCII(line(id))+" is no product, so everything is held")
		default:
			s.Held = append(s.Held, id)
		}
	}
	slices.SortFunc(s.Held, cmp.Compare[string])
	s.Held = slices.Compact(s.Held)
}

// urgent reads the list of products that must not wait. What cannot be understood
// hurries nobody.
func (s *Settings) urgent(v Setting) {
	for _, raw := range v.Values {
		switch id := strings.TrimSpace(text(raw)); {
		case id == "", id == "false" && len(v.Values) == 1: // the id was made as a switch
		case id == Everything || id == "true":
			s.say(Everything, v.Origin, "urgent", true, "config id "+idUrgent)
		case productid.Check(id) != nil:
			s.Bad = append(s.Bad, "config id "+idUrgent+": "+strconv.QuoteToASCII(line(id))+" is no product; ignored")
		default:
			s.say(id, v.Origin, "urgent", true, "config id "+idUrgent)
		}
	}
}

// deadlines reads a list of "product=date". A date that is none is told with the
// policy of its product, like any bad value.
func (s *Settings) deadlines(v Setting) {
	for _, raw := range v.Values {
		entry := strings.TrimSpace(text(raw))
		if entry == "" {
			continue
		}
		id, date, ok := strings.Cut(entry, "=")
		id, date = strings.TrimSpace(id), strings.TrimSpace(date)
		_, err := policy.ParseDate(date)
		if date == "" {
			err = errors.New("is missing")
		}
		switch {
		case !ok || id != Everything && productid.Check(id) != nil:
			s.Bad = append(s.Bad, "config id "+idDates+": "+strconv.QuoteToASCII(line(entry))+" is not of the form product=date; ignored")
		case err != nil:
			s.Bad = append(s.Bad, "config id "+idDates+": "+strconv.QuoteToASCII(line(entry))+": the date "+err.Error()+"; ignored")
		default:
			s.say(id, v.Origin, "deadline", date, "config id "+idDates)
		}
	}
}

// properties reads what the site says in product properties. It is the admin's word
// about one product and beats all others.
func (s *Settings) properties(of map[string]map[string][]any) {
	for _, product := range slices.Sorted(maps.Keys(of)) {
		for _, name := range slices.Sorted(maps.Keys(of[product])) {
			key, ours := strings.CutPrefix(strings.ToLower(name), ofProduct)
			if v := of[product][name]; ours && len(v) > 0 && v[0] != "" {
				s.say(product, policy.Product, key, plain(key, v[0]), "product property "+line(name))
			}
		}
	}
}

// say adds a word about a product.
func (s *Settings) say(product string, o policy.Origin, key string, value any, place string) {
	layers := s.Products[product]
	i := slices.IndexFunc(layers, func(l policy.Layer) bool { return l.Origin == o })
	if i < 0 {
		i, layers = len(layers), append(layers, policy.NewLayer(o))
		s.Products[product] = layers
	}
	layers[i].Set(key, value, place)
}

// plain is a value as the policy reads it. A server keeps strings and bools only,
// whatever they mean.
func plain(name string, raw any) any {
	k, known := policy.Lookup(name)
	if v, ok := raw.(float64); ok && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return int64(v)
	}
	s, isText := raw.(string)
	if !isText || !known {
		return raw
	}
	s = strings.TrimSpace(s)
	switch k.Kind {
	case policy.Flag:
		if b, err := strconv.ParseBool(strings.ToLower(s)); err == nil {
			return b
		}
	case policy.Count, policy.Time:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
	}
	return s
}

func isMode(raw any) bool {
	k, _ := policy.Lookup("mode")
	_, err := k.Parse(plain(k.Name, raw))
	return err == nil
}

func isTrue(raw any) bool {
	b, _ := plain("active", raw).(bool)
	return b
}

func text(raw any) string {
	switch v := raw.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	return "?" // no product has this name
}
