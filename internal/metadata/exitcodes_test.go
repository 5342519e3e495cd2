// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"reflect"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

// TestUsualCodes: on Windows the codes of Windows Installer mean what they mean.
func TestUsualCodes(t *testing.T) {
	const remove = "uninstall_command = ['msiexec', '/x', '{A}']\n"
	const detect = "detect = {kind = 'msi', name = '{A}'}\n"
	for name, c := range map[string]struct {
		keys string
		want events.ExitCodes
	}{
		"nothing said":      {"", events.ExitCodes{OK: []int{0}, Reboot: []int{3010, 1641}, Retry: []int{1618}}},
		"a reboot is none":  {"exit_codes = {ok = [0, 3010]}\n", events.ExitCodes{OK: []int{0, 3010}, Reboot: []int{1641}, Retry: []int{1618}}},
		"no reboot":         {"exit_codes = {reboot = []}\n", events.ExitCodes{OK: []int{0}, Retry: []int{1618}}},
		"own":               {"exit_codes = {reboot = [8], retry = [5]}\n", events.ExitCodes{OK: []int{0}, Reboot: []int{8}, Retry: []int{5}}},
		"removed, verified": {remove + detect, events.ExitCodes{OK: []int{0, 1605, 1614}, Reboot: []int{3010, 1641}, Retry: []int{1618}}},
		"removed, believed": {remove, events.ExitCodes{OK: []int{0}, Reboot: []int{3010, 1641}, Retry: []int{1618}}},
		"32 bits":           {"exit_codes = {ok = [0, 0x80070642, 4294967295]}\n", events.ExitCodes{OK: []int{0, -2147023294, -1}, Reboot: []int{3010, 1641}, Retry: []int{1618}}},
	} {
		r := depotWith(t, "[[installers]]\ninstall_dir = 'C:\\Program Files\\P'\n[quietsetup]\nversion = 1\ncommand = ['./setup.exe']\n"+c.keys)
		r.Machine = Machine{"windows", "x64"}
		r.Constants = MachineConstants(r.Machine)
		p := good(t, r)
		if len(p.ExitCodes.Reboot) == 0 {
			p.ExitCodes.Reboot = nil
		}
		if !reflect.DeepEqual(p.ExitCodes, c.want) {
			t.Errorf("%s: %+v, want %+v", name, p.ExitCodes, c.want)
		}
	}
}
