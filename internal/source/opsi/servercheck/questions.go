// SPDX-License-Identifier: Apache-2.0

package servercheck

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/policy"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

const (
	localboot = "LocalbootProduct"
	// activeID is opsi's own switch for its own extension. Where both are on, a
	// person would be asked twice, and by two programs that close applications.
	activeID = "opsi-script.backgroundinstall.active"
	// noSuchLog is a kind of log that no server keeps.
	noSuchLog = "quietsetup-check"
)

// row is of a productOnClient what is counted.
type row struct {
	ClientID      string `json:"clientId"`
	ActionRequest string `json:"actionRequest"`
}

// depotServer is a depot as the server describes it.
type depotServer struct {
	ID     string `json:"id"`
	WebDAV string `json:"depotWebdavUrl"`
}

// questions are what is asked in the second request, with its answers.
type questions struct {
	read, write, log, licence, assigned, depots, values *opsi.Call

	rows     []row
	licences struct {
		Available []string `json:"available_modules"`
	}
	ofClient []struct {
		ClientID string `json:"clientId"`
		DepotID  string `json:"depotId"`
	}
	servers []depotServer
	configs map[string]map[string][]any // by object, by config id
}

func (v *visit) questions() *questions {
	me := v.who.HostID
	q := &questions{}
	q.read = &opsi.Call{Method: "productOnClient_getObjects", Params: []any{[]string{"productId", "clientId", "actionRequest"}, data{"clientId": me, "productType": localboot}}, Into: &q.rows}
	q.write = &opsi.Call{Method: "productOnClient_updateObjects", Params: []any{[]any{}}}
	q.log = &opsi.Call{Method: "log_write", Params: []any{noSuchLog, "", me, true}}
	q.licence = &opsi.Call{Method: "backend_getLicensingInfo", Into: &q.licences}
	q.assigned = &opsi.Call{Method: "configState_getClientToDepotserver", Params: []any{[]string{}, []string{me}}, Into: &q.ofClient}
	q.depots = &opsi.Call{Method: "host_getObjects", Params: []any{[]string{"id", "depotWebdavUrl"}, data{"type": "OpsiDepotserver"}}, Into: &q.servers}
	q.values = &opsi.Call{Method: "configState_getValues", Params: []any{[]string{"quietsetup.*", "opsi-script.backgroundinstall.*", opsi.ProcessorID}, []string{me}, true}, Into: &q.configs}
	return q
}

func (q *questions) calls() []*opsi.Call {
	return []*opsi.Call{q.read, q.write, q.log, q.licence, q.assigned, q.depots, q.values}
}

// rights tells whether this client may do at the server what the daemon does.
func (v *visit) rights(q *questions) {
	v.at = Rights
	good := true
	if q.read.Err != nil {
		v.say("rights_read", data{"Error": q.read.Err.Error()})
		good = false
	}
	if q.write.Err != nil {
		v.say("rights_write", data{"Error": q.write.Err.Error()})
		good = false
	}
	// Any other error is about the kind of the log, after the permission was given.
	if errors.Is(q.log.Err, opsi.ErrPermission) || errors.Is(q.log.Err, opsi.ErrMethod) {
		v.say("rights_log", data{"Error": q.log.Err.Error()})
		good = false
	}
	if !good {
		return
	}
	mine, wanted := 0, 0
	for _, r := range q.rows {
		if !strings.EqualFold(r.ClientID, v.who.HostID) {
			continue
		}
		mine++
		if r.ActionRequest != "" && r.ActionRequest != "none" && r.ActionRequest != "undefined" {
			wanted++
		}
	}
	v.say("rights_ok", data{"Rows": mine, "Wanted": wanted})
}

// modules tells which of opsi's paid modules bear on this machine. Nothing of ours
// needs one; opsi-script needs one outside of Windows.
func (v *visit) modules(q *questions) {
	v.at = Modules
	if q.licence.Err != nil {
		v.say("modules_unknown", data{"Error": q.licence.Err.Error()})
		return
	}
	needed := map[string]string{"linux": "linux_agent", "darwin": "macos_agent"}[v.System]
	d := data{"N": len(q.licences.Available), "Module": needed, "Background": slices.Contains(q.licences.Available, "background_install")}
	if needed != "" && !slices.Contains(q.licences.Available, needed) {
		v.say("modules_agent", d)
		return
	}
	v.say("modules_ok", d)
}

// configs tells how the server's switches stand for this client, and which of its
// values do not count.
func (v *visit) configs(q *questions) {
	v.at = Configs
	if q.values.Err != nil {
		v.say("configs_unknown", data{"Error": q.values.Err.Error()})
		return
	}
	var mine map[string][]any
	for object, values := range q.configs {
		if strings.EqualFold(object, v.who.HostID) {
			mine = values
		}
	}
	set := opsi.SettingsOf(mine)
	v.value = set.Processor
	d := data{"ID": activeID, "Value": "", "HostID": v.who.HostID}
	if values := mine[activeID]; len(values) > 0 {
		d["Value"] = fmt.Sprint(values[0])
	}
	switch value := strings.ToLower(strings.TrimSpace(fmt.Sprint(d["Value"]))); {
	case set.Theirs:
		v.say("configs_active", d)
	case !slices.Contains([]string{"", "false", "0", "f"}, value):
		v.say("configs_unclear", d)
	}
	if len(set.Held) > 0 {
		v.say("configs_held", data{"Products": strings.Join(set.Held, ", ")})
	}
	_, warnings := policy.Resolve(set.Layers...)
	for _, w := range warnings {
		v.say("configs_bad", data{"Text": w.Text})
	}
	for _, text := range set.Bad {
		v.say("configs_bad", data{"Text": text})
	}
	var ours []string
	for _, id := range slices.Sorted(maps.Keys(mine)) {
		if strings.HasPrefix(id, "quietsetup.") && len(mine[id]) > 0 && mine[id][0] != "" {
			ours = append(ours, id)
		}
	}
	if len(ours) > 0 {
		v.say("configs_ours", data{"IDs": strings.Join(ours, ", ")})
	} else {
		v.say("configs_none", nil)
	}
}
