// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// stories are the good histories: days at a machine of an office. Each is
// written to testdata/histories/ok by -update and must verify for ever.
func stories() map[string]func(*machine) {
	return map[string]func(*machine){
		"later_then_closed":    laterThenClosed,
		"nothing_runs":         nothingRuns,
		"five_times_later":     fiveTimesLater,
		"recheck_over_reboot":  recheckOverReboot,
		"held_and_released":    heldAndReleased,
		"taken_back":           takenBack,
		"uninstall_instead":    uninstallInstead,
		"one_needs_the_other":  oneNeedsTheOther,
		"power_lost":           powerLost,
		"nobody_there":         nobodyThere,
		"installer_fails":      installerFails,
		"restart_wanted":       restartWanted,
		"operator_intervenes":  operatorIntervenes,
		"over_a_checkpoint":    overACheckpoint,
		"rules_of_another_day": rulesOfAnotherDay,
	}
}

func laterThenClosed(m *machine) {
	m.isSetUp()
	m.logsIn("user")
	m.starts("user", "editor", "/home/user/apps/editor")
	m.adminWants(events.ActionSetup, "editor")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.windowIsShown("editor")
	m.answers("user", "editor", events.ChoiceDefer)
	m.reportIsAccepted("editor")
	m.waitEnds("editor") // a day later
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.windowIsShown("editor")
	m.answers("user", "editor", events.ChoiceKill)
	m.programsAreClosed("editor")
	m.installs("editor")
}

func nothingRuns(m *machine) {
	m.isSetUp()
	m.logsIn("user")
	m.adminWants(events.ActionSetup, "editor")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.installs("editor")
}

func fiveTimesLater(m *machine) {
	m.isSetUp()
	m.logsIn("user")
	m.starts("user", "editor", "/home/user/apps/editor")
	m.adminWants(events.ActionSetup, "editor")
	for range 5 {
		m.isPrepared("editor")
		m.isLookedAt("editor")
		m.windowIsShown("editor")
		m.answers("user", "editor", events.ChoiceDefer)
		m.reportIsAccepted("editor")
		m.waitEnds("editor")
	}
	m.isPrepared("editor")
	m.isLookedAt("editor") // the window is announced as the last one
	m.windowIsShown("editor")
	m.waitEnds("editor") // the user is there and lets it pass
	m.programsAreClosed("editor")
	m.installs("editor")
}

func recheckOverReboot(m *machine) {
	m.isSetUp()
	m.logsIn("user")
	m.starts("user", "editor", "/home/user/apps/editor")
	m.adminWants(events.ActionSetup, "editor")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.windowIsShown("editor")
	m.answers("user", "editor", events.ChoiceRecheck)
	m.isLookedAt("editor")
	m.windowIsShown("editor")
	m.answers("user", "editor", events.ChoiceRecheck)
	m.reboots()
	m.isLookedAt("editor") // nothing runs any more
	m.installs("editor")
}

func heldAndReleased(m *machine) {
	m.isSetUp()
	m.logsIn("user")
	m.starts("user", "editor", "/home/user/apps/editor")
	m.adminWants(events.ActionSetup, "editor")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.windowIsShown("editor")
	m.comesIn("uid:0", events.HoldRequested{Reason: "exams today"})
	m.reportIsAccepted("editor")
	m.passes(8 * time.Hour)
	m.comesIn("uid:0", events.ReleaseRequested{Reason: "exams are over"})
	m.isPrepared("editor")
	m.programsEnd()
	m.isLookedAt("editor")
	m.installs("editor")
}

func takenBack(m *machine) {
	m.isSetUp()
	m.logsIn("user")
	m.starts("user", "editor", "/home/user/apps/editor")
	m.adminWants(events.ActionSetup, "editor")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.windowIsShown("editor")
	m.adminWithdraws("editor")
}

func uninstallInstead(m *machine) {
	m.isSetUp()
	m.logsIn("user")
	m.starts("user", "editor", "/home/user/apps/editor")
	m.adminWants(events.ActionSetup, "editor")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.windowIsShown("editor")
	m.answers("user", "editor", events.ChoiceDefer)
	m.reportIsAccepted("editor")
	m.adminWants(events.ActionUninstall, "editor")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.answers("user", "editor", events.ChoiceKill)
	m.programsAreClosed("editor")
	m.installerStarts("editor")
	m.installerEnds("editor", 0)
	m.isFound("editor", "2.0") // stands for: what was wanted is so
	m.reportIsAccepted("editor")
}

func oneNeedsTheOther(m *machine) {
	m.isSetUp()
	m.logsIn("user")
	m.starts("user", "runtime", "/opt/runtime/run")
	m.adminWants(events.ActionSetup, "runtime")
	m.adminWants(events.ActionSetup, "editor", "runtime")
	m.isPrepared("runtime")
	m.isLookedAt("runtime")
	m.windowIsShown("runtime")
	m.answers("user", "runtime", events.ChoiceDefer) // editor waits for it, visibly
	m.reportIsAccepted("runtime")
	m.waitEnds("runtime")
	m.isPrepared("runtime")
	m.programsEnd()
	m.isLookedAt("runtime")
	m.installs("runtime")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.installs("editor")
}

func powerLost(m *machine) {
	m.isSetUp()
	m.logsIn("user")
	m.adminWants(events.ActionSetup, "editor")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.installerStarts("editor")
	m.reboots() // in the middle of the installer
	m.comesIn("daemon", events.InstallProbed{For: m.ticket(events.KindProbeInstall, "editor"),
		Token: m.c.Product("editor").Attempt.Token, Found: events.Detection{Known: true, Installed: true, Version: "1.0"}})
	m.isLookedAt("editor") // a second attempt, with its reason in the log
	m.installs("editor")
}

func nobodyThere(m *machine) {
	m.isSetUp()
	m.logsIn("user")
	m.starts("user", "editor", "/home/user/apps/editor")
	m.adminWants(events.ActionSetup, "editor")
	m.isPrepared("editor", func(p *events.Policy) { p.DialogTimeout = 0 })
	m.isLookedAt("editor") // never ask, so wait
	m.reportIsAccepted("editor")
	m.programsEnd()
	m.comesIn("daemon", events.ChecksObserved{For: m.ticket(events.KindWatch, "editor"), Seen: m.seen(true)})
	m.isPrepared("editor", func(p *events.Policy) { p.DialogTimeout = 0 })
	m.isLookedAt("editor")
	m.installs("editor")
}

func installerFails(m *machine) {
	m.isSetUp()
	m.adminWants(events.ActionSetup, "editor")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.installerStarts("editor")
	m.installerEnds("editor", 7)
	m.reportIsAccepted("editor")
}

func restartWanted(m *machine) {
	m.isSetUp()
	m.adminWants(events.ActionSetup, "editor")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.installerStarts("editor")
	m.installerEnds("editor", 3010)
	m.isFound("editor", "2.0")
	m.reportIsAccepted("editor")
	m.reboots()
}

func operatorIntervenes(m *machine) {
	m.isSetUp()
	m.logsIn("user")
	m.starts("user", "editor", "/home/user/apps/editor")
	m.adminWants(events.ActionSetup, "editor")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.windowIsShown("editor")
	m.answers("user", "editor", events.ChoiceDefer)
	m.comesIn("uid:0", events.ResetRequested{Product: "editor", Reason: "new colleague"})
	m.comesIn("uid:0", events.ResumeRequested{Product: "editor", Reason: "asked on the phone"})
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.comesIn("uid:0", events.DeferRequested{Product: "editor", Reason: "presentation"})
}

func overACheckpoint(m *machine) {
	laterThenClosed(m)
	m.checkpoint()
	m.adminWants(events.ActionUninstall, "editor")
	m.isPrepared("editor")
	m.isLookedAt("editor")
	m.checkpoint()
	m.installerStarts("editor")
}

// rulesOfAnotherDay was decided in part by a rule set that this build does not know.
func rulesOfAnotherDay(m *machine) {
	m.isSetUp()
	m.logsIn("user")
	m.comesIn("daemon", events.RulesChosen{Rules: 4711})
	m.adminWants(events.ActionSetup, "editor")
	m.isPrepared("editor")
	m.checkpoint()
	m.isLookedAt("editor")
	m.comesIn("daemon", events.RulesChosen{Rules: fsm.RuleSet})
	m.installs("editor")
}
