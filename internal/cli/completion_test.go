// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// typed asks a bash that has read the completion what it offers for a line.
const typed = `
source "$1"
# What the package bash-completion brings; a shell without it has none of ours either.
_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD; }
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
COMP_TYPE=9
__start_quietsetup
printf '%s\n' "${COMPREPLY[@]}"
`

// TestBashCompletion: the script parses, and offers commands, ids of products
// and values of flags.
func TestBashCompletion(t *testing.T) {
	needs.Tool(t, "bash")
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// testscript's own trick: the test is the program when it is called so.
	if err := os.Symlink(exe, filepath.Join(dir, "quietsetup")); err != nil {
		t.Fatal(err)
	}
	var script, said bytes.Buffer
	o := Outside{In: os.Stdin, Out: &script, Err: &said, Getenv: func(string) string { return "" }}
	if code := Run(t.Context(), o, []string{"completion", "bash"}); code != exitOK || said.Len() > 0 {
		t.Fatalf("exit %d, %s", code, &said)
	}
	file := filepath.Join(dir, "completion")
	if err := os.WriteFile(file, script.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("bash", "-n", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("bash does not read it: %v\n%s", err, out)
	}
	log, err := filepath.Abs("../replay/testdata/histories/ok/one_needs_the_other.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line []string
		want string
	}{
		{[]string{"quietsetup", "sta"}, "status"},
		{[]string{"quietsetup", "--file", log, "why", "run"}, "runtime"},
		{[]string{"quietsetup", "show", "--output-format", "pre"}, "pretty-json"},
		{[]string{"quietsetup", "request", "editor", "unin"}, "uninstall"},
	} {
		cmd := exec.Command("bash", append([]string{"--norc", "-c", typed, "bash", file}, c.line...)...)
		cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil || !slices.ContainsFunc(strings.Split(string(out), "\n"), func(l string) bool { return strings.Fields(l + " .")[0] == c.want }) {
			t.Errorf("%v offers %v %q, want %s", c.line, err, out, c.want)
		}
	}
}

// TestOtherShells have their scripts too, and another shell is wrong usage.
func TestOtherShells(t *testing.T) {
	for shell, code := range map[string]int{"zsh": exitOK, "fish": exitOK, "powershell": exitOK, "tcsh": exitUsage} {
		var out, said bytes.Buffer
		o := Outside{In: os.Stdin, Out: &out, Err: &said, Getenv: func(string) string { return "" }}
		if got := Run(t.Context(), o, []string{"completion", shell}); got != code || (code == exitOK) != strings.Contains(out.String(), "quietsetup") {
			t.Errorf("%s: exit %d, %.60q %s", shell, got, &out, &said)
		}
	}
}
