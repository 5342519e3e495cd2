// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

// row is a row in short: result, request, last action, status, version, progress.
func row(text string) events.Report {
	f := strings.SplitN(text, " ", 6)
	version, pack, _ := strings.Cut(f[4], "-")
	return events.Report{ProductID: "p", ProductType: "LocalbootProduct", ActionResult: f[0], ActionRequest: events.Action(f[1]), LastAction: events.Action(f[2]),
		InstallationStatus: f[3], ProductVersion: version, PackageVersion: pack, ActionProgress: f[5]}
}

func TestJudge(t *testing.T) {
	const before = "none %s none installed 1.0-1 "
	killed, lost, boot := End{Exit: -1, Signal: "SIGKILL"}, End{Exit: -1, Lost: true}, End{Wish: Reboot}
	for _, c := range []struct {
		name   string
		action events.Action
		after  string // "" = there is no row
		end    End
		kind   Kind
		detail string
	}{
		// the table of the end
		{"setup done", "setup", "successful none setup installed 2.0-1 ", End{}, Done, ""},
		{"update done", "update", "successful none update installed 2.0-1 ", End{}, Done, ""},
		{"uninstall done", "uninstall", "successful none uninstall not_installed 2.0-1 ", End{}, Done, ""},
		{"always done", "always", "successful always always installed 2.0-1 ", End{}, Done, ""},
		{"once done", "once", "successful none once not_installed 2.0-1 ", End{}, Done, ""},
		{"custom done", "custom", "successful none custom installed 1.0-1 ", End{}, Done, ""},
		{"setup failed", "setup", "failed none setup unknown 2.0-1 disk full", End{Exit: 1}, Failed, "disk full"},
		{"update failed", "update", "failed none update unknown 2.0-1 ", End{Exit: 1}, Failed, "failure"},
		{"uninstall failed", "uninstall", "failed none uninstall unknown 2.0-1 ", End{Exit: 1}, Failed, ""},
		{"always failed", "always", "failed always always unknown 2.0-1 ", End{Exit: 1}, Failed, ""},
		{"once failed", "once", "failed none once unknown 2.0-1 ", End{Exit: 1}, Failed, ""},
		{"custom failed", "custom", "failed none custom installed 1.0-1 ", End{Exit: 1}, Failed, ""},
		// the exit code is not asked
		{"good row, bad code", "setup", "successful none setup installed 2.0-1 ", End{Exit: 1}, Done, ""},
		{"good row, killed", "setup", "successful none setup installed 2.0-1 ", killed, Done, ""},
		{"good row, lost", "setup", "successful none setup installed 2.0-1 ", lost, Done, ""},
		{"bad row, good code", "setup", "failed none setup unknown 2.0-1 ", End{}, Failed, ""},
		{"no end, good code", "setup", "none setup none unknown 1.0-1 installing", End{}, Unknown, "exit code was 0"},
		// put off
		{"deferred by the script", "setup", "none none none installed 1.0-1 Deferred", End{}, Deferred, "Deferred"},
		{"deferred by the check", "setup", "none setup none installed 1.0-1 Deferred", End{}, Deferred, ""},
		{"deferred, old word", "setup", "none setup none unknown 1.0-1 defered due to running processes", End{}, Deferred, ""},
		{"suspended", "setup", "none setup setup unknown 2.0-1 Suspended", End{}, Deferred, "Suspended"},
		// restarts
		{"restart at the end", "setup", "successful none setup installed 2.0-1 ", boot, Done, ""},
		{"failure with a restart", "setup", "failed none setup unknown 2.0-1 ", boot, Failed, ""},
		{"restart in the middle", "setup", "none setup none unknown 1.0-1 installing", boot, Interrupted, "reboot"},
		{"restart in the middle, own progress", "setup", "none setup none unknown 1.0-1 part 1 of 2", boot, Interrupted, ""},
		{"restart in the middle of custom", "custom", "none custom none installed 1.0-1 starting", boot, Interrupted, ""},
		{"logout in the middle", "setup", "none setup none unknown 1.0-1 installing", End{Wish: Logout}, LoggedOut, "log off"},
		{"crash after a wish", "setup", "none setup none unknown 1.0-1 installing", End{Exit: -1, Signal: "SIGSEGV", Wish: Reboot}, Unknown, "SIGSEGV"},
		{"crash with a code after a wish", "setup", "none setup none unknown 1.0-1 installing", End{Exit: 217, Wish: Reboot}, Unknown, "217"},
		{"lost after a wish", "setup", "none setup none unknown 1.0-1 installing", End{Exit: -1, Lost: true, Wish: Reboot}, Unknown, ""},
		// no end
		{"killed", "setup", "none setup none unknown 1.0-1 installing", killed, Unknown, "SIGKILL"},
		{"killed in uninstall", "uninstall", "none uninstall none unknown 1.0-1 uninstalling", killed, Unknown, ""},
		{"killed in once", "once", "none once none installed 1.0-1 starting", killed, Unknown, ""},
		{"killed in always", "always", "none always none unknown 1.0-1 installing", killed, Unknown, ""},
		{"lost", "setup", "none setup none unknown 1.0-1 installing", lost, Unknown, ""},
		{"usage", "setup", "none setup none installed 1.0-1 starting", End{}, Untouched, "before it began"},
		{"usage with custom", "custom", "none custom none installed 1.0-1 starting", End{}, Unknown, ""},
		{"killed before the start", "setup", "none setup none installed 1.0-1 starting", killed, Untouched, ""},
		{"not started", "setup", "none setup none installed 1.0-1 starting", End{Exit: -1, Error: "no such file"}, Untouched, "no such file"},
		{"withdrawn before the start", "setup", "none none none installed 1.0-1 ", End{}, Untouched, "taken back"},
		{"no row", "setup", "", End{}, Unknown, "gone"},
		// others' words
		{"ExitScript", "setup", "none none none unknown 1.0-1 ExitScript", End{}, Unknown, "ExitScript"},
		{"ExitScript installed", "setup", "none none none installed 1.0-1 only half", End{}, Done, "only half"},
		{"ExitScript of uninstall", "uninstall", "none none none not_installed 1.0-1 gone already", End{}, Done, ""},
		{"new request after success", "setup", "none uninstall setup installed 2.0-1 ", End{}, Done, ""},
		{"new request after failure", "setup", "none uninstall setup unknown 2.0-1 ", End{}, Unknown, ""},
		{"new request after once", "once", "none setup once not_installed 2.0-1 ", End{}, Unknown, ""},
	} {
		b := row(strings.Replace(before, "%s", string(c.action), 1))
		var after *events.Report
		if c.after != "" {
			r := row(c.after)
			after = &r
		}
		o := Judge(c.action, b, after, c.end)
		if o.Kind != c.kind || o.Wish != c.end.Wish || !strings.Contains(o.Detail, c.detail) || o.Detail == "" {
			t.Errorf("%s: %+v, want %s and %q", c.name, o, c.kind, c.detail)
		}
	}
}

// TestExitCodeMakesNoSuccess: whatever the code, nothing but the row says done, and
// of a row that says so no code makes anything else.
func TestExitCodeMakesNoSuccess(t *testing.T) {
	for _, text := range []string{"none setup none unknown 1.0-1 installing", "none setup none installed 1.0-1 starting", "failed none setup unknown 2.0-1 x"} {
		for exit := range 256 {
			r := row(text)
			if o := Judge("setup", row("none setup none installed 1.0-1 "), &r, End{Exit: exit}); o.Kind == Done {
				t.Errorf("%s, exit code %d: %+v", text, exit, o)
			}
		}
	}
}
