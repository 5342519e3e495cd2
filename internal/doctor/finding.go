// SPDX-License-Identifier: Apache-2.0

package doctor

import "github.com/quietsetup/quietsetup/internal/opsiclientd/agentcheck"

// State says how bad a finding is.
type State string

// The states, from the best to the worst.
const (
	OK      State = "ok"
	Skipped State = "skipped" // could not be seen from here
	Warn    State = "warn"
	Fail    State = "fail"
)

// Finding is what a check found. Its words are stable.
type Finding struct {
	Check string
	Code  string
	State State
	Data  map[string]any // the facts of the case, by the names the words use
}

// Slow is the code of a check that did not come back in time. Data holds Seconds.
const Slow = "slow"

// Codes says how bad each code is. A code begins with the name of its check.
func Codes() map[string]State {
	out := map[string]State{
		Slow: Fail,

		"rights_root": OK, "rights_user": Skipped,

		"versions_equal": OK, "versions_differ": Warn, "versions_unknown": Skipped,

		"service_ok": OK, "service_missing": Fail, "service_masked": Fail, "service_off": Fail, "service_disabled": Warn,
		"service_restarts": Warn, "service_no_systemd": Skipped, "service_other": Skipped, "service_unasked": Skipped, "service_unsupported": Skipped,

		"daemon_ok": OK, "daemon_off": Fail, "daemon_silent": Fail, "daemon_untrusted": Fail, "daemon_error": Fail, "daemon_log_fails": Fail,
		"daemon_held": Warn, "daemon_observes": Warn, "daemon_source": Warn, "daemon_server_asks": Warn, "daemon_server_gone": Warn, "daemon_server_name": Warn, "daemon_server_events": Warn,

		"socket_ok": OK, "socket_missing": Fail, "socket_in_the_way": Fail, "socket_owner": Fail, "socket_mode": Warn,
		"socket_folder_owner": Fail, "socket_folder_open": Fail, "socket_hidden": Skipped, "socket_unsupported": Skipped,

		"config_ok": OK, "config_default": OK, "config_bad": Fail, "config_note": Warn, "config_hidden": Skipped,

		"depot_ok": OK, "depot_fetched": OK, "depot_missing": Fail, "depot_no_folder": Fail, "depot_empty": Warn, "depot_unreadable": Fail, "depot_hidden": Skipped, "depot_unknown": Skipped,

		"overlay_none": OK, "overlay_ok": OK, "overlay_missing": Warn, "overlay_unreadable": Fail, "overlay_hidden": Skipped, "overlay_unknown": Skipped,

		"sessions_none": OK, "sessions_agent": OK, "sessions_no_agent": Warn, "sessions_seen": Skipped, "sessions_unknown": Warn, "sessions_unsupported": Skipped,

		"autostart_ok": OK, "autostart_missing": Warn, "autostart_no_program": Warn, "autostart_unsupported": Skipped,

		"windows_own": OK, "windows_zenity": OK, "windows_kdialog": OK, "windows_terminal": Warn, "windows_notify": OK, "windows_no_notify": Warn,
		"windows_notify_unseen": Skipped, "windows_unsupported": Skipped,

		"store_ok": OK, "store_empty": OK, "store_missing": Warn, "store_unclean": Warn, "store_kept": Warn, "store_pending": Warn, "store_newer": Fail,
		"store_unreadable": Fail, "store_hidden": Skipped,

		"clock_ok": OK, "clock_year": Fail, "clock_behind": Fail, "clock_not_set": Warn, "clock_unknown": Skipped,

		"power_mains": OK, "power_battery": OK, "power_low": Warn, "power_unknown": Skipped,

		"reboot_none": OK, "reboot_products": Warn, "reboot_system": Warn,

		"space_ok": OK, "space_little": Warn, "space_none": Fail, "space_unknown": Skipped,
	}
	for code, state := range agentcheck.Codes() {
		out[code] = map[agentcheck.State]State{agentcheck.OK: OK, agentcheck.Skipped: Skipped, agentcheck.Warning: Warn, agentcheck.Failed: Fail}[state]
	}
	return out
}

// data are facts by name.
type data = map[string]any

// finding makes the finding of a code; its check is filled in by who runs it.
func finding(code string, d data) Finding {
	return Finding{Code: code, State: Codes()[code], Data: d}
}

// Worst is the worst state of the findings.
func Worst(fs []Finding) State {
	worst := OK
	for _, f := range fs {
		switch {
		case f.State == Fail:
			return Fail
		case f.State == Warn:
			worst = Warn
		}
	}
	return worst
}
