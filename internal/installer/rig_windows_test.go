// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/events"
)

// kill ends a process so that it can do nothing about it.
func kill(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

// pace is how much longer the start of a process takes than on Linux.
const pace = 6

// stillborn reports whether a process has never run: a new process's one thread is
// resumed by whoever makes it, as the last step, and a maker that is killed before
// that leaves it asleep for ever. It has claimed nothing and never will.
func stillborn(t testing.TB, id events.ProcessID) bool {
	t.Helper()
	if id.IsZero() || time.Since(time.Unix(0, (id.Start-filetimeOf1970)*100)) < 5*time.Second {
		return false
	}
	all, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(all, func(s stat) bool { return s.id == id && s.threads == 1 })
}

// endStillborn ends what has never run at the end of a test: it holds files open.
func endStillborn(t testing.TB, id string) {
	t.Cleanup(func() {
		all, err := processes()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			if s.threads != 1 {
				continue
			}
			if line, err := commandLineOf(s.id); err == nil && strings.Contains(line, id) {
				kill(s.id.PID)
			}
		}
	})
}

// filetimeOf1970 is the beginning of Unix time in units of 100 ns since 1601.
const filetimeOf1970 = 116444736000000000

// spec is an attempt whose installer is the test binary. It does what the script
// says, one act after the other: "echo word", "wait file", "leave file" (a child
// that waits for a file and lives on), "flood" and "report file" (print much, write a
// log), "ask file" (a dialog, until the file is there), "surroundings", "exit code". The token gets the world's own
// beginning.
func (w *world) spec(t testing.TB, token, script string) Spec {
	t.Helper()
	token = w.id + token
	return Spec{Token: token, Product: "firefox", Action: events.ActionSetup, Argv: []string{w.exe, "installer", w.side, script}, Dir: w.dir}
}

// gated is an attempt whose installer prints until a file is there.
func (w *world) gated(t testing.TB, token, gate string, code int) Spec {
	t.Helper()
	return w.spec(t, token, fmt.Sprintf("wait %s; exit %d", gate, code))
}

// playInstaller notes that it ran and does what the script says.
func playInstaller(args []string) int {
	side, script := args[0], args[1]
	if side != "" {
		f, err := os.OpenFile(side, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			fmt.Println(err)
			return 99
		}
		fmt.Fprintln(f, os.Getenv("QUIETSETUP_TOKEN"))
		f.Close()
	}
	for act := range strings.SplitSeq(script, "; ") {
		verb, what, _ := strings.Cut(act, " ")
		switch verb {
		case "echo":
			fmt.Println(what)
		case "wait":
			for exists := false; !exists; time.Sleep(10 * time.Millisecond) {
				fmt.Println("works")
				_, err := os.Stat(what)
				exists = err == nil
			}
		case "leave":
			cmd := exec.Command(os.Args[0], "installer", "", "wait "+what)
			if err := cmd.Start(); err != nil {
				fmt.Println(err)
				return 98
			}
		case "sleep":
			for missing := true; missing; time.Sleep(2 * time.Second) {
				_, err := os.Stat(what)
				missing = err != nil
			}
		case "ask":
			go askPeople()
			for missing := true; missing; time.Sleep(2 * time.Second) {
				_, err := os.Stat(what)
				missing = err != nil
			}
		case "flood":
			line := strings.Repeat("x", 500000)
			for range 20 {
				fmt.Println(line)
			}
		case "report":
			text := utf16.Encode([]rune("\ufeffMSI (s) für Ä\r\n"))
			bytes := make([]byte, 0, 2*len(text))
			for _, u := range text {
				bytes = append(bytes, byte(u), byte(u>>8))
			}
			if err := os.WriteFile(what, bytes, 0o600); err != nil {
				fmt.Println(err)
				return 95
			}
		case "surroundings":
			tellSurroundings(args[2:])
		case "exit":
			n, err := strconv.Atoi(what)
			if err != nil {
				return 97
			}
			return n
		default:
			fmt.Println("unknown act", act)
			return 96
		}
	}
	return 0
}

// askPeople shows a dialog, which nobody sees.
func askPeople() {
	text, err := windows.UTF16PtrFromString("Continue?")
	if err == nil {
		_, err = windows.MessageBox(0, text, text, windows.MB_YESNO)
	}
	fmt.Println("answered", err)
	os.Exit(94)
}

// tellSurroundings prints all that an installer is given.
func tellSurroundings(args []string) {
	for _, e := range os.Environ() {
		fmt.Println(e)
	}
	dir, err := os.Getwd()
	if err != nil {
		dir = err.Error()
	}
	fmt.Println("folder", dir)
	for _, a := range args {
		fmt.Println("argument", a)
	}
	n, err := os.Stdin.Read(make([]byte, 1))
	fmt.Println("input", n, err)
}
