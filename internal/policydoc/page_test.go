// SPDX-License-Identifier: Apache-2.0

package policydoc

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/cli"
	"github.com/quietsetup/quietsetup/internal/configcheck"
	"github.com/quietsetup/quietsetup/internal/policy"
)

var update = flag.Bool("update", false, "write docs/policy.md anew")

const target = "../../docs/policy.md"

// transcript runs the command line on the files of the example.
func transcript(t *testing.T) Transcript {
	t.Helper()
	dir := t.TempDir()
	packaged, site := Example()
	config := filepath.Join(dir, "quietsetup.toml")
	for path, text := range map[string]string{
		config: site + "\n[source]\ndepot = 'depot'\n",
		filepath.Join(dir, "depot/notes/CLIENT_DATA/opsi-meta-data.toml"): packaged + "[quietsetup]\nversion = 1\n[[installers]]\nprocesses = ['notes']\n",
		filepath.Join(dir, "depot/notes/OPSI/control.toml"):               "[Package]\nversion = '1'\n[Product]\ntype = 'LocalbootProduct'\nid = 'notes'\nname = 'Notes'\nversion = '1.0'\nsetupScript = 'x'\n",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	say := func(args ...string) string {
		var out bytes.Buffer
		if code := cli.Run(context.Background(), cli.Outside{Out: &out, Err: &bytes.Buffer{}, Getenv: func(string) string { return "" }}, args); code != 0 {
			t.Fatalf("%v: exit %d\n%s", args, code, out.String())
		}
		return strings.ReplaceAll(out.String(), config, ConfigPath)
	}
	return Transcript{Show: say("config", "show", "notes", "--origin", "--config", config), Check: say("config", "check", config)}
}

func TestPolicyPageIsCurrent(t *testing.T) {
	got := Page(transcript(t))
	if *update {
		if err := os.WriteFile(target, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(target)
	if err != nil {
		t.Fatalf("%v: run make states", err)
	}
	if string(have) != got {
		t.Fatal("docs/policy.md is not what the tables give: run make states, and commit the change if you understand it")
	}
}

// TestThePageIsWhole: every key, layer and code stands in its table, and the
// example shows what it is there for.
func TestThePageIsWhole(t *testing.T) {
	got := Page(transcript(t))
	row := func(name string) {
		if n := strings.Count(got, "\n| `"+name+"` |"); n != 1 {
			t.Errorf("%s stands in %d tables, want 1", name, n)
		}
	}
	all := append(policy.Keys(), policy.MachineKeys()...)
	for _, k := range all {
		row(k.Name)
	}
	for _, l := range policy.Layers() {
		row(string(l.Origin))
	}
	for _, c := range configcheck.Codes() {
		row(c.Code)
	}
	for _, k := range all {
		if k.Kind != policy.Word {
			continue
		}
		_, table, _ := strings.Cut(got, "What the words do:")
		for _, w := range k.Words {
			if !strings.Contains(table, "\n| `"+w+"` | ") {
				t.Errorf("nothing says what %s does", w)
			}
		}
	}
	for _, want := range []string{"(does not count: must be ", "(weaker)", ConfigPath + ":6  (does not count", ConfigPath + ":2  (counts)",
		"notes/CLIENT_DATA/opsi-meta-data.toml:3  (counts)", ConfigPath + ":3: policy.final_notice: warning: ", "15m counts instead", "[bad-value]"} {
		if !strings.Contains(got, want) {
			t.Errorf("the example does not show %q", want)
		}
	}
}
