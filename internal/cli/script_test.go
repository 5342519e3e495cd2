// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quietsetup/quietsetup/internal/daemon"
	"github.com/quietsetup/quietsetup/internal/needs"
)

var update = flag.Bool("update", false, "write what the scripts compare with anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"quietsetup": func() { os.Exit(Main("0.0.0-test", daemon.TakeAlone)) },
		"quietsetupd": func() {
			os.Exit(daemon.Command(context.Background(), "0.0.0-test", os.Args[1:], os.Stdout, os.Stderr))
		},
	})
}

// TestScripts runs the command line as people and scripts do.
func TestScripts(t *testing.T) {
	histories, err := filepath.Abs("../replay/testdata/histories")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("LOGS", histories)
			e.Setenv("LANG", "C")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit":   exit,
			"folder": folder,
			"schema": schema,
			"bytes":  sameBytes,
			"first":  first,
			"paths":  samePaths,
			"serve":  serve,
			"state":  state,
			"inuse":  inUse,
		},
	})
}

// TestDemo runs the real program: the demo starts itself as daemon, supervisor
// and busy program.
func TestDemo(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // on other systems the demo refuses to run
	}
	needs.Tool(t, "go")
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "../../cmd/quietsetup")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/demo",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("LANG", "C")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exit": exit, "schema": schema},
	})
}

// exit runs a command and wants an exit code: exit 8 quietsetup replay …
func exit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND …")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		m := regexp.MustCompile(`exit status (\d+)`).FindStringSubmatch(err.Error())
		if m == nil {
			ts.Fatalf("%v", err)
		}
		code = m[1]
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

// schema wants standard output to be one JSON document of a kind, with certain
// members: schema product/v1 id phase
func schema(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: schema NAME MEMBER …")
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc); err != nil {
		ts.Fatalf("no JSON document: %v", err)
	}
	if doc["schema"] != args[0] {
		ts.Fatalf("schema %v, want %s", doc["schema"], args[0])
	}
	for _, m := range args[1:] {
		if _, ok := doc[m]; !ok {
			ts.Fatalf("no member %s", m)
		}
	}
}

// first copies the first lines of a file: first 9 log.ndjson cut.ndjson
func first(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: first N FILE TO")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	lines := strings.SplitAfterN(ts.ReadFile(args[1]), "\n", n+1)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.Join(lines[:min(n, len(lines))], "")), 0o600))
}

// samePaths is cmp stdout FILE, but for how this system spells its paths.
func samePaths(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: paths FILE")
	}
	got := ts.ReadFile("stdout")
	if runtime.GOOS == "windows" {
		got = regexp.MustCompile(`\\\\|\\([^"\\])`).ReplaceAllString(got, "/$1") // not what JSON writes before a quote
	}
	if want := ts.ReadFile(args[0]); got != want {
		ts.Fatalf("stdout is not %s:\n%s", args[0], got)
	}
}

// sameBytes wants every line of standard output to stand in a file exactly so.
func sameBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: bytes FILE")
	}
	there := map[string]bool{}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		there[line] = true
	}
	n := 0
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		n++
		if !there[line] {
			ts.Fatalf("not a line of %s: %s", args[0], line)
		}
	}
	if n == 0 {
		ts.Fatalf("no output")
	}
}
