// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
)

// call is a program and the one line of text that Windows hands it.
type call struct {
	program, line string
	msi           bool // it is for Windows Installer, which does one thing at a time
}

// invocation turns an argument vector into a line of text. There is no argument
// vector on Windows: each program cuts its line itself, most of them by the rules
// of Microsoft's C library ("Parsing C command-line arguments"), and some by rules
// of their own:
//
//   - Windows Installer wants NAME="a value", not "NAME=a value";
//   - NSIS takes all behind _?= to the end of the line as a folder, blanks and all,
//     and a quotation mark in it for a part of the name;
//   - a batch file is read by the command interpreter, which acts upon signs in
//     its arguments. Those are refused: an argument never meets a shell.
//
// report is where Windows Installer writes its log.
func invocation(path string, argv []string, report string) (call, error) {
	args := argv[1:]
	switch end := strings.ToLower(filepath.Ext(path)); {
	case end == endOfPackage:
		return packageCall(append([]string{"/i", path}, args...), report), nil
	case strings.EqualFold(filepath.Base(path), "msiexec.exe"):
		return packageCall(args, report), nil
	case end == ".bat" || end == ".cmd":
		return batchCall(path, args)
	}
	line := syscall.EscapeArg(path)
	for i, arg := range args {
		if i == len(args)-1 && strings.HasPrefix(arg, folderOfNSIS) {
			line += " " + arg
			continue
		}
		line += " " + syscall.EscapeArg(arg)
	}
	return call{program: path, line: line}, nil
}

// folderOfNSIS begins the argument that lets an uninstaller of NSIS work where it
// lies, and end when it is done, instead of in a copy that nobody waits for ("NSIS
// Users Manual", 3.2.2: last, and without quotation marks).
const folderOfNSIS = "_?="

// batchCall lets the command interpreter run a batch file. /s takes away the outer
// quotation marks and nothing else, /d keeps what a registry key says from being
// run first.
func batchCall(path string, args []string) (call, error) {
	line := ""
	for _, arg := range append([]string{path}, args...) {
		if i := strings.IndexAny(arg, "\"%!^&|<>\r\n"); i >= 0 {
			return call{}, fmt.Errorf("cannot hand %.200q to a batch file: %q means something to the command interpreter", arg, arg[i])
		}
		line += ` "` + arg + `"`
	}
	shell := filepath.Join(windowsDir(), "System32", "cmd.exe")
	return call{program: shell, line: syscall.EscapeArg(shell) + ` /d /s /c "` + line[1:] + `"`}, nil
}

// packageCall runs Windows Installer, unseen, without a restart of its own accord,
// and with a log ("Command-Line Options" of msiexec). What the packager has said
// about these stays.
func packageCall(args []string, report string) call {
	program := filepath.Join(windowsDir(), "System32", "msiexec.exe")
	if works(args) {
		if !option(args, "q", "quiet", "passive") {
			args = append(args, "/qn")
		}
		if !option(args, "norestart", "promptrestart", "forcerestart") && !property(args, "REBOOT") {
			args = append(args, "/norestart")
		}
		if !option(args, "l", "log") {
			args = append(args, "/l*v", report)
		}
	}
	line := syscall.EscapeArg(program)
	for _, arg := range args {
		line += " " + packageArgument(arg)
	}
	return call{program: program, line: line, msi: works(args)}
}

// packageArgument quotes the value of a property, and a quotation mark in it by
// another one.
func packageArgument(arg string) string {
	name, value, ok := strings.Cut(arg, "=")
	switch {
	case !ok || !variableName(strings.ReplaceAll(name, ".", "_")):
		return syscall.EscapeArg(arg)
	case !strings.ContainsAny(value, " \t\""), len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"':
		return arg // nothing to quote, or quoted by the packager
	}
	return name + `="` + strings.ReplaceAll(value, `"`, `""`) + `"`
}

// works reports whether the arguments change the machine: install, configure,
// remove, patch, repair or advertise a product.
func works(args []string) bool {
	for _, arg := range args {
		o, ok := optionName(arg)
		switch {
		case !ok:
		case o == "i", o == "x", o == "p", o == "a", o == "package", o == "uninstall", o == "update":
			return true
		case strings.HasPrefix(o, "f"), strings.HasPrefix(o, "j"):
			return true
		}
	}
	return false
}

// option reports whether one of the options is given. Those of one letter may have
// more letters behind them (/qn, /l*v); they must be no word of their own.
func option(args []string, names ...string) bool {
	for _, arg := range args {
		o, ok := optionName(arg)
		for _, name := range names {
			if !ok {
				continue
			}
			letters := len(name) == 1 && strings.HasPrefix(o, name) && strings.Trim(o[1:], "nbrf+-!*iweaucmopvx") == ""
			if o == name || letters {
				return true
			}
		}
	}
	return false
}

// optionName is what stands behind / or -, in small letters.
func optionName(arg string) (string, bool) {
	if len(arg) < 2 || arg[0] != '/' && arg[0] != '-' {
		return "", false
	}
	return strings.ToLower(arg[1:]), true
}

// property reports whether a property is given.
func property(args []string, name string) bool {
	for _, arg := range args {
		n, _, ok := strings.Cut(arg, "=")
		if ok && strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}
