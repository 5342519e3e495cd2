// SPDX-License-Identifier: Apache-2.0

package configcheck

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// site is a config, a depot and an overlay in a folder of their own.
type site struct {
	t   *testing.T
	dir string
}

// newSite writes files below a new folder. depot/notes is always there.
func newSite(t *testing.T, files map[string]string) site {
	t.Helper()
	s := site{t, t.TempDir()}
	s.write(map[string]string{
		"depot/notes/OPSI/control.toml":                   control("notes"),
		"depot/notes/CLIENT_DATA/opsi-meta-data.toml":     "[quietsetup]\nversion = 1\ncommand = ['./setup.sh']\n[quietsetup.policy]\nmax_defer = 3\n[[installers]]\nprocesses = ['notes']\n",
		"depot/hand-writing/OPSI/control.toml":            control("hand-writing"),
		"depot/hand-writing/CLIENT_DATA/setup.opsiscript": "",
		"depot/not a product/OPSI/control.toml":           "",
		"depot/README":                                    "",
	})
	s.write(files)
	return s
}

func (s site) write(files map[string]string) {
	s.t.Helper()
	for name, text := range files {
		path := filepath.Join(s.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
}

func control(id string) string {
	return "[Package]\nversion = '1'\n[Product]\ntype = 'LocalbootProduct'\nid = '" + id + "'\nname = 'Some'\nversion = '1.0'\nsetupScript = 'setup.opsiscript'\n"
}

func reader(c config.Config) metadata.Reader {
	return metadata.Reader{Depot: c.Source.Depot, Overlay: c.Overlay, Machine: metadata.Machine{OS: "linux", Arch: "x64"},
		CheckDir: func(string) error { return nil }, CheckOverlay: config.CheckOwner}
}

// found looks at the site's config and tells each finding in a line.
func (s site) found() []string {
	s.t.Helper()
	all, err := File(filepath.Join(s.dir, "c.toml"), reader)
	if err != nil {
		s.t.Fatal(err)
	}
	out := []string{}
	for _, f := range all {
		var args []string
		for _, k := range slices.Sorted(maps.Keys(f.Args)) {
			args = append(args, k+"="+f.Args[k])
		}
		line := fmt.Sprintf("%s:%d %s %s %s {%s}", f.File, f.Line, f.Key, f.Code, f.Severity, strings.Join(args, "; "))
		out = append(out, filepath.ToSlash(strings.ReplaceAll(line, s.dir+string(filepath.Separator), "")))
	}
	return out
}

func TestFindings(t *testing.T) {
	const paths = "[source]\ndepot = 'depot'\n[metadata]\noverlay = 'overlay'\n" // four lines
	const overlay = "overlay/notes.toml"
	// What the system says of a file that is not there.
	_, err := os.Stat("c.toml")
	noFile := fmt.Sprint(err)
	_, err = os.Open("gone")
	notThere := strings.TrimPrefix(fmt.Sprint(err), "open gone: ")
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"nothing": {map[string]string{"c.toml": paths, overlay: ""}, nil},
		"no file": {nil, []string{"c.toml:0  file-unreadable error {Detail=invalid configuration: cannot read it: " + noFile + "}"}},
		"not TOML": {map[string]string{"c.toml": "[source"},
			[]string{"c.toml:1 source invalid error {Detail=expected ] after the table's name}"}},
		"mistakes do not hide the rest": {map[string]string{"c.toml": paths + "polcy = 1\n[policy]\nmax_defer = 'x'\n", overlay: ""}, []string{
			"c.toml:5 metadata.polcy invalid error {Detail=unknown key; known are overlay}",
			"c.toml:7 policy.max_defer bad-value warning {Alone=yes; Counts=5; Origin=built-in; Policy=max_defer; Written=\"x\"}"}},
		"a near miss": {map[string]string{"c.toml": "[polciy]\n[source]\ndepot = 'depot'\ndepoot = 'x'\n[policy]\nmax_defers = 1\nblackout = 'x'\n"}, []string{
			"c.toml:1 polciy invalid error {Detail=unknown key (did you mean policy?); known are source, policy, metadata, log, ui}",
			"c.toml:4 source.depoot invalid error {Detail=unknown key (did you mean depot?); known are kind, depot, poll, algorithm, url, host_id, key_file, ca_file, opsi_script}",
			"c.toml:6 policy.max_defers invalid error {Detail=\"max_defers\" is not a policy key (did you mean max_defer?)}",
			"c.toml:7 policy.blackout invalid error {Detail=this version does not know blackout yet}"}},
		"what counts instead": {map[string]string{
			"c.toml": paths + "[policy]\nMAXDEFER = 2\n[policy.product.notes]\nMAXDEFER = -1\nmax_recheck = 1.5\nclose_grace = 'soon'\n",
			overlay:  "[quietsetup.policy]\nclose_grace = '9s'\nmax_attempts = 0\n"}, []string{
			"c.toml:8 policy.product.notes.MAXDEFER bad-value warning {Counts=2; Origin=config; Policy=max_defer; Written=-1}",
			"c.toml:9 policy.product.notes.max_recheck bad-value warning {Counts=3; Origin=built-in; Policy=max_recheck; Written=1.5}",
			"c.toml:10 policy.product.notes.close_grace bad-value warning {Counts=9s; Origin=metadata; Policy=close_grace; Written=\"soon\"}",
			"overlay/notes.toml:3 quietsetup.policy.max_attempts bad-value warning {Counts=3; Origin=built-in; Policy=max_attempts; Written=0}"}},
		"an overlay's bad value gives way to the package's": {map[string]string{"c.toml": paths, overlay: "[quietsetup.policy]\nmax_defer = 'x'\nmax_defers = 1\n"}, []string{
			"overlay/notes.toml:2 quietsetup.policy.max_defer bad-value warning {Counts=3; Origin=metadata; Policy=max_defer; Written=\"x\"}",
			"overlay/notes.toml:3 quietsetup.policy.max_defers unknown-policy-key warning {Near=max_defer}"}},
		"twice": {map[string]string{"c.toml": paths + "[policy]\nmax_defer = 2\nMAXDEFER = 4\n"}, []string{
			"c.toml:4 metadata.overlay overlay-unreadable warning {Detail=open overlay: " + notThere + "}",
			"c.toml:7 policy.MAXDEFER said-twice warning {Line=6; Other=max_defer}"}},
		"products": {map[string]string{"c.toml": "[source]\ndepot = 'depot'\n[policy.product.notse]\n[policy.product.zebra]\n[policy.product.notes]\n[policy.product.'a.b']\nmax_recheck=true"}, []string{
			"c.toml:3 policy.product.notse unknown-product warning {Near=notes; Product=notse}",
			"c.toml:4 policy.product.zebra unknown-product warning {Near=; Product=zebra}",
			"c.toml:6 policy.product.\"a.b\" unknown-product warning {Near=; Product=a.b}",
			"c.toml:7 policy.product.\"a.b\".max_recheck bad-value warning {Counts=3; Origin=built-in; Policy=max_recheck; Written=true}"}},
		"no depot": {map[string]string{"c.toml": "[policy]\n[source]\ndepot = 'gone'\n[policy.product.zebra]\n[metadata]\noverlay = 'overlay'\n", overlay: ""}, []string{
			"c.toml:3 source.depot depot-unreadable warning {Detail=cannot read the depot: open gone: " + notThere + "}"}},
		"overlay": {map[string]string{"c.toml": paths, "overlay/hand-writting.toml": "", "overlay/not es.toml": "", "overlay/notes.tml": "", "overlay/.notes.toml.swp": "",
			overlay: "[[installers]]\ncheck_proceses_from_dirs = ['/opt/notes']\nprocesses = ['notes']\n", "overlay/hand-writing.toml": "[quietsetup]\nversion = 99\n"}, []string{
			"overlay/hand-writing.toml:0  overlay-slip warning {Detail=names no directory and no process, so nobody knows what an installation disturbs: handled as if there were no metadata}",
			"overlay/hand-writing.toml:2 quietsetup.version overlay-broken error {Detail=is 99, and this version of quietsetup knows 1: the package needs a newer one}",
			"overlay/hand-writting.toml:0  overlay-unused warning {Near=hand-writing; Product=hand-writting}",
			"overlay/not es.toml:0  overlay-name warning {Detail=not a product id: \"not es\" holds a character that is not allowed there}",
			"overlay/notes.tml:0  overlay-name warning {Detail=its name does not end with .toml}",
			"overlay/notes.toml:2 installers[0].check_proceses_from_dirs overlay-slip warning {Detail=unknown key}"}},
		"an overlay that is not TOML": {map[string]string{"c.toml": paths, overlay: "\n[quietsetup\n"}, []string{
			"overlay/notes.toml:2 quietsetup overlay-broken error {Detail=expected ] after the table's name}"}},
		"values that clash": {map[string]string{
			"c.toml": paths + "[policy]\ndialog_timeout = 0\ndefault_action = 'kill'\n[policy.product.notes]\nalone_action = 'kill'\n", overlay: ""}, []string{
			"c.toml:7 policy.default_action never-asked-default warning {Table=policy; Values=default_action = kill, dialog_timeout = 0s}",
			"c.toml:9 policy.product.notes.alone_action never-asked-alone warning {Table=policy.product.notes; Values=alone_action = kill, dialog_timeout = 0s}",
			"notes/CLIENT_DATA/opsi-meta-data.toml:5 quietsetup.policy.max_defer never-asked-limit warning {Table=policy.product.notes; Values=max_defer = 3, dialog_timeout = 0s}"}},
		"said of all once": {map[string]string{"c.toml": paths + "[policy]\nclose_grace = 0\n[policy.product.notes]\nmax_attempts = 2\n", overlay: ""}, []string{
			"c.toml:6 policy.close_grace no-grace warning {Table=policy; Values=close_grace = 0s}"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := newSite(t, c.files).found()
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

// TestServer looks at what the service proves itself with.
func TestServer(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // a file that a test writes is one that others can read there
	}
	s := newSite(t, map[string]string{"c.toml": "[source]\nkind = 'opsi'\nurl = 'https://opsi.example.org'\ndepot = 'depot'\nkey_file = 'key'\nca_file = 'ca.pem'\n", "key": "secret", "ca.pem": "x"})
	if err := os.Chmod(filepath.Join(s.dir, "key"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"c.toml:5 source.key_file key-unusable error {Detail=cannot use key: [global] opsi_host_key: host id and key cannot be used: a host key has 32 digits from 0 to 9 and a to f}",
		"c.toml:6 source.ca_file ca-unusable error {Detail=cannot use the CA file ca.pem: the server's certificate is not trusted: not a file of PEM certificates}"}
	if got := s.found(); !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	s.write(map[string]string{"key": "[global]\nhost_id = pc1.example.org\nopsi_host_key = " + strings.Repeat("0a", 16)})
	if got := s.found(); len(got) != 1 || !strings.Contains(got[0], "ca-unusable") {
		t.Errorf("with a key: %q", got)
	}
	l := look{file: "c.toml"}
	l.needed(codeKey, "source.key_file", fmt.Errorf("cannot read the host key: %w", fs.ErrPermission))
	if f := l.sorted()[0]; fmt.Sprintf("%s %s %s", f.Key, f.Code, f.Severity) != "source.key_file secret-hidden warning" {
		t.Errorf("%+v", f)
	}
}

// TestWhoCouldChangeIt: folders and files that others could write are named.
func TestWhoCouldChangeIt(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // modes say nothing there
	}
	s := newSite(t, map[string]string{"c.toml": "[source]\ndepot = 'depot'\n[metadata]\noverlay = 'overlay'\n", "overlay/notes.toml": ""})
	for _, name := range []string{"depot", "overlay", "overlay/notes.toml"} {
		if err := os.Chmod(filepath.Join(s.dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, f := range s.found() {
		place, rest, _ := strings.Cut(f, " {")
		if !strings.Contains(rest, "mode 0777") {
			t.Errorf("%s", f)
		}
		got = append(got, place)
	}
	file := "overlay/notes.toml:0  overlay-rights warning"
	if os.Geteuid() == 0 { // root does not believe it, so the product cannot be used
		file = "overlay/notes.toml:0  overlay-broken error"
	}
	want := []string{"c.toml:2 source.depot depot-rights warning", "c.toml:4 metadata.overlay overlay-rights warning", file}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// TestEveryCodeIsFound: the list holds no code that nobody gives, and no code twice.
func TestEveryCodeIsFound(t *testing.T) {
	text, err := os.ReadFile("check_test.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	clashes := len(policy.Clashes())
	for i, c := range Codes() {
		if seen[c.Code] || c.Meaning == "" || c.Severity == "" {
			t.Errorf("%+v", c)
		}
		seen[c.Code] = true
		if own := i < len(Codes())-clashes; own && c.Code != codeFileRights && !strings.Contains(string(text), " "+c.Code+" "+string(c.Severity)) {
			t.Errorf("no test finds %s", c.Code)
		}
	}
}

func TestPlace(t *testing.T) {
	for at, want := range map[string]string{"f:3": "f 3", "f": "f 0", `C:\f`: `C:\f 0`, `C:\f:12`: `C:\f 12`, "f:0": "f:0 0", "": " 0", "f:-1": "f:-1 0"} {
		if file, line := Place(at); fmt.Sprintf("%s %d", file, line) != want {
			t.Errorf("%q is %q and %d", at, file, line)
		}
	}
}

func FuzzApart(f *testing.F) {
	f.Add("/o/notes.toml:3: a.b: must be x", "/o/notes.toml")
	f.Add("/o/notes.toml has mode 0664", "/o/notes.toml")
	f.Fuzz(func(t *testing.T, message, path string) {
		at, key, text := apart(message, path)
		if !strings.HasPrefix(message, path) {
			if at != "" || text != message {
				t.Errorf("%q is not about %q: %q %q %q", message, path, at, key, text)
			}
			return
		}
		if !strings.HasPrefix(at, path) || len(at)+len(key)+len(text) > len(path)+len(message) {
			t.Errorf("%q: %q %q %q", message, at, key, text)
		}
	})
}
