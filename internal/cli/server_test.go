// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
	"github.com/quietsetup/quietsetup/internal/source/opsi/servercheck"
)

const opsiClient = "pc1.site.test"

// atServer is a server with a client, and the flags that name both.
func atServer(t *testing.T) (*opsitest.Server, []string) {
	t.Helper()
	s := opsitest.Start(t, opsitest.Options{})
	dir := t.TempDir()
	key, ca := filepath.Join(dir, "key"), filepath.Join(dir, "ca.pem")
	for name, text := range map[string]string{key: s.AddClient(opsiClient), ca: string(s.CA())} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s, []string{"--url", s.URL(), "--host-id", opsiClient, "--key-file", key, "--ca-file", ca}
}

func ran(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Run(t.Context(), Outside{In: os.Stdin, Out: &o, Err: &e, Version: "1.2.3", Getenv: func(string) string { return "" }}, args)
	return code, o.String(), e.String()
}

// TestServerSaysEverything: each code has a sentence in both languages, and what
// is not in order has something to do, on each system.
func TestServerSaysEverything(t *testing.T) {
	for _, lang := range []string{"en", "de"} {
		w, err := words.New(time.UTC, lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range servercheck.Checks() {
			if key := groupOf("servercheck", c) + "." + c; w.Text(key, nil) == "["+key+"]" {
				t.Errorf("%s: the check %s has no name", lang, c)
			}
		}
		for code, state := range servercheck.Codes() {
			for _, system := range []string{"linux", "windows"} {
				facts := map[string]any{"URL": "x", "Error": "x", "File": "x", "Until": time.Now(), "Verdict": "ok"}
				found, mend := serverSentences(system, w, servercheck.Finding{Code: code, State: state, Data: facts})
				if found == "" || strings.HasPrefix(found, "[serverfound.") || strings.HasPrefix(found, "[agentfound.") {
					t.Errorf("%s: nothing is said of %s", lang, code)
				}
				if bad := state == servercheck.Warning || state == servercheck.Failed; bad != (mend != "") || strings.HasPrefix(mend, "[servermend.") || strings.HasPrefix(mend, "[agentmend.") {
					t.Errorf("%s: to do about %s: %q", lang, code, mend)
				}
				if strings.Contains(found+mend, "%!") || system == "windows" && (strings.Contains(mend, "chmod") || strings.Contains(mend, "timedatectl")) {
					t.Errorf("%s on %s: %s -> %s", lang, system, found, mend)
				}
			}
		}
	}
}

// TestServerCheck against the double: what is printed, and the exit codes.
func TestServerCheck(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // a file that a test writes is one that others can read there
	}
	s, flags := atServer(t)
	args := append([]string{"server", "check", "--json"}, flags...)
	code, out, said := ran(t, args...)
	var d apitypes.ServerCheck
	if err := json.Unmarshal([]byte(out), &d); err != nil || d.Schema != "server_check/v1" || d.Server != s.URL() || d.HostID != opsiClient {
		t.Fatalf("%v %s", err, out)
	}
	// The double has no module for agents of macOS and Linux that are missing, so all is well everywhere.
	if code != exitOK || d.Verdict != "ok" || said != "" || len(d.Checks) != len(servercheck.Checks()) {
		t.Errorf("exit %d, %s: %s", code, said, out)
	}
	code, out, _ = ran(t, append([]string{"server", "check", "--lang", "de"}, flags...)...)
	if code != exitOK || !strings.Contains(out, "Alles in Ordnung.") || !strings.Contains(out, "CN=opsi CA") {
		t.Errorf("exit %d: %s", code, out)
	}
	code, out, _ = ran(t, append([]string{"server", "check", "--output-format", "csv"}, flags...)...)
	if code != exitOK || !strings.HasPrefix(out, "check,state,code,found,mend\naddress,ok,address_ok,"+s.URL()) {
		t.Errorf("exit %d: %s", code, out)
	}
	s.Maintain(10 * time.Minute)
	code, out, _ = ran(t, append([]string{"server", "check", "--lang", "en"}, flags...)...)
	if code != exitServer || !strings.Contains(out, "in 600 s") || !strings.Contains(out, "-> wait; quietsetupd does so by itself") || !strings.Contains(out, "not looked at") {
		t.Errorf("exit %d: %s", code, out)
	}
	s.Maintain(0)
	s.Put(opsitest.Config("opsi-script.backgroundinstall.active", "true"))
	if code, out, _ = ran(t, args...); code != exitFailed || !strings.Contains(out, `"code": "configs_active"`) || !strings.Contains(out, `"host_id": "pc1.site.test"`) {
		t.Errorf("exit %d: %s", code, out)
	}
	if code, _, _ = ran(t, append(slices.Clone(args), "--key-file", filepath.Join(t.TempDir(), "no"))...); code != exitInvalid {
		t.Errorf("without a key file: exit %d", code)
	}
	if code, _, said = ran(t, append(slices.Clone(args), "--config", "x")...); code != exitUsage {
		t.Errorf("two servers: exit %d, %s", code, said)
	}
	config := filepath.Join(t.TempDir(), "quietsetup.toml")
	if err := os.WriteFile(config, []byte("[source]\nkind = 'local'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, said = ran(t, "server", "check", "--config", config); code != exitInvalid || !strings.Contains(said, "names no opsi server") {
		t.Errorf("no server: exit %d, %s", code, said)
	}
	for _, r := range s.Requests() {
		if !strings.HasPrefix(r.Path, "/rpc") && !strings.HasPrefix(r.Path, "/depot") && r.Path != "/session/logout" {
			t.Errorf("it asked for %s", r.Path)
		}
	}
}

const readyMetadata = `[[installers]]
name = "x"
processes = ["no-such-program-of-this-test"]
[installers.requirement]
os = "OS"
os_arch = "ARCH"
[quietsetup]
command = ["true"]
`

// TestServerReadiness: every product that is wanted, as it is and what a round
// would do with it now.
func TestServerReadiness(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // what is looked at here is named as on unix
	}
	s, flags := atServer(t)
	depot := t.TempDir()
	for id, text := range map[string]string{"good": readyMetadata, "plain": "", "broken": "[[installers]\n",
		"wide": strings.Replace(readyMetadata, "[installers.requirement]", "install_dir = \"/usr\"\ncheck_processes_from_dirs = [\"/usr\"]\n[installers.requirement]", 1)} {
		write := func(name, text string) {
			name = filepath.Join(depot, id, name)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("OPSI/control.toml", "[Product]\nid = \""+id+"\"\ntype = \"localboot\"\nname = \"The "+id+"\"\nversion = \"1.0\"\n[Package]\nversion = \"1\"\n")
		write("CLIENT_DATA/setup.opsiscript", "")
		if text != "" {
			machine := metadata.ThisMachine()
			text = strings.NewReplacer("OS", machine.OS, "ARCH", machine.Arch).Replace(text)
			write("CLIENT_DATA/opsi-meta-data.toml", text)
		}
	}
	for _, id := range []string{"good", "plain", "broken", "wide", "elsewhere"} {
		s.AddProduct(opsitest.Product{ID: id})
		s.Request(opsiClient, id, "setup")
	}
	s.AddProduct(opsitest.Product{ID: "quiet"})
	s.Request(opsiClient, "quiet", "none")
	s.Request(opsiClient, "gone", "setup")
	s.ForgetHistory()
	code, out, said := ran(t, append([]string{"server", "readiness", "--json", "--depot", depot}, flags...)...)
	var d apitypes.Readiness
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitOK || d.Schema != "server_readiness/v1" {
		t.Fatalf("exit %d, %v, %s %s", code, err, said, out)
	}
	got := map[string]apitypes.ReadyProduct{}
	for _, p := range d.Products {
		got[p.Product] = p
	}
	for id, want := range map[string]string{"good": "capable", "plain": "no_command", "broken": "defect", "wide": "unsafe_directory", "elsewhere": "no_package"} {
		if got[id].State != want {
			t.Errorf("%s: %+v", id, got[id])
		}
	}
	if p := got["good"]; p.Would != "install" || p.Name != "The good" || p.Version != "1.0-1" || p.Action != "setup" {
		t.Errorf("%+v", p)
	}
	if p := got["wide"]; p.Would != "wait" || p.Reason != "defect" || !strings.Contains(p.Problem, "/usr") {
		t.Errorf("%+v", p)
	}
	if len(got) != 5 || !slices.Equal(d.Gone, []string{"gone"}) || d.HostID != opsiClient || d.Depot != depot {
		t.Errorf("%s", out)
	}
	if len(s.History()) > 0 {
		t.Errorf("it changed the server: %+v", s.History())
	}
	code, out, said = ran(t, append([]string{"server", "readiness", "--lang", "de", "--depot", depot}, flags...)...)
	if code != exitOK || !strings.Contains(out, "unsicheres Verzeichnis") || !strings.Contains(out, "gone wird verlangt") {
		t.Errorf("exit %d, %s: %s", code, said, out)
	}
	s.Put(opsitest.Config("quietsetup.hold", "good"))
	if code, out, _ = ran(t, append([]string{"server", "readiness", "--output-format", "csv", "--depot", depot}, flags...)...); !strings.Contains(out, "good,setup,1.0-1,capable,wait,held: config id quietsetup.hold\n") {
		t.Errorf("exit %d: %s", code, out)
	}
	s.Stop()
	if code, _, said = ran(t, append([]string{"server", "readiness", "--depot", depot}, flags...)...); code != exitServer || !strings.Contains(said, "quietsetup server check") {
		t.Errorf("exit %d, %s", code, said)
	}
}

// TestServerTrust: the CA of a server is shown, and believed only by its sum or
// by an explicit word; a file that is there stays.
func TestServerTrust(t *testing.T) {
	s, _ := atServer(t)
	args := []string{"server", "trust", "--json", "--url", s.URL()}
	code, out, said := ran(t, args...)
	var d apitypes.ServerTrust
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitOK || d.Schema != schemaServerTrust || len(d.CAs) != 1 || d.Pinned != "" {
		t.Fatalf("exit %d, %v: %s %s", code, err, said, out)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	for name, c := range map[string]struct {
		more []string
		code int
		says string
	}{
		"no word":      {nil, exitUsage, "--first-contact"},
		"both":         {[]string{"--first-contact", "--sha256", d.CAs[0].SHA256}, exitUsage, "one of them"},
		"half a sum":   {[]string{"--sha256", d.CAs[0].SHA256[:20]}, exitUsage, "64 hex digits"},
		"no sum":       {[]string{"--sha256", " : "}, exitUsage, "64 hex digits"},
		"another sum":  {[]string{"--sha256", strings.Repeat("00", 32)}, exitServer, "none that it offers"},
		"no address":   {[]string{"--first-contact", "--url", "http://x"}, exitInvalid, "cannot use the server's address"},
		"not a folder": {[]string{"--first-contact", "--pin", filepath.Join(file, "no", "where")}, exitInvalid, "cannot write the CA file"},
	} {
		if code, _, said := ran(t, slices.Concat(args, []string{"--pin", file}, c.more)...); code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: exit %d: %s", name, code, said)
		}
		if _, err := os.Lstat(file); err == nil {
			t.Fatalf("%s: the file was written", name)
		}
	}
	var colons []string
	for b := range slices.Chunk([]byte(strings.ToUpper(d.CAs[0].SHA256)), 2) {
		colons = append(colons, string(b))
	}
	if code, _, said := ran(t, append(slices.Clone(args), "--pin", file, "--sha256", strings.Join(colons, ":"))...); code != exitOK {
		t.Fatalf("exit %d: %s", code, said)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != string(s.CA()) {
		t.Errorf("%v, %s", err, text)
	}
	if code, _, said := ran(t, append(slices.Clone(args), "--pin", file, "--first-contact")...); code != exitInvalid || !strings.Contains(said, "is there already") {
		t.Errorf("replaced: exit %d: %s", code, said)
	}
}

// TestServerSetup prints the config ids without any server, and makes them once.
func TestServerSetup(t *testing.T) {
	code, out, said := ran(t, "server", "setup")
	if code != exitOK || said != "" || !strings.Contains(out, "quietsetup.max_defer") || !strings.Contains(out, "kill, defer, fail") {
		t.Errorf("exit %d: %s %s", code, out, said)
	}
	if runtime.GOOS == "windows" {
		return // a file that a test writes is one that others can read there
	}
	s, flags := atServer(t)
	for _, made := range []int{len(opsi.ConfigObjects()), 0} {
		code, out, said = ran(t, append([]string{"server", "setup", "--make", "--json"}, flags...)...)
		var d apitypes.ServerSetup
		if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitOK || d.Schema != "server_setup/v1" || len(d.Made) != made || len(d.IDs) != len(opsi.ConfigObjects()) {
			t.Errorf("exit %d, %v, %d made and not %d: %s", code, err, len(d.Made), made, said)
		}
	}
	if n := len(s.Rows("config", opsitest.Object{"id": "quietsetup.*"})); n != len(opsi.ConfigObjects()) {
		t.Errorf("the server has %d", n)
	}
}

// TestServerTakesOver switches opsi's own check off for this client alone, and takes
// back what is set for it.
func TestServerTakesOver(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // a file that a test writes is one that others can read there
	}
	const active = "opsi-script.backgroundinstall.active"
	s, flags := atServer(t)
	s.Put(opsitest.Object{"type": "BoolConfig", "id": active, "defaultValues": []any{true}})
	for _, on := range []bool{true, false} {
		var d apitypes.ServerSetup
		code, out, said := ran(t, append([]string{"server", "setup", "--take-over", "--json"}, flags...)...)
		if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitOK || d.TookOver != on || len(d.Made) != 0 {
			t.Errorf("exit %d, %v, %+v, %s", code, err, d, said)
		}
	}
	if rows := s.Rows("configState", opsitest.Object{"configId": active}); len(rows) != 1 || rows[0].Text("objectId") != opsiClient {
		t.Errorf("the server has %v", rows)
	}
	if rows := s.Rows("config", opsitest.Object{"id": active}); len(rows) != 1 || rows[0]["defaultValues"].([]any)[0] != true {
		t.Errorf("the site's own word is %v", rows)
	}

	s.Put(opsitest.Config("quietsetup.max_defer", "3"), opsitest.State("quietsetup.max_defer", opsiClient, "4"), opsitest.State("quietsetup.max_defer", opsitest.ConfigServerID, "5"))
	code, out, said := ran(t, append([]string{"server", "setup", "--undo"}, flags...)...)
	if code != exitOK || !strings.Contains(out, "Deleted for this client: quietsetup.max_defer.") || !strings.Contains(out, "opsi-admin -d method config_delete 'quietsetup.max_defer'\n") {
		t.Errorf("exit %d: %s %s", code, out, said)
	}
	if rows := s.Rows("configState", opsitest.Object{"configId": "quietsetup.*"}); len(rows) != 1 || rows[0].Text("objectId") != opsitest.ConfigServerID {
		t.Errorf("the server has %v", rows)
	}
	if code, out, said = ran(t, append([]string{"server", "setup", "--undo"}, flags...)...); code != exitOK || !strings.Contains(out, "Nothing was set for this client by our ids.") {
		t.Errorf("exit %d: %s %s", code, out, said)
	}
	if code, _, _ = ran(t, append([]string{"server", "setup", "--undo", "--make"}, flags...)...); code != exitUsage {
		t.Errorf("exit %d", code)
	}
}

// TestServerReadinessFetches: without a folder the metadata comes from the depot, and
// nothing of it is left behind.
func TestServerReadinessFetches(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // a file that a test writes is one that others can read there
	}
	s, flags := atServer(t)
	t.Setenv("TMPDIR", t.TempDir())
	machine := metadata.ThisMachine()
	text := strings.NewReplacer("OS", machine.OS, "ARCH", machine.Arch).Replace(readyMetadata)
	s.AddProduct(opsitest.Product{ID: "good", Files: map[string]string{"opsi-meta-data.toml": text, "big.bin": strings.Repeat("x", 1<<20)}})
	s.AddProduct(opsitest.Product{ID: "plain", Files: map[string]string{"setup.opsiscript": "x"}})
	for _, id := range []string{"good", "plain"} {
		s.Request(opsiClient, id, "setup")
	}
	code, out, said := ran(t, append([]string{"server", "readiness", "--json"}, flags...)...)
	var d apitypes.Readiness
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitOK || len(d.Products) != 2 || d.Depot != "" {
		t.Fatalf("exit %d, %v, %s %s", code, err, said, out)
	}
	for _, p := range d.Products {
		if want := map[string]string{"good": "capable", "plain": "no_command"}[p.Product]; p.State != want {
			t.Errorf("%s: %+v", want, p)
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	for _, r := range s.Requests() {
		if strings.HasSuffix(r.Path, "big.bin") {
			t.Error("more than the metadata was fetched")
		}
	}
}
