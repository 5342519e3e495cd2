// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/opsiclientd"
)

// The config ids by which a site says what opsiclientd runs for its events, and where
// it shows its own window about them.
const (
	ProcessorID = "opsiclientd.action_processor.command"
	NotifierID  = "opsiclientd.event_default.event_notifier_desktop"
)

// Agent is opsi's own agent on this machine.
type Agent struct {
	System   string
	Program  string // quietsetup, as opsiclientd is to start it
	Server   string // the config server's address, as quietsetup has it
	StateDir string // what was there before is kept in it
	There    bool   // the machine has an opsiclientd.conf
	Conf     opsiclientd.Conf
}

// What became of a value of this client.
const (
	ValueSet      = "set"      // the hand-over is asked for
	ValueSame     = "same"     // it was asked for already
	ValueRestored = "restored" // what was there before is asked for
	ValueDeleted  = "deleted"  // opsiclientd.conf is as before, so the value is not needed any more
	ValueWaits    = "waits"    // opsiclientd has not fetched what was there before
	ValueForeign  = "foreign"  // somebody else set it: left alone
)

// AgentValue is such a value, as it is now.
type AgentValue struct{ ID, State, Value string }

// agentValues are the values of this client that are about opsiclientd.
type agentValues struct {
	there     []string // ids that the server has
	own       map[string][]any
	effective map[string]string
}

func readAgentValues(ctx context.Context, server Server) (v agentValues, err error) {
	me, ids := server.HostID(), []string{ProcessorID, NotifierID}
	var there []configObject
	var own []struct {
		configState
		Values []any `json:"values"`
	}
	var effective map[string]map[string][]any
	err = ask(ctx, server, []*Call{
		{Method: "config_getObjects", Params: []any{[]string{"id"}, filter{"id": ids}}, Into: &there, Reads: true},
		{Method: "configState_getObjects", Params: []any{[]string{}, filter{"configId": ids, "objectId": me}}, Into: &own, Reads: true},
		{Method: "configState_getValues", Params: []any{ids, []string{me}, true}, Into: &effective, Reads: true},
	})
	if err != nil {
		return v, fmt.Errorf("cannot read what is set for opsiclientd: %w", err)
	}
	v.own, v.effective = map[string][]any{}, map[string]string{}
	for _, c := range there {
		v.there = append(v.there, strings.ToLower(c.ID))
	}
	for _, s := range own {
		if strings.EqualFold(s.ObjectID, me) && len(s.Values) > 0 { // an empty list says nothing
			v.own[strings.ToLower(s.ConfigID)] = s.Values
		}
	}
	for client, values := range effective {
		for id, of := range values {
			if strings.EqualFold(client, me) && len(of) > 0 {
				v.effective[strings.ToLower(id)] = text(of[0])
			}
		}
	}
	return v, nil
}

// ownText is this client's own value, "" if it has none.
func (v agentValues) ownText(id string) string {
	if len(v.own[id]) == 0 {
		return ""
	}
	return text(v.own[id][0])
}

// AgentObjects are the config objects of the ids about opsiclientd. None has a default
// value: opsiclientd passes over an empty list, so no client changes by them.
func AgentObjects() []ConfigObject {
	object := func(id, description string) ConfigObject {
		return ConfigObject{Type: "UnicodeConfig", ID: id, Description: description, Editable: true, DefaultValues: []string{}, PossibleValues: []string{}}
	}
	return []ConfigObject{
		object(ProcessorID, "opsiclientd: what it runs to process actions; empty = not said here"),
		object(NotifierID, "opsiclientd: desktop of the event notifier; all, current, default or winlogon; empty = not said here"),
	}
}

// missing are those that the server does not have. One that is there may have a default
// of the site's own, and is left alone.
func (v agentValues) missing() []ConfigObject {
	return slices.DeleteFunc(AgentObjects(), func(o ConfigObject) bool { return slices.Contains(v.there, o.ID) })
}

// setAgentValues makes the ids that are missing and sets values of a client.
func setAgentValues(ctx context.Context, server Server, v agentValues, values []AgentValue) error {
	var missing []ConfigObject
	var states []stateOf
	for _, x := range values {
		states = append(states, stateOf{"ConfigState", x.ID, server.HostID(), []any{x.Value}})
		for _, o := range v.missing() {
			if o.ID == x.ID {
				missing = append(missing, o)
			}
		}
	}
	if len(missing) > 0 {
		if err := ask(ctx, server, []*Call{{Method: "config_createObjects", Params: []any{missing}}}); err != nil {
			return fmt.Errorf("cannot make the config ids of opsiclientd: %w", err)
		}
	}
	if len(states) == 0 {
		return nil
	}
	if err := ask(ctx, server, []*Call{{Method: "configState_updateObjects", Params: []any{states}}}); err != nil {
		return fmt.Errorf("cannot set what opsiclientd of %s runs: %w", server.HostID(), err)
	}
	return nil
}

// kept is what was there before the hand-over of this client.
func (a Agent) kept(client string) (opsiclientd.Kept, error) {
	k, err := opsiclientd.ReadKept(a.StateDir, client)
	if errors.Is(err, fs.ErrNotExist) {
		return opsiclientd.Kept{Client: client}, nil
	}
	return k, err
}

// HandOver has the events of this client's opsiclientd go through us. What the line
// was is kept before anything is written. Done again it changes nothing, but where
// an update of the agent brought another line meanwhile, that one is kept.
func (a Agent) HandOver(ctx context.Context, server Server) ([]AgentValue, error) {
	line, err := opsiclientd.Line(a.System, a.Program)
	if err != nil {
		return nil, err
	}
	if !a.There {
		return nil, errors.New("cannot hand over the events of opsiclientd: this machine has no opsiclientd.conf")
	}
	if err := a.Conf.Fits(a.Server, server.HostID()); err != nil {
		return nil, fmt.Errorf("cannot hand over the events of opsiclientd, which would be refused: write the same in [source] url and host_id: %w", err)
	}
	v, err := readAgentValues(ctx, server)
	if err != nil {
		return nil, err
	}
	k, err := a.kept(server.HostID())
	if err != nil {
		return nil, err
	}
	ours := map[string]bool{ProcessorID: a.ours(v.ownText(ProcessorID)), NotifierID: v.ownText(NotifierID) == opsiclientd.Winlogon}
	over, had := opsiclientd.HandedOver(a.System, "", k), map[string][]any{}
	for id, values := range v.own {
		was, told := k.Had[id]
		switch {
		// What a hand-over that was taken back left at the server is not the site's.
		case ours[id], k.Undone && v.ownText(id) == a.old(k, id):
			if told {
				had[id] = was
			}
		default:
			had[id] = values // also one that the site set since a hand-over
		}
	}
	for id, was := range k.Had {
		if over && len(v.own[id]) == 0 {
			had[id] = was
		}
	}
	if !over {
		k.Quieted, k.Undone = false, false
	}
	k.Had = had
	a.newer(&k)
	var want, told []AgentValue
	add := func(id, value string) {
		if v.ownText(id) == value {
			told = append(told, AgentValue{id, ValueSame, value})
			return
		}
		want = append(want, AgentValue{id, ValueSet, value})
	}
	add(ProcessorID, line)
	if at := a.Conf.Notifier(); !strings.EqualFold(at, opsiclientd.Winlogon) {
		k.Notifier = at
	}
	effective := v.effective[NotifierID]
	if effective == "" {
		effective = a.Conf.Notifier()
	}
	if k.Quieted || !strings.EqualFold(effective, opsiclientd.Winlogon) {
		k.Quieted = true
		add(NotifierID, opsiclientd.Winlogon)
	}
	if err := k.Keep(a.StateDir); err != nil {
		return nil, err
	}
	if err := setAgentValues(ctx, server, v, want); err != nil {
		return nil, err
	}
	return append(want, told...), nil
}

// newer keeps the line that stands in opsiclientd.conf, where that is none of ours: an
// update of the agent may have brought another one.
func (a Agent) newer(k *opsiclientd.Kept) {
	if now := a.Conf.Processor(); now != "" && !a.ours(a.Conf.Resolve(now)) {
		k.Command = now
	}
}

// ours reports whether a line starts us.
func (a Agent) ours(line string) bool {
	_, yes := opsiclientd.Ours(a.System, line)
	return yes
}

// old is what stood in opsiclientd.conf before the hand-over, or what this client had
// at the server.
func (a Agent) old(k opsiclientd.Kept, id string) string {
	if had := k.Had[id]; len(had) > 0 {
		return text(had[0])
	}
	if id == NotifierID {
		return cmp.Or(k.Notifier, "current") // where nothing is said, opsiclientd takes that
	}
	return cmp.Or(k.Command, opsiclientd.Shipped(a.System))
}

// TakeBack takes a hand-over back, in two steps: opsiclientd never removes a line that
// it wrote, so what was there before is set as this client's value first. Once it
// stands in the file again, the value is deleted.
func (a Agent) TakeBack(ctx context.Context, server Server) ([]AgentValue, error) {
	v, err := readAgentValues(ctx, server)
	if err != nil {
		return nil, err
	}
	k, err := a.kept(server.HostID())
	if err != nil {
		return nil, err
	}
	if a.ours(v.ownText(ProcessorID)) {
		a.newer(&k)
	}
	told := []AgentValue{}
	for _, x := range []struct{ id, file string }{{ProcessorID, a.Conf.Processor()}, {NotifierID, a.Conf.Notifier()}} {
		if state := a.takeBack(v, k, x.id, x.file); state != "" {
			value := v.ownText(x.id)
			if state == ValueRestored {
				value = a.old(k, x.id)
			}
			told = append(told, AgentValue{x.id, state, value})
		}
	}
	of := func(state string) []AgentValue {
		return slices.DeleteFunc(slices.Clone(told), func(x AgentValue) bool { return x.State != state })
	}
	over := len(of(ValueRestored))+len(of(ValueWaits)) == 0
	if !over { // kept first: what is set now is known by it later
		lost := k.V == 0
		k.Undone = true
		if err := k.Keep(a.StateDir); err != nil && (!lost || !errors.Is(err, fs.ErrNotExist)) {
			return nil, err // without a state folder there was nothing to keep
		}
	}
	if err := setAgentValues(ctx, server, v, of(ValueRestored)); err != nil {
		return nil, err
	}
	var gone []stateOf
	for _, x := range of(ValueDeleted) {
		gone = append(gone, stateOf{"ConfigState", x.ID, server.HostID(), []any{}})
	}
	if len(gone) > 0 {
		if err := ask(ctx, server, []*Call{{Method: "configState_deleteObjects", Params: []any{gone}}}); err != nil {
			return nil, fmt.Errorf("cannot delete what opsiclientd of %s was to run: %w", server.HostID(), err)
		}
	}
	for i := range told {
		told[i].Value = opsiclientd.WithoutKeys(told[i].Value)
	}
	if over {
		return told, opsiclientd.Forget(a.StateDir)
	}
	return told, nil
}

// takeBack says what is to be done about a value, "" = nothing, and nothing is to be told.
func (a Agent) takeBack(v agentValues, k opsiclientd.Kept, id, file string) string {
	own, old := v.ownText(id), a.old(k, id)
	ours := func(value string) bool { return a.ours(a.Conf.Resolve(value)) }
	if id == NotifierID {
		if !k.Quieted {
			return "" // whatever it is, we did not set it
		}
		ours = func(value string) bool { return strings.EqualFold(value, opsiclientd.Winlogon) }
	}
	_, had := k.Had[id]
	switch {
	case own == "" && ours(v.effective[id]):
		return ValueForeign // of the depot, or a default
	case own == "" && a.There && ours(file) && (id == ProcessorID || !k.Undone):
		return ValueRestored // the value alone was deleted, and the file kept our line
	case own == "":
		return ""
	case ours(own) && !a.There && !had:
		return ValueDeleted
	case ours(own):
		return ValueRestored
	case k.V == 0, own == old && had:
		return "" // never handed over from here; or it was the site's, and is again
	case own == old && (!a.There || file == old):
		return ValueDeleted
	case own == old:
		return ValueWaits
	}
	return ValueForeign
}
