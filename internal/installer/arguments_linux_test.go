// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

// hostileArguments mean something to a shell, to a terminal or to a parser of
// options; to a program they are text.
func hostileArguments() []string {
	return []string{"", " ", "a b", "  lead", "trail  ", "\t", "\n", "a\nb", "\r\n", "$(id)", "`id`", "$HOME", "${HOME}", "$$", "$?", "; id", "&& id", "| id", "& id", "> /tmp/x", "< /etc/passwd",
		"2>&1", "*", "?", "[a-z]", "{a,b}", "~", "~root", "'", `"`, `\`, `\\`, `'"'"'`, `"; exit 3; "`, "!!", "#comment", "(", ")", "--", "-rf", "--help", "-c", "=", "A=b", "%PATH%", "%s%n",
		"\x1b[31m", "\x07", "\u202e", "\u200b", "ä", "日本", "👩\u200d💻", "\ufeff", "\u2028", strings.Repeat("x", 20_000), "../../etc/passwd", "/dev/null", "@file", "<<EOF", "\x7f", "\u0085", "\ufffd"}
}

// TestArgumentsArriveAsTheyAre: each argument reaches the installer byte for byte
// and as one; those that cannot are refused before anything runs.
func TestArgumentsArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := filepath.Join(filepath.Dir(w.state), "arguments")
	// od writes what it is given; "printf '%s\0'" ends each argument with what none can hold.
	s := w.spec(t, "id.args.1.1", `printf '%s\0' "$@" | od -An -v -tx1 | tr -d ' \n' >`+got)
	s.Argv = append(s.Argv, hostileArguments()...)
	if _, res := w.finish(t, s); res.Ended.Exit != 0 {
		t.Fatalf("%+v", res)
	}
	raw, err := hex.DecodeString(read(t, got))
	if err != nil {
		t.Fatal(err)
	}
	args := strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
	if len(args) != len(hostileArguments()) {
		t.Fatalf("%d arguments arrived, %d were given", len(args), len(hostileArguments()))
	}
	for i, want := range hostileArguments() {
		if args[i] != want {
			t.Errorf("%q arrives as %q", want, args[i])
		}
	}
	for i, bad := range []string{"a\x00b", "\x00", "\xff", "a\xc3"} {
		s := w.spec(t, fmt.Sprintf("id.bad.%d.1", i), "exit 0")
		s.Argv = append(s.Argv, bad)
		if _, err := Start(t.Context(), w.options(), s); !errors.Is(err, ErrSpec) {
			t.Errorf("%q: %v, want ErrSpec", bad, err)
		}
		if w.runs(t, s.Token) != 0 {
			t.Errorf("%q: the installer ran", bad)
		}
	}
}

// TestPlantedShell: a command goes through a shell.
func TestPlantedShell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := filepath.Join(filepath.Dir(w.state), "arguments")
	write(t, filepath.Join(w.dir, "show.sh"), "#!/bin/sh\nprintf '%s' \"$1\" >"+got+"\n", 0o755)
	changed := 0
	for i, arg := range []string{"$HOME", "a  b", "*", "`echo x`", "plain"} {
		s := w.spec(t, fmt.Sprintf("id.shell.%d.1", i), "exit 0")
		s.Argv = []string{"/bin/sh", "-c", "./show.sh " + arg} // the planted start
		w.finish(t, s)
		if b, err := os.ReadFile(got); err != nil || string(b) != arg {
			changed++
		}
	}
	if changed < 4 {
		t.Errorf("only %d arguments see the shell", changed)
	}
	t.Logf("found by %d of 5 arguments that arrive otherwise", changed)
}

// TestNoHelperFromElsewhere: a program that lies in the package's folder, in the
// working directory or in the PATH of the daemon takes no system program's place.
func TestNoHelperFromElsewhere(t *testing.T) {
	w := newWorld(t)
	planted := t.TempDir()
	for _, dir := range []string{planted, w.dir} {
		for _, name := range []string{"true", "dpkg-query", "sh", "env"} {
			write(t, filepath.Join(dir, name), "#!/bin/sh\necho planted >>"+w.side+"\n", 0o755)
		}
	}
	t.Setenv("PATH", planted+":"+os.Getenv("PATH"))
	t.Setenv("LD_PRELOAD", filepath.Join(planted, "evil.so"))
	t.Chdir(planted)
	s := w.spec(t, "id.helper.1.1", "env >"+w.side+".env; true; exit 0")
	w.finish(t, s)
	s.Token, s.Argv = w.id+"id.helper.1.2", []string{"true"}
	if _, res := w.finish(t, s); res.Ended.Exit != 0 {
		t.Errorf("%+v", res)
	}
	_ = Detect(t.Context(), events.Detect{Kind: "dpkg", Name: "base-files"}, events.Package{}, events.ActionSetup, "1") // whatever it says
	if text := read(t, w.side); strings.Contains(text, "planted") {
		t.Errorf("a planted program ran:\n%s", text)
	}
	if env := read(t, w.side+".env"); strings.Contains(env, planted) || strings.Contains(env, "LD_") {
		t.Errorf("the installer's environment:\n%s", env)
	}
}
