// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"cmp"
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
	maxValues = 1000 // of all ids; there are some thirty
)

// Everything is the word for all products in quietsetup.hold.
const Everything = "all"

// later are ids of the design that have no effect yet. A value for one must not
// pass in silence: an admin relies on it.
func later() []string {
	return []string{ourIDs + "mode", ourIDs + "urgent", ourIDs + "deadlines"}
}

// Settings are what a site says about this client by config ids.
type Settings struct {
	Known bool // the server has told them, to this process or an earlier one
	// Layers of the policy, weakest first. opsi's own ids are weaker than ours,
	// whoever set them.
	Layers []policy.Layer
	// Theirs: opsi-script's own background check is on for this client, so people
	// would be asked twice.
	Theirs bool
	// Held are the products that must be left alone, in order; Everything stands for
	// all of them.
	Held []string
	// Bad are values that do not count and are no policy, one line each.
	Bad []string
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
	me, ids := s.parts.Server.HostID(), []string{ourIDs + "*", theirIDs + "*"}
	return []*Call{
		{Method: "config_getObjects", Params: []any{[]string{"id", "defaultValues"}, filter{"id": ids}}, Into: &a.defaults, Reads: true},
		{Method: "configState_getValues", Params: []any{ids, []string{me}, true}, Into: &a.effective, Reads: true},
		{Method: "configState_getObjects", Params: []any{[]string{"configId", "objectId"}, filter{"configId": ids, "objectId": me}}, Into: &a.own, Reads: true},
	}
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
			if len(out) == maxValues || !strings.HasPrefix(id, ourIDs) && !strings.HasPrefix(id, theirIDs) {
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

// settingsOf says what the values mean.
func settingsOf(values map[string]Setting) Settings {
	out := Settings{Known: values != nil}
	layer := map[string]map[policy.Origin]policy.Layer{theirIDs: {}, ourIDs: {}}
	for _, id := range slices.Sorted(maps.Keys(values)) {
		v := values[id]
		switch {
		case id == theirs:
			out.Theirs = len(v.Values) > 0 && isTrue(v.Values[0])
		case id == idHold:
			out.hold(v)
		case slices.Contains(later(), id):
			if len(v.Values) > 0 && v.Values[0] != "" {
				out.Bad = append(out.Bad, "this version does not know the config id "+id+" yet")
			}
		case len(v.Values) > 0 && v.Values[0] != "":
			prefix := theirIDs
			if strings.HasPrefix(id, ourIDs) {
				prefix = ourIDs
			}
			of := layer[prefix]
			if _, there := of[v.Origin]; !there {
				of[v.Origin] = policy.NewLayer(v.Origin)
			}
			name := strings.TrimPrefix(id, prefix)
			of[v.Origin].Set(name, plain(name, v.Values[0]), "config id "+line(id))
		}
	}
	for _, prefix := range []string{theirIDs, ourIDs} {
		for _, origin := range []policy.Origin{policy.Server, policy.Depot, policy.Client} {
			if l, there := layer[prefix][origin]; there {
				out.Layers = append(out.Layers, l)
			}
		}
	}
	return out
}

// SettingsOf says what the values of config ids mean for a client, by id, whoever
// set them.
func SettingsOf(values map[string][]any) Settings {
	set := map[string]Setting{}
	for id, v := range values {
		if id = strings.ToLower(id); len(set) < maxValues && (strings.HasPrefix(id, ourIDs) || strings.HasPrefix(id, theirIDs)) {
			set[id] = Setting{policy.Client, v}
		}
	}
	return settingsOf(set)
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
