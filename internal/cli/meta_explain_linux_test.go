// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// TestExplainSeesWhatRuns starts a program out of a package's folder and wants it
// to be found, with the rule that found it.
func TestExplainSeesWhatRuns(t *testing.T) {
	needs.Tool(t, "sleep")
	depot, opt := t.TempDir(), filepath.Join(t.TempDir(), "app")
	for name, text := range map[string]string{
		"app/OPSI/control.toml":               "[Package]\nversion = '1'\n[Product]\nid = 'app'\nversion = '1'\n",
		"app/CLIENT_DATA/opsi-meta-data.toml": fmt.Sprintf("[[installers]]\ninstall_dir = '%s'\n[installers.requirement]\nos = 'linux'\n", opt),
		"site/quietsetup.toml":                "# nothing\n",
	} {
		path := filepath.Join(depot, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(found)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(opt, 0o755); err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(opt, "quietsetup-explained")
	if err := os.WriteFile(exe, program, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()

	look := func(args ...string) string {
		var out, errs bytes.Buffer
		o := Outside{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }}
		if code := Run(t.Context(), o, append(args, "meta", "explain", "app", "--depot", depot, "--config", filepath.Join(depot, "site/quietsetup.toml"))); code != exitOK {
			t.Fatalf("exit code %d: %s%s", code, out.String(), errs.String())
		}
		return out.String()
	}
	var doc explainDoc
	if err := json.Unmarshal([]byte(look("--json")), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Schema != "meta_explain/v1" || doc.Now == nil || len(doc.Now.Programs) != 1 {
		t.Fatalf("got %+v", doc.Now)
	}
	if p := doc.Now.Programs[0]; p.PID != cmd.Process.Pid || p.Path != exe || !p.Blocks || p.Rule != "dir "+opt {
		t.Errorf("got %+v", p)
	}
	if rows := look("--lang", "de", "--output-format", "csv", "--attributes", "name,blocks"); !strings.Contains(rows, "quietsetup-explained,true\n") {
		t.Errorf("the rows are not in the words of JSON:\n%s", rows)
	}
	if page := look(); !strings.Contains(page, "Running now:") || !strings.Contains(page, "quietsetup-explained") {
		t.Errorf("the page does not name it:\n%s", page)
	}
}
