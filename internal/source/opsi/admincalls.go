// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/quietsetup/quietsetup/internal/opsiclientd"
)

// AdminCall is a call that an administrator makes for other clients: a client may
// write for itself alone.
type AdminCall struct {
	JSONRPC string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

// Line is the call as a line for a POSIX shell at the server.
func (c AdminCall) Line() (string, error) {
	words := []string{"opsi-cli", "jsonrpc", "execute", c.Method}
	for _, p := range c.Params {
		text, err := json.Marshal(p)
		if err != nil {
			return "", fmt.Errorf("cannot write the call of %s: %w", c.Method, err)
		}
		words = append(words, "'"+strings.ReplaceAll(string(text), "'", `'\''`)+"'")
	}
	return strings.Join(words, " "), nil
}

// HandOverCalls have the events of clients with a system go through a program of ours.
// The server is asked which ids it has, since making one that is there would take away
// what the site set in it; nothing is written.
func HandOverCalls(ctx context.Context, server Server, clients []string, system, program string) ([]AdminCall, error) {
	line, err := opsiclientd.Line(system, program)
	if err != nil {
		return nil, err
	}
	v, err := readAgentValues(ctx, server)
	if err != nil {
		return nil, err
	}
	var states []stateOf
	for _, c := range clients {
		states = append(states, stateOf{"ConfigState", ProcessorID, c, []any{line}}, stateOf{"ConfigState", NotifierID, c, []any{opsiclientd.Winlogon}})
	}
	var out []AdminCall
	if missing := v.missing(); len(missing) > 0 {
		out = append(out, AdminCall{"2.0", 1, "config_createObjects", []any{missing}})
	}
	return append(out, AdminCall{"2.0", len(out) + 1, "configState_updateObjects", []any{states}}), nil
}

// TakeBackCalls set the line of opsi's own agent for clients with a system, and delete
// it again, which is for when their opsiclientd has fetched it.
func TakeBackCalls(clients []string, system string) []AdminCall {
	var set, gone []stateOf
	for _, c := range clients {
		set, gone = append(set, stateOf{"ConfigState", ProcessorID, c, []any{opsiclientd.Shipped(system)}}), append(gone, stateOf{"ConfigState", ProcessorID, c, []any{}})
	}
	return []AdminCall{{"2.0", 1, "configState_updateObjects", []any{set}}, {"2.0", 2, "configState_deleteObjects", []any{gone}}}
}
