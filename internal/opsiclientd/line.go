// SPDX-License-Identifier: Apache-2.0

package opsiclientd

import (
	"fmt"
	"strings"
	"unicode"
)

// Verb is the command of ours that takes the place of opsi-script.
const Verb = "action-processor"

// Program is where our packages put quietsetup on a system.
func Program(system string) string {
	if system == "windows" {
		return `C:\Program Files\quietsetup\quietsetup.exe`
	}
	return "/usr/bin/quietsetup"
}

// Line is the command by which opsiclientd's events go through a program of ours on a
// system. There is neither name nor password in it, which opsi-script needs and we
// do not. A program whose name opsiclientd would take apart is refused.
func Line(system, program string) (string, error) {
	bad := func(why string) (string, error) {
		return "", fmt.Errorf("cannot have opsiclientd start %q: %s", program, why)
	}
	switch {
	case strings.ContainsFunc(program, unicode.IsControl) || strings.ContainsAny(program, "%\";#"):
		return bad("opsiclientd replaces % and \", takes ; and # for a comment, and lines have no control characters")
	case system == "windows":
		if len(program) < 3 || program[1] != ':' || program[2] != '\\' {
			return bad(`it must be named in full, such as C:\Program Files\quietsetup\quietsetup.exe`)
		}
	case !strings.HasPrefix(program, "/"):
		return bad("it must be named in full, such as /usr/bin/quietsetup")
	case strings.ContainsFunc(program, unicode.IsSpace):
		return bad("opsiclientd splits its line at white space, whatever is quoted")
	}
	line := program + " " + Verb + " -opsiservice %service_url% -depotpath %depot_path% -clientid %global.host_id%"
	if system == "windows" {
		line = `"` + program + `" ` + Verb + " /opsiservice %service_url% /clientid %global.host_id%"
	}
	if _, ours := Ours(system, line); !ours {
		return bad("a program of ours is named quietsetup")
	}
	return line, nil
}

// Shipped is the line that opsi's agent brings with it on a system.
func Shipped(system string) string {
	if system == "windows" {
		return `"%action_processor.local_dir%\%action_processor.filename%" /opsiservice %service_url% /clientid %global.host_id% /username %global.host_id% /password ` + keyPlace
	}
	return "%action_processor.local_dir%/%action_processor.filename% -opsiservice %service_url% -depotpath %depot_path% -clientid %global.host_id% -username %global.host_id% -password " + keyPlace
}

// Ours reports whether a command, with everything resolved, starts the action processor
// of quietsetup on a system, and which program that is.
func Ours(system, command string) (program string, ours bool) {
	command = strings.TrimSpace(command)
	program, rest := command, ""
	if i := strings.IndexFunc(command, unicode.IsSpace); i >= 0 {
		program, rest = command[:i], command[i:]
	}
	if system == "windows" && strings.HasPrefix(command, `"`) {
		if program, rest, ours = strings.Cut(command[1:], `"`); !ours {
			return "", false
		}
	}
	name := program[strings.LastIndexByte(program, '/')+1:]
	if system == "windows" {
		name = strings.TrimSuffix(strings.ToLower(program[strings.LastIndexAny(program, `/\`)+1:]), ".exe")
	}
	words := strings.Fields(rest)
	if name != "quietsetup" || len(words) == 0 || words[0] != Verb {
		return "", false
	}
	return program, true
}
