// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bytes"
	"strings"
)

// person reports whether a uid is given to people; others belong to services
// and to the dynamic users of systemd.
func person(uid int) bool { return uid >= 1000 && (uid < 61184 || uid > 65535) }

// service reports whether a process is known to run for the machine and not
// for a person. Where that is not certain it is an ordinary program, which
// blocks an installer and is asked about: a desktop that was itself started as
// a service (vnc, xrdp) must not be taken for one.
func service(pid int32, group, ourGroup string, uid int, st stat) bool {
	if group == "" || group == ourGroup || !managedGroup(group) {
		return false
	}
	if containerGroup(group) {
		return true
	}
	return st.tty == 0 && !loggedIn(pid) && !(person(uid) && hasDisplay(pid))
}

func containerGroup(group string) bool {
	return !strings.HasPrefix(group, "/system.slice/") || containerScope(group[strings.LastIndexByte(group, '/')+1:])
}

// loggedIn reports whether the process comes from a login.
func loggedIn(pid int32) bool {
	b, err := readProc(procFile(pid, "loginuid"))
	if err != nil {
		return false // a kernel without audit does not tell
	}
	text := strings.TrimSpace(string(b))
	return text != "" && text != "4294967295" && text != "-1"
}

// hasDisplay reports whether the process was started with a screen to draw on.
func hasDisplay(pid int32) bool {
	env, err := readProc(procFile(pid, "environ"))
	if err != nil {
		return true // not known: then it is somebody's program
	}
	for entry := range bytes.SplitSeq(env, []byte{0}) {
		if bytes.HasPrefix(entry, []byte("DISPLAY=")) || bytes.HasPrefix(entry, []byte("WAYLAND_DISPLAY=")) {
			return true
		}
	}
	return false
}
