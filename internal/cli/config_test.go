// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// policyFiles are the files of a site: a config, a depot with one package, an
// overlay. Each may say one thing about one key.
type policyFiles struct {
	t   *testing.T
	dir string
}

// layer is one of the places that a file system knows.
type layer struct {
	name   string // as config show has it
	file   string // as config show names it, below the folder of the site
	line   int
	before string // what stands in the file before the key
}

const packageFile = "notes/CLIENT_DATA/opsi-meta-data.toml"

func (p policyFiles) layers() []layer {
	return []layer{
		{"metadata", packageFile, 6, "[quietsetup]\nversion = 1\n[[installers]]\nprocesses = ['notes']\n[quietsetup.policy]\n"},
		{"metadata", filepath.Join(p.dir, "overlay", "notes.toml"), 2, "[quietsetup.policy]\n"},
		{"config", filepath.Join(p.dir, "c.toml"), 6, "[source]\ndepot = 'depot'\n[metadata]\noverlay = 'overlay'\n[policy]\n"},
		{"product", filepath.Join(p.dir, "c.toml"), 0, "[policy.product.notes]\n"}, // below the config's own line
	}
}

// write writes the files; values are what each layer says about the key, "" = nothing.
func (p policyFiles) write(key string, values []string) {
	p.t.Helper()
	text := map[string]string{filepath.Join(p.dir, "depot", "notes", "OPSI", "control.toml"): "[Package]\nversion = '1'\n[Product]\ntype = 'LocalbootProduct'\nid = 'notes'\nname = 'Notes'\nversion = '1.0'\nsetupScript = 'x'\n"}
	for i, l := range p.layers() {
		path := l.file
		if path == packageFile {
			path = filepath.Join(p.dir, "depot", filepath.FromSlash(path))
		}
		said := ""
		if values[i] != "" {
			said = key + " = " + values[i]
		}
		text[path] += l.before + said + "\n"
	}
	for path, s := range text {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(s), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
}

// run runs a command line and reads its JSON.
func run(t *testing.T, want int, into any, args ...string) {
	t.Helper()
	var out, errs bytes.Buffer
	got := Run(context.Background(), Outside{Out: &out, Err: &errs, Getenv: func(string) string { return "" }}, append(args, "--json"))
	if got != want {
		t.Fatalf("%v: exit %d, want %d\n%s%s", args, got, want, errs.String(), out.String())
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
}

// goodValue is the n-th good value of a key as a file holds it, and as JSON does.
func goodValue(k policy.Key, n int) (file string, doc any) {
	switch k.Kind {
	case policy.Flag:
		return strconv.FormatBool(n%2 == 1), n%2 == 1
	case policy.Word:
		w := k.Words[(n+1)%len(k.Words)]
		return strconv.Quote(w), w
	case policy.Count:
		return strconv.Itoa(20 + n), float64(20 + n)
	}
	return fmt.Sprintf(`"%dm"`, 10+n), float64(600 + 60*n)
}

func builtIn(k policy.Key) any {
	switch v := value(k.BuiltIn()).(type) {
	case int:
		return float64(v)
	case bool, string:
		return v
	default:
		f, _ := strconv.ParseFloat(fmt.Sprintf("%g", v), 64)
		return f
	}
}

// TestEveryKeyThroughTheFiles: each key from the package, the overlay, the
// config file and a product's own table: config show names its origin and place,
// and for a bad value the next weaker one counts, which config check says too.
func TestEveryKeyThroughTheFiles(t *testing.T) {
	p := policyFiles{t, t.TempDir()}
	file := filepath.Join(p.dir, "c.toml")
	for index, k := range policy.Keys() {
		for n, l := range p.layers() {
			if l.name == "product" {
				l.line = 8
			}
			values, good := make([]string, 4), make([]any, 4)
			for m := range n + 1 {
				values[m], good[m] = goodValue(k, m)
			}
			p.write(k.Name, values)
			var doc configDoc
			run(t, exitOK, &doc, "config", "show", "notes", "--config", file)
			got := doc.Policy[index]
			if got.Key != k.Name || got.Value != good[n] || got.Origin != l.name || got.File != l.file || got.Line != l.line || len(got.Said) != n+2 || !got.Said[0].Counts {
				t.Errorf("%s in layer %d: %+v\nwant %v from %s, %s:%d", k.Name, n, got, good[n], l.name, l.file, l.line)
			}

			values[n] = `"\u001b[2Jnonsense"`
			p.write(k.Name, values)
			doc = configDoc{}
			run(t, exitOK, &doc, "config", "show", "notes", "--config", file)
			wantValue, wantOrigin, wantFile := builtIn(k), "built-in", ""
			if n > 0 {
				weaker := p.layers()[n-1]
				wantValue, wantOrigin, wantFile = good[n-1], weaker.name, weaker.file
			}
			got = doc.Policy[index]
			if got.Value != wantValue || got.Origin != wantOrigin || got.File != wantFile || !got.Said[1].Counts {
				t.Errorf("%s, bad in layer %d: %+v\nwant %v from %s, %s", k.Name, n, got, wantValue, wantOrigin, wantFile)
			}
			if s := got.Said[0]; s.Bad == "" || s.Value != nil || s.Counts || s.Origin != l.name || s.File != l.file || s.Line != l.line || s.Written != `"\x1b[2Jnonsense"` {
				t.Errorf("%s, bad in layer %d: %+v", k.Name, n, s)
			}

			if l.file == packageFile {
				continue // the packager's file is not the site's to check
			}
			var check checkDoc
			run(t, exitOK, &check, "config", "check", file)
			found := 0
			for _, f := range check.Findings {
				if f.Code == "bad-value" && f.File == l.file && f.Line == l.line && f.Severity == "warning" {
					found++
				}
			}
			if found != 1 || check.Errors != 0 {
				t.Errorf("%s, bad in layer %d: %+v", k.Name, n, check.Findings)
			}
		}
	}
}

// TestNoRightToReadTheConfig: that is no mistake in the file.
func TestNoRightToReadTheConfig(t *testing.T) {
	if got := exitCode(fmt.Errorf("%w: cannot read it: %w", config.ErrInvalid, fs.ErrPermission)); got != exitPrivileges {
		t.Errorf("exit %d, want %d", got, exitPrivileges)
	}
	if got := exitCode(fmt.Errorf("%w: cannot read it: %w", config.ErrInvalid, fs.ErrNotExist)); got != exitInvalid {
		t.Errorf("exit %d, want %d", got, exitInvalid)
	}
}
