// SPDX-License-Identifier: Apache-2.0

package servercheck

import "github.com/quietsetup/quietsetup/internal/opsiclientd/agentcheck"

// State says how bad a finding is.
type State string

// The states, from the best to the worst.
const (
	OK      State = "ok"
	Skipped State = "skipped" // not looked at, since something before it failed
	Warning State = "warning" // it works, and somebody should see to it
	Failed  State = "failed"
)

// The checks, in the order of the way. Those of opsi's own agent come after them.
const (
	Address = "address"
	Key     = "key"
	CA      = "ca"
	Reach   = "reach"
	TLS     = "tls"
	Login   = "login"
	Clock   = "clock"
	Server  = "server"
	Modules = "modules"
	Rights  = "rights"
	Depot   = "depot"
	Configs = "configs"
)

// Checks lists them.
func Checks() []string {
	return append([]string{Address, Key, CA, Reach, TLS, Login, Clock, Server, Modules, Rights, Depot, Configs}, agentcheck.Checks()...)
}

// Finding is what a check found. Its words are stable.
type Finding struct {
	Check string
	Code  string
	State State
	Data  map[string]any // the facts of the case, by the names the words use
}

// Codes says how bad each code is. A code begins with the name of its check.
func Codes() map[string]State {
	out := map[string]State{
		"address_ok": OK, "address_none": Failed, "address_plain": Failed, "address_bad": Failed,

		"key_ok": OK, "key_none": Failed, "key_missing": Failed, "key_hidden": Failed, "key_loose": Failed, "key_bad": Failed,

		"ca_ok": OK, "ca_system": OK, "ca_missing": Failed, "ca_hidden": Failed, "ca_bad": Failed,

		"reach_ok": OK, "reach_name": Failed, "reach_refused": Failed, "reach_slow": Failed, "reach_failed": Failed,

		"tls_ok": OK, "tls_soon": Warning, "tls_ca_soon": Warning, "tls_expired": Failed, "tls_early": Failed, "tls_ca_expired": Failed,
		"tls_other_ca": Failed, "tls_other_name": Failed, "tls_bad": Failed, "tls_plain": Failed, "tls_broken": Failed,

		"login_ok": OK, "login_renamed": Warning, "login_refused": Failed, "login_blocked": Failed, "login_sessions": Failed, "login_forbidden": Failed,
		"login_busy": Failed, "login_server": Failed, "login_rejected": Failed, "login_answer": Failed, "login_cut": Failed, "login_lost": Failed,

		"clock_ok": OK, "clock_off": Warning, "clock_wrong": Failed, "clock_unknown": Skipped,

		"server_ok": OK, "server_unknown": Warning, "server_old": Failed, "server_depot": Failed,

		"modules_ok": OK, "modules_agent": Warning, "modules_unknown": Warning,

		"rights_ok": OK, "rights_read": Failed, "rights_write": Failed, "rights_log": Failed,

		"depot_ok": OK, "depot_none": Failed, "depot_no_url": Failed, "depot_address": Failed, "depot_unreachable": Failed, "depot_certificate": Failed,
		"depot_refused": Failed, "depot_forbidden": Failed, "depot_busy": Warning, "depot_status": Failed,

		"configs_none": OK, "configs_ours": OK, "configs_held": Warning, "configs_bad": Warning, "configs_active": Failed, "configs_unclear": Warning, "configs_unknown": Warning,
	}
	for code, state := range agentcheck.Codes() {
		out[code] = ofAgent(state)
	}
	for _, c := range Checks() {
		out[c+"_unasked"] = Skipped
	}
	return out
}

// ofAgent is the state of a finding about opsi's own agent.
func ofAgent(s agentcheck.State) State {
	switch s {
	case agentcheck.Failed:
		return Failed
	case agentcheck.Warning:
		return Warning
	case agentcheck.Skipped:
		return Skipped
	}
	return OK
}

// data are facts by name.
type data = map[string]any

// Worst is the worst state of findings.
func Worst(fs []Finding) State {
	worst := OK
	for _, f := range fs {
		switch {
		case f.State == Failed:
			return Failed
		case f.State == Warning:
			worst = Warning
		}
	}
	return worst
}
