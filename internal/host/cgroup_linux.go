// SPDX-License-Identifier: Apache-2.0

package host

import (
	"slices"
	"strconv"
	"strings"
)

// cgroupOf returns the control group of a process as systemd sees it, relative
// to the group of the machine's own root; "" = not known or everything is in
// one group.
func cgroupOf(pid int32, root string) string {
	b, err := readProc(procFile(pid, "cgroup"))
	if err != nil {
		return ""
	}
	group, ok := strings.CutPrefix(parseCgroup(string(b)), root)
	if !ok || !strings.HasPrefix(group, "/") {
		return ""
	}
	return group
}

// cgroupRoot is the group that holds the whole machine. Inside a container it
// is not "/": the group of process 1 tells, as systemd itself does it.
func cgroupRoot() string {
	b, err := readProc(procFile(1, "cgroup"))
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimSuffix(parseCgroup(string(b)), "/init.scope"), "/")
}

// parseCgroup returns the path of the one hierarchy (version 2), or of
// systemd's own where there are several.
func parseCgroup(text string) string {
	unified := ""
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		switch {
		case len(f) != 3:
		case f[1] == "name=systemd" && f[2] != "/":
			return f[2]
		case f[0] == "0" && f[1] == "":
			unified = f[2]
		}
	}
	return unified
}

// scopeSession returns the logind session a control group stands for. Only the
// place that systemd alone can write counts: below their own service manager
// users make groups of any name.
func scopeSession(group string) (id string, uid int, ok bool) {
	parts := strings.Split(group, "/")
	if len(parts) < 4 || parts[0] != "" || parts[1] != "user.slice" {
		return "", 0, false
	}
	user, ok1 := between(parts[2], "user-", ".slice")
	id, ok2 := between(parts[3], "session-", ".scope")
	uid, err := strconv.Atoi(user)
	return id, uid, ok1 && ok2 && err == nil && validSession(id)
}

// managedGroup reports whether a control group belongs to a service of the
// machine or to a container.
func managedGroup(group string) bool {
	parts := strings.Split(strings.TrimPrefix(group, "/"), "/")
	switch top := parts[0]; {
	case top == "system.slice":
		return slices.ContainsFunc(parts[1:], func(p string) bool {
			return strings.HasSuffix(p, ".service") || containerScope(p)
		})
	case top == "machine.slice", top == "docker", top == "lxc", top == "libpod_parent",
		strings.HasPrefix(top, "kubepods"), strings.HasPrefix(top, "lxc.payload"):
		return len(parts) > 1 || strings.HasPrefix(top, "lxc.payload")
	}
	return false
}

func containerScope(part string) bool {
	for _, prefix := range []string{"docker-", "cri-containerd-", "crio-", "libpod-"} {
		if _, ok := between(part, prefix, ".scope"); ok {
			return true
		}
	}
	return false
}

func between(s, before, after string) (string, bool) {
	s, ok1 := strings.CutPrefix(s, before)
	s, ok2 := strings.CutSuffix(s, after)
	return s, ok1 && ok2 && s != ""
}
