// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// part is a process of ours on a machine.
type part struct {
	pid   int
	kind  string // daemon, supervisor, blocked, installer, agent, cli
	token string // of the attempt it belongs to
}

// parts are the living processes of ours: not the programs that people use.
func (m *machine) parts() []part {
	mark := m.storeMark()
	var out []part
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		line, err := os.ReadFile(filepath.Join(d, "cmdline"))
		if err != nil || len(line) == 0 {
			continue // it has ended
		}
		args := strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")
		p := part{}
		p.pid, _ = strconv.Atoi(filepath.Base(d))
		if strings.HasPrefix(args[0], m.root) || strings.HasPrefix(args[0], m.elsewhere()) {
			continue
		}
		env, _ := os.ReadFile(filepath.Join(d, "environ"))
		if i := bytes.Index(env, mark); i >= 0 {
			value, _, _ := bytes.Cut(env[i:], []byte{0})
			p.kind, p.token = "installer", strings.TrimPrefix(string(value), "QUIETSETUP_TOKEN=")
		}
		if bytes.Contains(line, []byte(m.dir+"/")) {
			p.named(args)
		}
		if p.kind != "" {
			out = append(out, p)
		}
	}
	return out
}

// named tells what a process is from its arguments.
func (p *part) named(args []string) {
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	switch name := filepath.Base(args[0]); {
	case arg(1) == "attempt" && arg(2) == "supervise":
		p.kind, p.token = "supervisor", arg(3)
	case arg(1) == "attempt" && arg(2) == "become":
		p.kind, p.token = "blocked", arg(4)
	case name == "quietsetupd":
		p.kind = "daemon"
	case name == "quietsetup-prompt":
		p.kind = "agent"
	case name == "quietsetup":
		p.kind = "cli"
	}
}

// storeMark begins every token of this machine in the environment of an installer.
func (m *machine) storeMark() []byte {
	var s struct {
		ID string `json:"id"`
	}
	text, err := os.ReadFile(filepath.Join(m.state, "store.json"))
	if err != nil || json.Unmarshal(text, &s) != nil || s.ID == "" {
		return []byte("no store yet")
	}
	return []byte("QUIETSETUP_TOKEN=" + s.ID + ".")
}

func (m *machine) elsewhere() string { return filepath.Join(m.dir, "elsewhere") }

// zombies are children of the daemon that have ended and were not waited for.
func (m *machine) zombies() []string {
	var out []string
	dirs, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, d := range dirs {
		text, err := os.ReadFile(d)
		if err != nil {
			continue
		}
		f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(f) > 1 && f[0] == "Z" && f[1] == strconv.Itoa(m.daemon.Process.Pid) {
			out = append(out, string(text))
		}
	}
	return out
}

// strike kills one victim and returns what it was, "" if there was none.
func (l *life) strike(victim string) string {
	switch victim {
	case "supervisor":
		ps := slices.DeleteFunc(l.parts(), func(p part) bool { return p.kind != "supervisor" })
		if len(ps) == 0 {
			return ""
		}
		p := ps[l.r.IntN(len(ps))]
		if syscall.Kill(p.pid, syscall.SIGKILL) != nil {
			return ""
		}
		l.hit(p.token)
	case "agent":
		l.person.fell()
	case "cli":
		return l.strikeOrder()
	case "tree":
		l.strikeAll()
		l.restart()
	default:
		l.kill()
		l.restart()
	}
	return victim
}

// strikeAll kills everything of ours, as a power cut does.
func (l *life) strikeAll() {
	for range 50 { // a process forked meanwhile would not have outlived the cut
		ps := l.parts()
		for _, p := range ps {
			if syscall.Kill(p.pid, syscall.SIGKILL) == nil && p.token != "" {
				l.hit(p.token)
			}
		}
		if len(ps) == 0 {
			break
		}
	}
	l.kill()
	l.person.fell()
}

// hit remembers that an attempt may have lost its outcome.
func (l *life) hit(token string) { l.hits[token] = true }

// restart starts the daemon again; sometimes it is killed while it starts.
func (l *life) restart() {
	l.t.Helper()
	if l.r.IntN(3) == 0 {
		l.nap(l.person.patience())
	}
	for l.left > 1 && l.r.IntN(4) == 0 {
		l.launch()
		l.nap(120)
		l.kill()
		l.count("starting daemon", "")
	}
	l.start()
}
