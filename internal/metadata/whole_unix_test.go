// SPDX-License-Identifier: Apache-2.0

//go:build unix

package metadata

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

// TestAWholeFile reads for a Linux machine, whose paths are those of the test.
func TestAWholeFile(t *testing.T) {
	r := depotWith(t, `
[product]
productIconFilePath = 'p.png'
[[installers]]
path = '%unknown%\setup.exe' # not ours to run, so not resolved
install_dir = '/opt/p//app/./'
processes = ['', 'p', '%SCRIPTPATH%/tool', 'p']
install_in_background = false
[installers.requirement]
os = 'linux'
requiredSpaceMB = 5
[quietsetup]
version = 1
command = ['./setup.sh', '--to=%installingVersion%', '100%', '%scriptdir%', "a\nb"]
uninstall_command = ['/bin/sh', '%ScriptPath%/remove.sh', '%opsiTmpDir%']
repeatable = true
exit_codes = {ok = [0, 2], reboot = [3010, 1641], retry = [1618]}
detect = {kind = 'dpkg', name = 'p', version = '%installingVersion%'}
services = ['pd.service']
`)
	p := good(t, r)
	folder := filepath.Join(r.Depot, "p", "CLIENT_DATA")
	want := events.Package{
		Product: "p", ProductVersion: "1.2", PackageVersion: "3", Name: "Some p", Metadata: true, Background: false,
		Dirs: []string{"/opt/p/app"}, Processes: []string{"p", folder + "/tool"}, Services: []string{"pd.service"}, Folder: folder,
		Command:   []string{"./setup.sh", "--to=1.2", "100%", folder, "a\nb"},
		Uninstall: []string{"/bin/sh", folder + "/remove.sh", "/tmp"}, Repeatable: true,
		ExitCodes: events.ExitCodes{OK: []int{0, 2}, Reboot: []int{3010, 1641}, Retry: []int{1618}},
		Detect:    &events.Detect{Kind: "dpkg", Name: "p", Version: "1.2"}, Digest: p.Digest,
	}
	if !reflect.DeepEqual(p.Package, want) {
		t.Errorf("got  %+v\nwant %+v", p.Package, want)
	}
	if p.Warnings != nil {
		t.Errorf("warnings: %q", p.Warnings)
	}
}
