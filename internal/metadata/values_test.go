// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestDefaults(t *testing.T) {
	for name, meta := range map[string]string{
		"list missing":  "[[installers]]\ninstall_dir = '/opt/p'\n",
		"list empty":    "[[installers]]\ninstall_dir = '/opt/p'\ncheck_processes_from_dirs = []\n",
		"list of blank": "[[installers]]\ninstall_dir = '/opt/p'\ncheck_processes_from_dirs = ['']\n",
		"list beats":    "[[installers]]\ninstall_dir = '/opt/else'\ncheck_processes_from_dirs = ['', '/opt/p', '/opt/p/']\n",
	} {
		p := good(t, depotWith(t, meta))
		if !slices.Equal(p.Dirs, []string{"/opt/p"}) || !p.Background || p.Repeatable || !slices.Equal(p.ExitCodes.OK, []int{0}) || p.ExitCodes.Reboot != nil {
			t.Errorf("%s: %+v", name, p.Package)
		}
	}
}

// TestProblems holds the messages an admin reads, word for word.
func TestProblems(t *testing.T) {
	const file = "p/CLIENT_DATA/opsi-meta-data.toml"
	install := func(s string) string { return "[[installers]]\n" + s + "\n" }
	ours := func(s string) string { return "[quietsetup]\n" + s + "\n" }
	for _, c := range []struct{ meta, want string }{
		{"[[installers]\n", "metadata_unreadable: " + file + ":1: installers[0]: expected ]] after the table's name"},
		{install(`install_dir = "C:\Program"`), "metadata_unreadable: " + file + `:2: installers.install_dir: invalid escape in string '\P'`},
		{"installers = 1\n", "metadata_unreadable: " + file + ":1: installers: must be a list of tables, is a whole number"},
		{install("requirement = 'linux'"), "metadata_unreadable: " + file + ":2: installers[0].requirement: must be a table, is a string"},
		{install("processes = ['a', 1]\ninstall_in_background = 'no'"), "metadata_unreadable: " + file + ":3: installers[0].install_in_background: must be true or false, is a string (and 1 more)"},
		{install("install_dir = '%ProgramFiles64Dir%/p'"), "metadata_unreadable: " + file + ":2: installers[0].install_dir: unknown constant %ProgramFiles64Dir%"},
		{install("check_processes_from_dirs = [\n'/opt/a',\n'/usr']"), "bad_directory: " + file + `:4: installers[0].check_processes_from_dirs[1]: directory "/usr" belongs to the system`},
		{install("install_dir = '/opt/../etc'"), "bad_directory: " + file + `:2: installers[0].install_dir: "/opt/../etc" must not hold ".."`},
		{install("install_dir = 'opt'"), "bad_directory: " + file + `:2: installers[0].install_dir: "opt" is not an absolute path`},
		{install(`install_dir = 'C:\Program Files\p'`), "bad_directory: " + file + `:2: installers[0].install_dir: "C:\\Program Files\\p" is not an absolute path`},
		{install(`install_dir = "/opt/\u001b[2J"`), "metadata_unreadable: " + file + ":2: installers[0].install_dir: must not hold control characters"},
		{install("processes = ['bin/p']"), "metadata_unreadable: " + file + `:2: installers[0].processes[0]: "bin/p" is not an absolute path`},
		{install("processes = ['..']"), "metadata_unreadable: " + file + `:2: installers[0].processes[0]: ".." is no program`},
		{ours("command = './setup.sh'"), "metadata_unreadable: " + file + ":2: quietsetup.command: must be a list, is a string"},
		{ours("command = []"), "metadata_unreadable: " + file + `:2: quietsetup.command: must name a program first, like ["./setup.sh"]`},
		{ours(`command = ["a", "b\u0000"]`), "metadata_unreadable: " + file + ":2: quietsetup.command[1]: must not hold a zero byte"},
		{ours("command = ['%PATH%']"), "metadata_unreadable: " + file + ":2: quietsetup.command[0]: unknown constant %PATH%"},
		{ours("version = 2"), "metadata_unreadable: " + file + ":2: quietsetup.version: is 2, and this version of quietsetup knows 1: the package needs a newer one"},
		{ours("version = 'x'"), "metadata_unreadable: " + file + ":2: quietsetup.version: must be the number of a version"},
		{ours("exit_codes = {ok = [0], retry = [0]}"), "metadata_unreadable: " + file + ":2: quietsetup.exit_codes.retry[0]: 0 stands under ok already"},
		{ours("exit_codes = {reboot = [0]}"), "metadata_unreadable: " + file + ":2: quietsetup.exit_codes.reboot[0]: 0 stands under ok (by default) already"},
		{ours("exit_codes = {ok = [99999999999]}"), "metadata_unreadable: " + file + ":2: quietsetup.exit_codes.ok[0]: 99999999999 is no exit code"},
		{ours("detect = {kind = 'smell', name = 'p'}"), "metadata_unreadable: " + file + `:2: quietsetup.detect.kind: must be file or dpkg or registry or msi or command, is "smell"`},
		{ours("detect = {kind = 'dpkg', name = '--help'}"), "metadata_unreadable: " + file + `:2: quietsetup.detect.name: "--help" looks like an option`},
		{ours("detect = {kind = 'file', name = 'p'}"), "metadata_unreadable: " + file + `:2: quietsetup.detect.name: "p" is not an absolute path`},
		{ours("detect = {kind = 'msi'}"), "metadata_unreadable: " + file + ":2: quietsetup.detect.name: is missing"},
		{ours("services = ['../x']"), "metadata_unreadable: " + file + `:2: quietsetup.services[0]: "../x" is no service`},
	} {
		if got := bad(t, depotWith(t, c.meta)); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.meta, got, c.want)
		}
	}
}

func TestControlProblems(t *testing.T) {
	head := "metadata_unreadable: p/OPSI/control.toml"
	for _, c := range []struct{ old, new, want string }{
		{control("p"), "x", head + ":1: x: expected = after the key"},
		{control("p"), "", head + ": Product: the table [Product] is missing"},
		{`id = "p"`, `id = "q"`, head + `:5: Product.id: is "q", but the folder is called "p"`},
		{"LocalbootProduct", "NetbootProduct", head + `:4: Product.type: is "NetbootProduct"; only a LocalbootProduct can be installed here`},
		{`"1.2"`, `"1-2"`, head + `:7: Product.version: must match ^[a-zA-Z0-9.]{1,32}$, is "1-2"`},
		{`"3"`, `3`, head + `:2: Package.version: must be a string, is a whole number (and 1 more)`},
		{`"Some p"`, `"a\nb"`, head + ":6: Product.name: must be one line of at most 128 bytes"},
		{"priority = 10", "priority = 'high'", head + ":8: Product.priority: must be a whole number, is a string"},
		{"priority = 10\n", "[[ProductDependency]]\naction = 'setup'\nrequiredProduct = '../q'\n", head + `:10: ProductDependency[0].requiredProduct: not a product id: "../q" holds a character that is not allowed there`},
	} {
		r := depotWith(t, "")
		write(t, r.Depot, map[string]string{"p/OPSI/control.toml": strings.Replace(control("p"), c.old, c.new, 1)})
		if got := bad(t, r); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestDependencies(t *testing.T) {
	r := depotWith(t, "")
	write(t, r.Depot, map[string]string{"p/OPSI/control.toml": control("p") + `
[[ProductDependency]]
action = "setup"
requiredProduct = "java"
requiredStatus = "installed"
[[ProductDependency]]
action = "setup"
requiredProduct = "cleaner"
requiredAction = "setup"
requirementType = "after"
[[ProductDependency]]
action = "uninstall"
requiredProduct = "plugin"
requiredAction = "uninstall"
requirementType = "before"
[[ProductDependency]]
action = "setup"
requiredProduct = "p"
requiredAction = "none"
[[ProductDependency]]
action = "setup"
requiredProduct = "fonts"
requiredStatus = "installed"
[[ProductDependency]]
action = "setup"
requiredProduct = "java"
requiredAction = "setup"
`})
	p := good(t, r)
	if got := p.Requires("setup"); !slices.Equal(got, []string{"java", "fonts"}) {
		t.Errorf("setup requires %q", got)
	}
	if got := p.Requires("uninstall"); !slices.Equal(got, []string{"plugin"}) {
		t.Errorf("uninstall requires %q", got)
	}
	if got := p.Requires("update"); got != nil {
		t.Errorf("update requires %q", got)
	}
	if len(p.Dependencies) != 6 {
		t.Errorf("%d dependencies", len(p.Dependencies))
	}
}

func TestPathsOfWindows(t *testing.T) {
	m := Machine{"windows", "x64"}
	for in, want := range map[string]string{
		`C:\Program Files\p\`: `C:\Program Files\p`, `c:/p//q`: `c:\p\q`, `C:\`: `C:\`, `C:\a\.\b`: `C:\a\b`,
	} {
		if got, err := m.absolute(in); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", `\p`, `p`, `C:`, `C:p`, `\\server\share`, `//server/share`, `\\?\C:\p`, `C:\a\..\b`, `C:\p:stream`, `C:\p*`, `/opt/p`, `1:\p`, `C:\a|b`} {
		if got, err := m.absolute(in); err == nil {
			t.Errorf("%q is accepted as %q", in, got)
		}
	}
}

func TestConstantsAreReplacedOnce(t *testing.T) {
	c := Constants{"a": "%b%", "b": `C:\x`}
	if got, err := c.resolve("%A%/%b%/%%/5%"); err != nil || got != `%b%/C:\x/%%/5%` {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := c.resolve("%b%%c%"); err == nil || err.Error() != "unknown constant %c%" {
		t.Errorf("%v", err)
	}
}

func FuzzMetadata(f *testing.F) {
	names, err := filepath.Glob("testdata/examples/*.toml")
	if err != nil || len(names) == 0 {
		f.Fatalf("no examples: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "linux")
		f.Add(string(text), "windows")
	}
	f.Add("[[installers]]\ninstall_dir='/opt/%ScriptPath%'\n[quietsetup]\ncommand=['a']\nexit_codes={ok=[1]}\n", "linux")
	r := depotWith(f, "")
	r.Constants = windows()
	path := filepath.Join(r.Depot, "p", "CLIENT_DATA", "opsi-meta-data.toml")
	f.Fuzz(func(t *testing.T, text, os_ string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r := r
		r.Machine = Machine{os_, "x64"}
		p, problem, err := r.Load("p")
		if err != nil {
			t.Fatalf("the package's fault was taken for the depot's: %v", err)
		}
		if problem != nil {
			if strings.ContainsAny(problem.Message, "\n\r\x1b") || problem.Code == "" || len(problem.Message) > 500 {
				t.Errorf("%q", problem)
			}
			return
		}
		for _, d := range p.Dirs {
			if clean, err := r.Machine.absolute(d); err != nil || clean != d || slices.Contains(strings.FieldsFunc(d, func(r rune) bool { return r == '/' }), "..") {
				t.Errorf("dir %q: %q, %v", d, clean, err)
			}
		}
		for _, a := range slices.Concat(p.Command, p.Uninstall) {
			if strings.ContainsRune(a, 0) {
				t.Errorf("argument %q", a)
			}
		}
	})
}

// TestDependenciesAreBounded: a package cannot make every look at it long.
func TestDependenciesAreBounded(t *testing.T) {
	r := depotWith(t, "")
	text := control("p")
	for i := range maxDependencies + 1 {
		text += fmt.Sprintf("[[ProductDependency]]\naction = 'setup'\nrequiredProduct = 'p%d'\nrequiredStatus = 'installed'\n", i)
	}
	write(t, r.Depot, map[string]string{"p/OPSI/control.toml": text})
	if got := bad(t, r); !strings.Contains(got, "more than 200 dependencies") {
		t.Error(got)
	}
}
