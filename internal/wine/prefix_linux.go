// SPDX-License-Identifier: Apache-2.0

package wine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Prefix is a Windows machine of Wine's.
type Prefix struct {
	Dir     string
	Display string    // ":5"; "" shows no windows
	stays   io.Closer // keeps it on
}

// New makes a fresh machine in a folder that does not exist yet.
func New(dir, display string) (*Prefix, error) {
	base, err := Base()
	if err != nil {
		return nil, err
	}
	if err := copyPrefix(base, dir); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("cannot copy Wine's first prefix: %w", err)
	}
	return &Prefix{Dir: dir, Display: display}, nil
}

// shared reports whether a file is of Wine's own programs. An installer that
// brings another of the same name puts a new file there and does not write into
// the old one.
func shared(rel string) bool {
	endings := []string{".dll", ".drv", ".exe", ".sys", ".ocx", ".cpl", ".acm", ".ax", ".tlb", ".nls", ".ttf", ".fon"}
	return strings.HasPrefix(rel, "drive_c/windows/") && slices.Contains(endings, filepath.Ext(rel))
}

func copyPrefix(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		dest := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(dest, 0o700)
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(target, dest)
		case shared(rel):
			if os.Link(path, dest) == nil { // fails to another disk
				return nil
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(dest, text, 0o600)
	})
}

// Command is a Windows program of this machine: a path of Linux or of Windows, or
// the name of one of Wine's own.
func (p *Prefix) Command(program string, args ...string) *exec.Cmd {
	return p.CommandContext(context.Background(), program, args...)
}

// CommandContext is Command with an end.
func (p *Prefix) CommandContext(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, loader(), append([]string{program}, args...)...)
	cmd.Env = p.Environ()
	return cmd
}

// Boot turns the machine on: its services start. Without it each program turns it
// on and off again, as Wine ends the services with the last program that is none.
func (p *Prefix) Boot() error {
	cmd := p.Command("cmd", "/c", "set /p wait=") // reads until End, or until the test is gone
	stays, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("cannot turn on %s: %w", p.Dir, err)
	}
	p.stays = stays
	go func() { _ = cmd.Wait() }() // it ends with the machine
	return nil
}

// Output runs a program and returns all that it said, by a file: what it started
// and what goes on, such as a service, would keep a pipe open.
func Output(cmd *exec.Cmd) (string, error) {
	f, err := os.CreateTemp("", "qswine-output")
	if err != nil {
		return "", fmt.Errorf("cannot keep the output of %s: %w", cmd.Path, err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	cmd.Stdout, cmd.Stderr = f, f
	ran := cmd.Run()
	text, err := os.ReadFile(f.Name())
	if err != nil {
		return "", fmt.Errorf("cannot read the output of %s: %w", cmd.Path, err)
	}
	return string(text), ran
}

// Environ is the environment of a program of this machine.
func (p *Prefix) Environ() []string {
	var env []string
	for _, e := range os.Environ() {
		switch name, _, _ := strings.Cut(e, "="); {
		case strings.HasPrefix(name, "WINE"), strings.HasPrefix(name, "LC_"),
			name == "DISPLAY", name == "WAYLAND_DISPLAY", name == "LANG", name == "LANGUAGE":
		default:
			env = append(env, e)
		}
	}
	// A locale that every Linux has: without one, names of files are ASCII to Wine. It
	// speaks English in it.
	// Without mscoree and mshtml Wine does not ask for downloads.
	env = append(env, "WINEPREFIX="+p.Dir, "WINEDEBUG=-all", "WINEDLLOVERRIDES=mscoree,mshtml=", "LANG=C.UTF-8")
	if p.Display != "" {
		env = append(env, "DISPLAY="+p.Display)
	}
	return env
}

// Path is where Linux finds a path of Windows on drive C.
func (p *Prefix) Path(windows string) string {
	rel, ok := strings.CutPrefix(strings.ReplaceAll(windows, `\`, "/"), "C:/")
	if !ok {
		rel = "not-on-drive-c/" + rel
	}
	return filepath.Join(p.Dir, "drive_c", rel)
}

// End ends every program of this machine at once, as a power cut does. What is on
// its disk stays, and it starts again with the next program.
func (p *Prefix) End() error {
	if p.stays != nil {
		_ = p.stays.Close() // what reads it is ended below anyway
		p.stays = nil
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		// It writes the registry and ends all that it knows. A program that is only
		// just starting it does not know yet; so it is looked who is left. That no
		// server runs, it says with an exit code.
		cmd := exec.Command("wineserver", "-k")
		cmd.Env = p.Environ()
		var exit *exec.ExitError
		if out, err := Output(cmd); err != nil && !errors.As(err, &exit) {
			return fmt.Errorf("cannot end the programs of %s: %w: %s", p.Dir, err, out)
		}
		left, err := p.Processes()
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("cannot end the programs of %s: %v live", p.Dir, left)
		}
		for _, l := range left {
			_ = syscall.Kill(l.PID, syscall.SIGKILL) // it may have ended meanwhile
		}
	}
}

// Process is a process of Linux that belongs to a machine: a Windows program, or
// Wine's own server.
type Process struct {
	PID  int
	Args []string // paths of Windows for what Windows programs started
}

// Processes are those that live now.
func (p *Prefix) Processes() ([]Process, error) {
	found, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return nil, fmt.Errorf("cannot look for the programs of %s: %w", p.Dir, err)
	}
	var out []Process
	for _, name := range found {
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains("\x00"+string(text), "\x00WINEPREFIX="+p.Dir+"\x00") {
			continue
		}
		proc := filepath.Dir(name)
		pid, err := strconv.Atoi(filepath.Base(proc))
		if err != nil || pid == os.Getpid() {
			continue
		}
		line, err := os.ReadFile(filepath.Join(proc, "cmdline"))
		if err != nil {
			continue // it has ended
		}
		out = append(out, Process{pid, strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")})
	}
	return out, nil
}

// Remove ends the machine and deletes it.
func (p *Prefix) Remove() error {
	err := p.End()
	// A program that is just dying may still make a file.
	for n := 0; n < 50; n++ {
		if e := os.RemoveAll(p.Dir); e == nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.Join(err, os.RemoveAll(p.Dir))
}

// wait waits until no program of this machine runs.
func (p *Prefix) wait(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "wineserver", "-w")
	cmd.Env = p.Environ()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot wait for the programs of %s: %w: %s", p.Dir, err, out)
	}
	return nil
}
