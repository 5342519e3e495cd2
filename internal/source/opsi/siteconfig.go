// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/policy"
)

// ConfigObject is a config id as a server keeps it, so that admins find it in their
// tools with its meaning and its values.
type ConfigObject struct {
	Type           string   `json:"type"`
	ID             string   `json:"id"`
	Description    string   `json:"description"`
	MultiValue     bool     `json:"multiValue"`
	Editable       bool     `json:"editable"`
	DefaultValues  []string `json:"defaultValues"`
	PossibleValues []string `json:"possibleValues"`
}

// ConfigObjects are the config ids that this program reads. None has a default: a
// server's default is stronger than what the packager and the config file say, so it
// would take that back everywhere on the day the id is made. For the same reason a
// switch is a text here; opsi's bools cannot be empty.
func ConfigObjects() []ConfigObject {
	object := func(id, description string, possible ...string) ConfigObject {
		return ConfigObject{Type: "UnicodeConfig", ID: ourIDs + id, Description: "quietsetup: " + description, Editable: len(possible) == 0,
			DefaultValues: []string{}, PossibleValues: append([]string{}, possible...)}
	}
	var out []ConfigObject
	for _, k := range append(policy.Keys(), policy.MachineKeys()...) {
		if k.Name == "urgent" || k.Name == "deadline" {
			continue // they are lists here
		}
		var possible []string
		switch k.Kind {
		case policy.Flag:
			possible = []string{"true", "false"}
		case policy.Word:
			possible = k.Words
		}
		out = append(out, object(k.Name, fmt.Sprintf("%s; %s; empty = not said here", k.Meaning, k.Allowed()), possible...))
	}
	for _, list := range []ConfigObject{
		object("hold", "products that must be left alone, or all"),
		object("urgent", "products that must not wait, or all: their next question is the last notice and comes at once"),
		object("deadlines", `entries like firefox=2026-12-24 or all=2026-12-24 18:00: from then on the next question is the last notice`),
	} {
		list.MultiValue = true
		out = append(out, list)
	}
	slices.SortFunc(out, func(a, b ConfigObject) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// MakeConfigObjects makes the config ids that the server does not have, which a
// client may do. What is there is left as it is: an admin may have changed it.
func MakeConfigObjects(ctx context.Context, server Server) (made []string, err error) {
	var there []configObject
	if err := ask(ctx, server, []*Call{{Method: "config_getObjects", Params: []any{[]string{"id"}, filter{"id": ourIDs + "*"}}, Into: &there, Reads: true}}); err != nil {
		return nil, fmt.Errorf("cannot read the config ids: %w", err)
	}
	var missing []ConfigObject
	for _, o := range ConfigObjects() {
		if !slices.ContainsFunc(there, func(c configObject) bool { return strings.EqualFold(c.ID, o.ID) }) {
			missing, made = append(missing, o), append(made, o.ID)
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	if err := ask(ctx, server, []*Call{{Method: "config_createObjects", Params: []any{missing}}}); err != nil {
		return nil, fmt.Errorf("cannot make the config ids: %w", err)
	}
	return made, nil
}

// stateOf is a config's values for a client, as they are written.
type stateOf struct {
	Type     string `json:"type"`
	ConfigID string `json:"configId"`
	ObjectID string `json:"objectId"`
	Values   []any  `json:"values"`
}

// TakeOver switches opsi's own background check off for this client, which a client
// may do for itself. It reports whether that was on.
func TakeOver(ctx context.Context, server Server) (bool, error) {
	me := server.HostID()
	var values map[string]map[string][]any
	if err := ask(ctx, server, []*Call{{Method: "configState_getValues", Params: []any{[]string{theirs}, []string{me}, true}, Into: &values, Reads: true}}); err != nil {
		return false, fmt.Errorf("cannot read %s: %w", theirs, err)
	}
	on := false
	for client, of := range values {
		for id, v := range of {
			on = on || strings.EqualFold(client, me) && strings.EqualFold(id, theirs) && len(v) > 0 && isTrue(v[0])
		}
	}
	if !on {
		return false, nil
	}
	if err := ask(ctx, server, []*Call{{Method: "configState_updateObjects", Params: []any{[]stateOf{{"ConfigState", theirs, me, []any{false}}}}}}); err != nil {
		return false, fmt.Errorf("cannot set %s for %s: %w", theirs, me, err)
	}
	return true, nil
}

// ForgetValues deletes what was set for this client by our config ids, and names the
// ids that the server has. A client may not delete those; an administrator may.
func ForgetValues(ctx context.Context, server Server) (cleared, left []string, err error) {
	me := server.HostID()
	var states []configState
	var there []configObject
	err = ask(ctx, server, []*Call{
		{Method: "configState_getObjects", Params: []any{[]string{"configId", "objectId"}, filter{"configId": ourIDs + "*", "objectId": me}}, Into: &states, Reads: true},
		{Method: "config_getObjects", Params: []any{[]string{"id"}, filter{"id": ourIDs + "*"}}, Into: &there, Reads: true},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read the config ids: %w", err)
	}
	var own []stateOf
	for _, s := range states {
		if strings.EqualFold(s.ObjectID, me) && strings.HasPrefix(strings.ToLower(s.ConfigID), ourIDs) {
			own, cleared = append(own, stateOf{"ConfigState", s.ConfigID, s.ObjectID, []any{}}), append(cleared, s.ConfigID)
		}
	}
	for _, c := range there {
		if known := strings.ToLower(c.ID); strings.HasPrefix(known, ourIDs) {
			left = append(left, known)
		}
	}
	slices.Sort(cleared)
	slices.Sort(left)
	if len(own) == 0 {
		return nil, left, nil
	}
	if err := ask(ctx, server, []*Call{{Method: "configState_deleteObjects", Params: []any{own}}}); err != nil {
		return nil, left, fmt.Errorf("cannot delete what is set for %s: %w", me, err)
	}
	return cleared, left, nil
}
